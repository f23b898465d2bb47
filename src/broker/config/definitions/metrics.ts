/** Metrics, telemetry and quota windows. Names, defaults and limits: Kafka 4.3.1. */
import { className, definitions, int, list, long, string } from '../definition.ts'

export const metricsConfigs = definitions({
  'metrics.num.samples': int(2, 'Samples kept to compute a metric.', { min: 1, importance: 'LOW' }),
  'metrics.sample.window.ms': long(30000, "Length in milliseconds of a metric's sample.", {
    min: 1,
    importance: 'LOW',
  }),
  'metric.reporters': list(
    ['org.apache.kafka.common.metrics.JmxReporter'],
    'Classes that report metrics.',
    { importance: 'LOW', dynamic: 'cluster-wide' },
  ),
  'metrics.recording.level': string(
    'INFO',
    'The most detailed level of metrics that are recorded: INFO, DEBUG or TRACE.',
    { importance: 'LOW' },
  ),
  'kafka.metrics.reporters': list([], 'Classes that report the older kind of metrics.', {
    importance: 'LOW',
  }),
  'kafka.metrics.polling.interval.secs': int(
    10,
    'How often, in seconds, reporters of the older kind of metrics are polled.',
    { min: 1, importance: 'LOW' },
  ),
  'telemetry.max.bytes': int(
    1048576,
    'Most bytes of metrics that a client may push, after decompression.',
    { min: 1, importance: 'LOW' },
  ),
  'quota.window.num': int(11, 'Samples kept for client quotas.', { min: 1, importance: 'LOW' }),
  'quota.window.size.seconds': int(1, 'Length in seconds of a sample for client quotas.', {
    min: 1,
    importance: 'LOW',
  }),
  'replication.quota.window.num': int(11, 'Samples kept for replication quotas.', {
    min: 1,
    importance: 'LOW',
  }),
  'replication.quota.window.size.seconds': int(
    1,
    'Length in seconds of a sample for replication quotas.',
    { min: 1, importance: 'LOW' },
  ),
  'alter.log.dirs.replication.quota.window.num': int(
    11,
    'Samples kept for the quota of moves between log directories.',
    { min: 1, importance: 'LOW' },
  ),
  'alter.log.dirs.replication.quota.window.size.seconds': int(
    1,
    'Length in seconds of a sample for the quota of moves between log directories.',
    { min: 1, importance: 'LOW' },
  ),
  'controller.quota.window.num': int(11, 'Samples kept for controller mutation quotas.', {
    min: 1,
    importance: 'LOW',
  }),
  'controller.quota.window.size.seconds': int(
    1,
    'Length in seconds of a sample for controller mutation quotas.',
    { min: 1, importance: 'LOW' },
  ),
  'client.quota.callback.class': className(null, 'Class that decides which client quota holds.', {
    importance: 'LOW',
  }),
})
