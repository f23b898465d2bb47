/**
 * What Kafka asks of a running broker's new values beyond their types: KafkaConfig.validateValues and
 * those who take the values over (DynamicThreadPool, LogCleaner). Messages are Kafka's.
 */
import type { BrokerConfigName } from './broker-configs.ts'
import type { EffectiveConfig } from './effective-config.ts'

/** Pools that may grow or shrink by half at a time. */
const pools = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
  'remote.log.manager.copier.thread.pool.size',
  'remote.log.manager.expiration.thread.pool.size',
  'remote.log.reader.threads',
] as const

const bytesPerCleanerMin = 1024 * 1024

/** Why a broker does not take these values over, or undefined. They have the right types. */
export function dynamicFault(
  effective: EffectiveConfig,
  values: ReadonlyMap<string, string>,
): string | undefined {
  const before = (name: BrokerConfigName) => Number(effective.get(name))
  const after = (name: BrokerConfigName) =>
    values.has(name) ? Number(values.get(name)) : before(name)
  const atLeast = (name: string, least: number) =>
    values.has(name) && Number(values.get(name)) < least
  const wrong = (message: string) => `requirement failed: ${message}`
  if (atLeast('log.roll.ms', 1)) return wrong('log.roll.ms must be greater than or equal to 1')
  if (atLeast('log.roll.jitter.ms', 0))
    return wrong('log.roll.jitter.ms must be greater than or equal to 0')
  // Below it is as -1.
  if (values.has('log.retention.ms') && Number(values.get('log.retention.ms')) === 0)
    return wrong('log.retention.ms must be unlimited (-1) or, greater than or equal to 1')
  const cleaners = after('log.cleaner.threads')
  if (Math.floor(after('log.cleaner.dedupe.buffer.size') / cleaners) <= bytesPerCleanerMin)
    return wrong('log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.')
  if (values.has('max.connections.per.ip') && after('max.connections.per.ip') === 0)
    if (
      String(
        values.get('max.connections.per.ip.overrides') ??
          effective.get('max.connections.per.ip.overrides'),
      ) === ''
    )
      // Nobody could connect any more to take it back.
      return wrong(
        'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.',
      )
  for (const name of pools) {
    const message = poolFault(name, before(name), after(name))
    if (message) return notTaken(message)
  }
  const message = cleanerFault(before('log.cleaner.threads'), cleaners)
  return message && notTaken(message)
}

/** As Kafka words the failure of whoever would take a value over. */
const notTaken = (message: string) =>
  `Invalid value org.apache.kafka.common.config.ConfigException: ${message} for configuration Invalid dynamic configuration`

function poolFault(name: string, before: number, after: number): string | undefined {
  const failed = `Dynamic thread count update validation failed for ${name}=${after}, value should`
  if (after === before) return undefined
  if (after <= 0) return `${failed} be at least 1`
  if (after < Math.floor(before / 2))
    return `${failed} be at least half the current value ${before}`
  return after > before * 2
    ? `${failed} not be greater than double the current value ${before}`
    : undefined
}

function cleanerFault(before: number, after: number): string | undefined {
  if (after < 1) return 'Log cleaner threads should be at least 1'
  if (after < Math.floor(before / 2))
    return `Log cleaner threads cannot be reduced to less than half the current value ${before}`
  return after > before * 2
    ? `Log cleaner threads cannot be increased to more than double the current value ${before}`
    : undefined
}
