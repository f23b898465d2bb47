/** The levels of this broker's log as Kafka's tools see them (KIP-412): one logger, `root`. */
import { ErrorCode } from '../../protocol/errors.ts'
import type { Logger, LogLevel } from '../env/env.ts'
import type { DescribedConfig } from './config/described-config.ts'
import { configSources } from './config/effective-config.ts'

const root = 'root'
/** Kafka's names; two of them mean the same here as their neighbours. */
const levels: Readonly<Record<string, LogLevel>> = {
  DEBUG: 'debug',
  ERROR: 'error',
  FATAL: 'error',
  INFO: 'info',
  TRACE: 'debug',
  WARN: 'warn',
}

export function describeLoggers({ level }: Pick<Logger, 'level'>): DescribedConfig[] {
  if (level === undefined) return []
  return [
    {
      name: root,
      value: level === 'silent' ? 'OFF' : level.toUpperCase(),
      readOnly: false,
      configSource: configSources.brokerLogger,
      isSensitive: false,
      synonyms: [],
      configType: 0,
      documentation: '',
    },
  ]
}

interface LoggerChange {
  readonly name: string
  readonly value: string | null
  readonly configOperation?: number
}

/** Sets the levels unless `validateOnly`; why it may not be, or undefined. */
export function alterLoggers(
  logger: Pick<Logger, 'level'>,
  changes: readonly LoggerChange[],
  validateOnly: boolean,
): { errorCode: number; errorMessage: string } | undefined {
  for (const { name, value, configOperation = 0 } of changes) {
    if (configOperation === 1 && name === root)
      return {
        errorCode: ErrorCode.INVALID_REQUEST,
        errorMessage: 'Removing the log level of the root logger is not allowed',
      }
    if (configOperation > 1)
      return {
        errorCode: ErrorCode.INVALID_REQUEST,
        errorMessage: `${configOperation === 2 ? 'APPEND' : 'SUBTRACT'} operation is not allowed for the BROKER_LOGGER resource`,
      }
    if (name !== root || logger.level === undefined)
      return { errorCode: ErrorCode.INVALID_CONFIG, errorMessage: `Logger ${name} does not exist!` }
    if (!Object.hasOwn(levels, value ?? ''))
      return {
        errorCode: ErrorCode.INVALID_CONFIG,
        errorMessage: `Cannot set the log level of ${name} to ${value} as it is not a supported log level. Valid log levels are ${Object.keys(levels).join(', ')}`,
      }
  }
  const level = levels[changes.at(-1)?.value ?? '']
  if (level !== undefined && !validateOnly) logger.level = level
  return undefined
}
