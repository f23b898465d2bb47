/** Configurations of a single group. Names, defaults and limits: Kafka 4.3.1. */
import { shareOffsetReset } from '../checks.ts'
import { boolean, definitions, int, string } from '../definition.ts'

export const groupOverrideConfigs = definitions({
  'consumer.assignment.interval.ms': int(
    1000,
    'Least milliseconds between two assignments of the consumer group.',
    { min: 0 },
  ),
  'consumer.heartbeat.interval.ms': int(
    5000,
    'Milliseconds between two heartbeats of a member of the consumer group.',
    { min: 1 },
  ),
  'consumer.session.timeout.ms': int(
    45000,
    'A member of the consumer group without a heartbeat for this many milliseconds is removed.',
    { min: 1 },
  ),
  'share.assignment.interval.ms': int(
    1000,
    'Least milliseconds between two assignments of the share group.',
    { min: 0 },
  ),
  'share.auto.offset.reset': string(
    'latest',
    'Where a share group starts without an offset: latest, earliest or by_duration:DURATION.',
    { check: shareOffsetReset },
  ),
  'share.delivery.count.limit': int(5, 'How often a record is delivered before it is given up.', {
    min: 2,
  }),
  'share.heartbeat.interval.ms': int(
    5000,
    'Milliseconds between two heartbeats of a member of the share group.',
    { min: 1 },
  ),
  'share.isolation.level': string(
    'read_uncommitted',
    'Whether the share group reads records of open transactions: read_uncommitted or read_committed.',
    { oneOf: ['read_committed', 'read_uncommitted'] },
  ),
  'share.partition.max.record.locks': int(
    2000,
    'Most records of a share partition that may be acquired at a time.',
    { min: 100 },
  ),
  'share.record.lock.duration.ms': int(
    30000,
    'Milliseconds for which a member has an acquired record for itself.',
    { min: 1000 },
  ),
  'share.renew.acknowledge.enable': boolean(
    true,
    'Whether a member may renew its hold of an acquired record.',
  ),
  'share.session.timeout.ms': int(
    45000,
    'A member of the share group without a heartbeat for this many milliseconds is removed.',
    { min: 1 },
  ),
  'streams.assignment.interval.ms': int(
    1000,
    'Least milliseconds between two assignments of the streams group.',
    { min: 0 },
  ),
  'streams.heartbeat.interval.ms': int(
    5000,
    'Milliseconds between two heartbeats of a member of the streams group.',
    { min: 1 },
  ),
  'streams.initial.rebalance.delay.ms': int(
    3000,
    'Milliseconds for which the new streams group waits for more members before its first assignment.',
    { min: 0 },
  ),
  'streams.num.standby.replicas': int(0, 'Standby replicas of each task.', { min: 0 }),
  'streams.session.timeout.ms': int(
    45000,
    'A member of the streams group without a heartbeat for this many milliseconds is removed.',
    { min: 1 },
  ),
})
