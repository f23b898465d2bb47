/** Share groups. Names, defaults and limits: Kafka 4.3.1. */
import { definitions, int, list, short, string } from '../definition.ts'

export const shareGroupConfigs = definitions({
  'group.share.session.timeout.ms': int(
    45000,
    'A share group member without a heartbeat for this many milliseconds is removed.',
    { min: 1 },
  ),
  'group.share.min.session.timeout.ms': int(
    45000,
    "Lower bound in milliseconds of a share group's session timeout.",
    { min: 1 },
  ),
  'group.share.max.session.timeout.ms': int(
    60000,
    "Upper bound in milliseconds of a share group's session timeout.",
    { min: 1 },
  ),
  'group.share.heartbeat.interval.ms': int(
    5000,
    'Milliseconds between two heartbeats of a share group member.',
    { min: 1 },
  ),
  'group.share.min.heartbeat.interval.ms': int(
    5000,
    "Lower bound in milliseconds of a share group's heartbeat interval.",
    { min: 1 },
  ),
  'group.share.max.heartbeat.interval.ms': int(
    15000,
    "Upper bound in milliseconds of a share group's heartbeat interval.",
    { min: 1 },
  ),
  'group.share.max.size': int(200, 'Most members of a share group.', { min: 1, max: 1000 }),
  'group.share.assignors': list(['simple'], 'Assignors of share groups.', { notEmpty: true }),
  'group.share.assignment.interval.ms': int(
    1000,
    'Least milliseconds between two assignments of a share group.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'group.share.min.assignment.interval.ms': int(
    0,
    "Lower bound in milliseconds of a share group's assignment interval.",
    { min: 0 },
  ),
  'group.share.max.assignment.interval.ms': int(
    15000,
    "Upper bound in milliseconds of a share group's assignment interval.",
    { min: 0 },
  ),
  'group.share.initialize.retry.interval.ms': int(
    30000,
    'Milliseconds before the initialisation of share partitions is tried again.',
    { min: 1, importance: 'LOW', internal: true },
  ),
  'group.share.delivery.count.limit': int(
    5,
    'How often a record is delivered to a share group before it is given up.',
    { min: 2, max: 10 },
  ),
  'group.share.max.delivery.count.limit': int(
    10,
    "Upper bound of a share group's delivery count limit.",
    { min: 5, max: 25 },
  ),
  'group.share.min.delivery.count.limit': int(
    2,
    "Lower bound of a share group's delivery count limit.",
    { min: 2, max: 5 },
  ),
  'group.share.record.lock.duration.ms': int(
    30000,
    'Milliseconds for which a share group member has an acquired record for itself.',
    { min: 1000, max: 3600000 },
  ),
  'group.share.min.record.lock.duration.ms': int(
    15000,
    "Lower bound in milliseconds of a share group's lock duration.",
    { min: 1000, max: 30000 },
  ),
  'group.share.max.record.lock.duration.ms': int(
    60000,
    "Upper bound in milliseconds of a share group's lock duration.",
    { min: 30000, max: 3600000 },
  ),
  'group.share.partition.max.record.locks': int(
    2000,
    'Most records of a share partition that may be acquired at a time.',
    { min: 100, max: 10000 },
  ),
  'group.share.max.partition.max.record.locks': int(
    4000,
    "Upper bound of a share group's records acquired at a time.",
    { min: 2000, max: 10000 },
  ),
  'group.share.min.partition.max.record.locks': int(
    100,
    "Lower bound of a share group's records acquired at a time.",
    { min: 100, max: 2000 },
  ),
  'group.share.max.share.sessions': int(2000, 'Most share sessions of a broker.', { min: 1 }),
  'group.share.persister.class.name': string(
    'org.apache.kafka.server.share.persister.DefaultStatePersister',
    'Class that keeps the state of share groups.',
    { internal: true },
  ),
  'share.fetch.purgatory.purge.interval.requests': int(
    1000,
    'After how many completed requests Kafka purges its waiting share fetches.',
  ),
  'share.coordinator.state.topic.num.partitions': int(
    50,
    'Partitions of the share state topic; not to be changed once it exists.',
    { min: 1, importance: 'HIGH' },
  ),
  'share.coordinator.state.topic.replication.factor': short(
    3,
    'Replicas of the share state topic.',
    { min: 1, importance: 'HIGH' },
  ),
  'share.coordinator.state.topic.min.isr': short(
    2,
    'Replicas of the share state topic that must have a record before it counts.',
    { min: 1, importance: 'HIGH' },
  ),
  'share.coordinator.state.topic.segment.bytes': int(
    104857600,
    'Segment size in bytes of the share state topic.',
    { min: 1, importance: 'HIGH' },
  ),
  'share.coordinator.state.topic.compression.codec': int(
    0,
    'Codec of the share state topic, as its number.',
    { importance: 'HIGH' },
  ),
  'share.coordinator.state.topic.prune.interval.ms': int(
    300000,
    'How often old records of the share state topic are deleted, in milliseconds.',
    { min: 1, importance: 'LOW', internal: true },
  ),
  'share.coordinator.threads': int(1, 'Threads of the share coordinator.', { min: 1 }),
  'share.coordinator.snapshot.update.records.per.snapshot': int(
    500,
    "Updates that are written between two snapshots of a share partition's state.",
    { min: 0, max: 500 },
  ),
  'share.coordinator.load.buffer.size': int(
    5242880,
    'Bytes read at once when the share state topic is loaded.',
    { min: 1, importance: 'HIGH' },
  ),
  'share.coordinator.append.linger.ms': int(
    -1,
    'Milliseconds for which the share coordinator gathers writes; -1 adapts to the load.',
    { min: -1 },
  ),
  'share.coordinator.write.timeout.ms': int(
    5000,
    'How long a write of share state waits for the replicas, in milliseconds.',
    { min: 1, importance: 'HIGH' },
  ),
  'share.coordinator.cold.partition.snapshot.interval.ms': int(
    300000,
    'How often the state of an idle share partition is written anew, in milliseconds.',
    { min: 1, importance: 'LOW', internal: true },
  ),
  'share.coordinator.cached.buffer.max.bytes': int(
    1048588,
    'Largest append buffer in bytes that the share coordinator keeps.',
    { min: 524288, dynamic: 'cluster-wide' },
  ),
})
