/** The rules of single configurations that are no range and no choice, in Kafka's words. */
import type { ConfigValue } from './value.ts'

export function gzipLevel(_name: string, value: ConfigValue): string | undefined {
  const level = Number(value)
  return level === -1 || (level >= 1 && level <= 9)
    ? undefined
    : 'Value must be between 1 and 9 or equal to -1'
}

export function notEmptyText(_name: string, value: ConfigValue): string | undefined {
  return value === '' ? 'String must be non-empty' : undefined
}

export function throttledReplicas(name: string, value: ConfigValue): string | undefined {
  const replicas = value as readonly string[]
  const fine =
    (replicas.length === 1 && replicas[0] === '*') ||
    replicas.every((replica) => /^\d+:\d+$/.test(replica))
  return fine
    ? undefined
    : `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`
}

/** ISO 8601 as Java's Duration.parse takes it, not negative. */
const duration = /^PT?(?=\w)(\d+D)?(T?(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i

export function shareOffsetReset(name: string, value: ConfigValue): string | undefined {
  const text = String(value).toLowerCase()
  if (text === 'earliest' || text === 'latest') return undefined
  if (text.startsWith('by_duration:') && duration.test(text.slice(12))) return undefined
  return `Invalid value \`${value}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`
}
