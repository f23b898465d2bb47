/** How arguments of commands are read; what is wrong with one is said in a sentence. */
import { InvalidArgumentError } from 'commander'
import { Failure } from './failure.ts'

export const integer =
  (least: number, most = 2 ** 31 - 1) =>
  (text: string): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`)
    return value
  }

export function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Failure(`"${text}" is not a number of seconds`, 2)
  return value
}

/** `orders-0`: the number is behind the last dash. */
export function topicPartition(text: string): { topic: string; partition: number } {
  const match = /^(.+)-(\d+)$/.exec(text)
  if (!match) throw new InvalidArgumentError(`"${text}" is not topic-partition, as orders-0.`)
  return { topic: match[1]!, partition: Number(match[2]) }
}

/** `1,2,3`. */
export function brokerList(text: string): number[] {
  const ids = text.split(',').map(Number)
  if (ids.some((id) => !Number.isInteger(id) || id < 0) || new Set(ids).size < ids.length)
    throw new InvalidArgumentError(`Broker ids are expected, each once: 1,2,3.`)
  return ids
}

/** Repeatable `name=value`, several with commas as Kafka's tools take them; `[a,b]` keeps its commas. */
export function pairs(text: string, before?: ReadonlyMap<string, string>): Map<string, string> {
  const all = new Map(before)
  for (const item of splitOutsideBrackets(text)) {
    const at = item.indexOf('=')
    if (at < 1) throw new InvalidArgumentError(`"${item}" is not name=value.`)
    const value = item.slice(at + 1)
    all.set(item.slice(0, at).trim(), /^\[.*\]$/.test(value) ? value.slice(1, -1) : value)
  }
  return all
}

/** A comma divides only when a new `name=` follows it. */
function splitOutsideBrackets(text: string): string[] {
  return text.split(/,(?=[A-Za-z][\w.-]*=)(?![^[]*\])/)
}

export const collect = (text: string, before: readonly string[] = []): string[] => [...before, text]

/** `1:2,2:3`: brokers of partition 0, then of partition 1. */
export function replicaAssignment(text: string): number[][] {
  const assignment = text.split(',').map((partition) => partition.split(':').map(Number))
  if (assignment.flat().some((id) => !Number.isInteger(id) || id < 0))
    throw new InvalidArgumentError('Broker ids are expected: 1:2,2:3 for two partitions.')
  return assignment
}

/** `0,2-5`. */
export function partitionList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim())
    if (!match) throw new InvalidArgumentError(`"${part}" is not a partition, or a range as 2-5.`)
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
  })
}
