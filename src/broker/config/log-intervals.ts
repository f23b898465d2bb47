/** How often a broker looks after its logs. None of it changes while it runs, as in Kafka. */
import type { MaintenanceIntervals } from '../../log/maintenance.ts'
import type { BrokerConfig } from './broker-config.ts'

/**
 * Kafka never looks for logs to flush unless `log.flush.scheduler.interval.ms` is set, and then `flush.ms` of a
 * topic has no effect. Here it has.
 */
const flushMsDefault = 1000

export function logIntervals(config: BrokerConfig): MaintenanceIntervals {
  const flushMs = config.get('log.flush.scheduler.interval.ms')
  return {
    retentionMs: config.get('log.retention.check.interval.ms'),
    highWatermarkMs: config.get('replica.high.watermark.checkpoint.interval.ms'),
    recoveryPointMs: config.get('log.flush.offset.checkpoint.interval.ms'),
    logStartMs: config.get('log.flush.start.offset.checkpoint.interval.ms'),
    flushMs: flushMs < 2 ** 53 ? flushMs : flushMsDefault,
    producersMs: config.get('producer.id.expiration.check.interval.ms'),
    initialMs: config.get('log.initial.task.delay.ms'),
  }
}
