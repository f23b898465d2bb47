/** Classic groups, consumer groups and offsets. Names, defaults and limits: Kafka 4.3.1. */
import { definitions, int, list, long, short, string } from '../definition.ts'
import { intMax } from '../value.ts'

export const groupConfigs = definitions({
  'group.coordinator.rebalance.protocols': list(
    ['classic', 'consumer', 'streams'],
    'Group protocols that are enabled.',
    { oneOf: ['consumer', 'classic', 'share', 'streams'], notEmpty: true },
  ),
  'group.coordinator.threads': int(4, 'Threads of the group coordinator.', {
    min: 1,
    importance: 'HIGH',
  }),
  'group.coordinator.background.threads': int(
    2,
    "Threads for the group coordinator's longer work.",
    { min: 1, importance: 'HIGH' },
  ),
  'group.coordinator.append.linger.ms': int(
    -1,
    'Milliseconds for which the group coordinator gathers writes; -1 adapts to the load.',
    { min: -1 },
  ),
  'group.coordinator.cached.buffer.max.bytes': int(
    1048588,
    'Largest append buffer in bytes that the group coordinator keeps.',
    { min: 524288, dynamic: 'cluster-wide' },
  ),
  'offsets.commit.timeout.ms': int(
    5000,
    'How long an offset commit waits for the replicas, in milliseconds.',
    { min: 1, importance: 'HIGH' },
  ),
  'offsets.load.buffer.size': int(5242880, 'Bytes read at once when the offsets topic is loaded.', {
    min: 1,
    importance: 'HIGH',
  }),
  'offsets.topic.replication.factor': short(3, 'Replicas of the offsets topic.', {
    min: 1,
    importance: 'HIGH',
  }),
  'offsets.topic.num.partitions': int(
    50,
    'Partitions of the offsets topic; not to be changed once it exists.',
    { min: 1, importance: 'HIGH' },
  ),
  'offsets.topic.segment.bytes': int(104857600, 'Segment size in bytes of the offsets topic.', {
    min: 1,
    importance: 'HIGH',
  }),
  'offsets.topic.compression.codec': int(0, 'Codec of the offsets topic, as its number.', {
    importance: 'HIGH',
  }),
  'offset.metadata.max.bytes': int(4096, 'Most bytes of metadata that a commit may carry.', {
    importance: 'HIGH',
  }),
  'offsets.retention.minutes': int(
    10080,
    'Minutes for which the offsets of an empty group are kept.',
    { min: 1, importance: 'HIGH' },
  ),
  'offsets.retention.check.interval.ms': long(
    600000,
    'How often to look for expired offsets, in milliseconds.',
    { min: 1, importance: 'HIGH' },
  ),
  'group.min.session.timeout.ms': int(
    6000,
    'Shortest session timeout in milliseconds that a classic member may ask for.',
  ),
  'group.max.session.timeout.ms': int(
    1800000,
    'Longest session timeout in milliseconds that a classic member may ask for.',
  ),
  'group.initial.rebalance.delay.ms': int(
    3000,
    'Milliseconds for which a new classic group waits for more members before its first rebalance.',
  ),
  'group.max.size': int(intMax, 'Most members of a classic group.', { min: 1 }),
  'group.consumer.session.timeout.ms': int(
    45000,
    'A consumer group member without a heartbeat for this many milliseconds is removed.',
    { min: 1 },
  ),
  'group.consumer.min.session.timeout.ms': int(
    45000,
    "Lower bound in milliseconds of a consumer group's session timeout.",
    { min: 1 },
  ),
  'group.consumer.max.session.timeout.ms': int(
    60000,
    "Upper bound in milliseconds of a consumer group's session timeout.",
    { min: 1 },
  ),
  'group.consumer.heartbeat.interval.ms': int(
    5000,
    'Milliseconds between two heartbeats of a consumer group member.',
    { min: 1 },
  ),
  'group.consumer.min.heartbeat.interval.ms': int(
    5000,
    "Lower bound in milliseconds of a consumer group's heartbeat interval.",
    { min: 1 },
  ),
  'group.consumer.max.heartbeat.interval.ms': int(
    15000,
    "Upper bound in milliseconds of a consumer group's heartbeat interval.",
    { min: 1 },
  ),
  'group.consumer.max.size': int(intMax, 'Most members of a consumer group.', { min: 1 }),
  'group.consumer.assignors': list(
    ['uniform', 'range'],
    'Assignors of consumer groups; the first is the default.',
    { notEmpty: true },
  ),
  'group.consumer.migration.policy': string(
    'bidirectional',
    'Whether groups may change between the classic and the consumer protocol, and in which direction.',
    { oneOfAnyCase: ['DISABLED', 'DOWNGRADE', 'UPGRADE', 'BIDIRECTIONAL'] },
  ),
  'group.consumer.assignment.interval.ms': int(
    1000,
    'Least milliseconds between two assignments of a consumer group.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'group.consumer.min.assignment.interval.ms': int(
    0,
    "Lower bound in milliseconds of a consumer group's assignment interval.",
    { min: 0 },
  ),
  'group.consumer.max.assignment.interval.ms': int(
    15000,
    "Upper bound in milliseconds of a consumer group's assignment interval.",
    { min: 0 },
  ),
  'group.consumer.regex.refresh.interval.ms': int(
    600000,
    'How often subscriptions by regular expression are resolved again, in milliseconds.',
    { min: 10000, internal: true },
  ),
})
