/** Logs on disk, and the topics in them. Names, defaults and limits: Kafka 4.3.1. */
import { gzipLevel } from '../checks.ts'
import { boolean, definitions, int, list, long, string } from '../definition.ts'
import { longMax } from '../value.ts'

export const logConfigs = definitions({
  'log.dir': list(['/tmp/kafka-logs'], 'Directory for the data, used when log.dirs is not set.', {
    notEmpty: true,
    importance: 'HIGH',
  }),
  'log.dirs': list(
    null,
    'Directories for the data, separated by commas; log.dir is used when not set.',
    { notEmpty: true, importance: 'HIGH' },
  ),
  'cordoned.log.dirs': list([], 'Log directories that take no new partitions.', {
    dynamic: 'per-broker',
  }),
  'num.partitions': int(1, 'Partitions of a topic that is created without saying how many.', {
    min: 1,
  }),
  'log.segment.bytes': int(1073741824, 'Largest segment file in bytes.', {
    min: 1048576,
    importance: 'HIGH',
    dynamic: 'cluster-wide',
  }),
  'log.roll.ms': long(
    null,
    'A segment is closed after this many milliseconds, even if it is not full; log.roll.hours when not set.',
    { importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'log.roll.hours': int(168, 'A segment is closed after this many hours, even if it is not full.', {
    min: 1,
    importance: 'HIGH',
  }),
  'log.roll.jitter.ms': long(
    null,
    'Random part in milliseconds that is taken off log.roll.ms; log.roll.jitter.hours when not set.',
    { importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'log.roll.jitter.hours': int(
    0,
    'Random part in hours that is taken off the time after which a segment is closed.',
    { min: 0, importance: 'HIGH' },
  ),
  'log.retention.ms': long(
    null,
    'Milliseconds for which records are kept, -1 for ever; log.retention.minutes when not set.',
    { importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'log.retention.minutes': int(
    null,
    'Minutes for which records are kept; log.retention.hours when not set.',
    { importance: 'HIGH' },
  ),
  'log.retention.hours': int(168, 'Hours for which records are kept.', { importance: 'HIGH' }),
  'log.retention.bytes': long(
    -1,
    'Size of a partition in bytes beyond which its oldest segments are deleted; -1 for no limit.',
    { importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'log.retention.check.interval.ms': long(
    300000,
    'How often to look for segments to delete, in milliseconds.',
    { min: 1 },
  ),
  'log.cleanup.policy': list(
    ['delete'],
    'What happens to old segments: delete, compact, or both.',
    { oneOf: ['compact', 'delete'], dynamic: 'cluster-wide' },
  ),
  'log.index.size.max.bytes': int(10485760, 'Largest offset index in bytes.', {
    min: 4,
    dynamic: 'cluster-wide',
  }),
  'log.index.interval.bytes': int(
    4096,
    'Bytes of records between two entries of an offset index.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.flush.interval.messages': long(
    longMax,
    'Records written to a partition before they are forced to the disk.',
    { min: 1, importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'log.flush.interval.ms': long(
    null,
    'Longest time in milliseconds that a record stays in memory before it is forced to the disk; log.flush.scheduler.interval.ms when not set.',
    { importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'log.flush.scheduler.interval.ms': long(
    longMax,
    'How often to look for logs that must be forced to the disk, in milliseconds.',
    { importance: 'HIGH' },
  ),
  'log.flush.offset.checkpoint.interval.ms': int(
    60000,
    'How often the recovery points are written down, in milliseconds.',
    { min: 0, importance: 'HIGH' },
  ),
  'log.flush.start.offset.checkpoint.interval.ms': int(
    60000,
    'How often the log start offsets are written down, in milliseconds.',
    { min: 0, importance: 'HIGH' },
  ),
  'log.segment.delete.delay.ms': long(
    60000,
    'Milliseconds between the removal of a segment and the deletion of its files.',
    { min: 0, importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'log.preallocate': boolean(
    false,
    'Whether the file of a new segment is allocated at its full size.',
    { dynamic: 'cluster-wide' },
  ),
  'log.message.timestamp.type': string(
    'CreateTime',
    'Whether the time of a record is when it was made (CreateTime) or when it was appended (LogAppendTime).',
    { oneOf: ['CreateTime', 'LogAppendTime'], dynamic: 'cluster-wide' },
  ),
  'log.message.timestamp.before.max.ms': long(
    longMax,
    "How far in milliseconds the time of a record may lie before the broker's clock.",
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.message.timestamp.after.max.ms': long(
    3600000,
    "How far in milliseconds the time of a record may lie after the broker's clock.",
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.dir.failure.timeout.ms': long(
    30000,
    'A broker that cannot report a failed log directory within this many milliseconds ends.',
    { min: 1, importance: 'LOW' },
  ),
  'log.initial.task.delay.ms': long(
    30000,
    'Milliseconds from the start to the first background task on the logs.',
    { min: 0, importance: 'LOW', internal: true },
  ),
  'log.local.retention.ms': long(
    -2,
    'Milliseconds for which tiered segments are kept locally; -2 for the value of log.retention.ms.',
    { min: -2, dynamic: 'cluster-wide' },
  ),
  'log.local.retention.bytes': long(
    -2,
    'Bytes of tiered segments that are kept locally; -2 for the value of log.retention.bytes.',
    { min: -2, dynamic: 'cluster-wide' },
  ),
  'num.recovery.threads.per.data.dir': int(
    2,
    'Threads per directory for recovery at start and flush at stop.',
    { min: 1, importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'num.replica.alter.log.dirs.threads': int(
    null,
    'Threads that Kafka uses to move replicas between log directories.',
    { importance: 'HIGH' },
  ),
  'auto.create.topics.enable': boolean(
    true,
    'Whether a topic is created when a client first asks for it.',
    { importance: 'HIGH' },
  ),
  'delete.topic.enable': boolean(true, 'Whether topics can be deleted.', { importance: 'HIGH' }),
  'message.max.bytes': int(1048588, 'Largest batch of records in bytes, after compression.', {
    min: 0,
    importance: 'HIGH',
    dynamic: 'cluster-wide',
  }),
  'compression.type': string(
    'producer',
    "Codec that topics are stored in; producer keeps the producer's.",
    {
      oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
      importance: 'HIGH',
      dynamic: 'cluster-wide',
    },
  ),
  'compression.gzip.level': int(-1, "Level for gzip, 1 to 9, or -1 for the codec's default.", {
    check: gzipLevel,
    dynamic: 'cluster-wide',
  }),
  'compression.lz4.level': int(9, 'Level for lz4, 1 to 17.', {
    min: 1,
    max: 17,
    dynamic: 'cluster-wide',
  }),
  'compression.zstd.level': int(3, 'Level for zstd, -131072 to 22.', {
    min: -131072,
    max: 22,
    dynamic: 'cluster-wide',
  }),
})
