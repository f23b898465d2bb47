/** Configurations of a topic. Names, defaults and limits: Kafka 4.3.1. */
import { gzipLevel, throttledReplicas } from '../checks.ts'
import { boolean, definitions, double, int, list, long, string } from '../definition.ts'
import { longMax } from '../value.ts'

export const topicConfigs = definitions({
  'cleanup.policy': list(
    ['delete'],
    'What happens to old segments: delete, compact, or both; empty keeps everything.',
    { oneOf: ['compact', 'delete'] },
  ),
  'compression.gzip.level': int(-1, "Level for gzip, 1 to 9, or -1 for the codec's default.", {
    check: gzipLevel,
  }),
  'compression.lz4.level': int(9, 'Level for lz4, 1 to 17.', { min: 1, max: 17 }),
  'compression.type': string(
    'producer',
    "Codec that the topic is stored in; producer keeps the producer's.",
    { oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'] },
  ),
  'compression.zstd.level': int(3, 'Level for zstd, -131072 to 22.', { min: -131072, max: 22 }),
  'delete.retention.ms': long(
    86400000,
    'Milliseconds for which tombstones of a compacted topic are kept.',
    { min: 0 },
  ),
  'file.delete.delay.ms': long(
    60000,
    'Milliseconds between the removal of a segment and the deletion of its files.',
    { min: 0 },
  ),
  'flush.messages': long(
    longMax,
    'Records written to a partition before they are forced to the disk.',
    { min: 1 },
  ),
  'flush.ms': long(
    longMax,
    'Longest time in milliseconds that a record stays in memory before it is forced to the disk.',
    { min: 0 },
  ),
  'follower.replication.throttled.replicas': list(
    [],
    'Replicas whose copying is throttled on the follower, as partition:broker pairs, or * for all.',
    { check: throttledReplicas },
  ),
  'index.interval.bytes': int(4096, 'Bytes of records between two entries of an offset index.', {
    min: 0,
  }),
  'internal.segment.bytes': int(null, 'Overrides the segment size in tests.', { internal: true }),
  'leader.replication.throttled.replicas': list(
    [],
    'Replicas whose copying is throttled on the leader, as partition:broker pairs, or * for all.',
    { check: throttledReplicas },
  ),
  'local.retention.bytes': long(
    -2,
    'Bytes of tiered segments that are kept locally; -2 for the value of retention.bytes.',
    { min: -2 },
  ),
  'local.retention.ms': long(
    -2,
    'Milliseconds for which tiered segments are kept locally; -2 for the value of retention.ms.',
    { min: -2 },
  ),
  'max.compaction.lag.ms': long(
    longMax,
    'Milliseconds for which a record stays uncompacted at most.',
    { min: 1 },
  ),
  'max.message.bytes': int(1048588, 'Largest batch of records in bytes, after compression.', {
    min: 0,
  }),
  'message.timestamp.after.max.ms': long(
    3600000,
    "How far in milliseconds the time of a record may lie after the broker's clock.",
    { min: 0 },
  ),
  'message.timestamp.before.max.ms': long(
    longMax,
    "How far in milliseconds the time of a record may lie before the broker's clock.",
    { min: 0 },
  ),
  'message.timestamp.type': string(
    'CreateTime',
    'Whether the time of a record is when it was made (CreateTime) or when it was appended (LogAppendTime).',
    { oneOf: ['CreateTime', 'LogAppendTime'] },
  ),
  'min.cleanable.dirty.ratio': double(
    0.5,
    'Share of a log that must be uncompacted before it is compacted.',
    { min: 0, max: 1 },
  ),
  'min.compaction.lag.ms': long(0, 'Milliseconds for which a record stays uncompacted at least.', {
    min: 0,
  }),
  'min.insync.replicas': int(
    1,
    'Replicas that must have a record before acks=all is acknowledged; with fewer in sync such writes are refused.',
    { min: 1 },
  ),
  preallocate: boolean(false, 'Whether the file of a new segment is allocated at its full size.'),
  'remote.log.copy.disable': boolean(
    false,
    'Whether a tiered topic stops copying segments to remote storage.',
  ),
  'remote.log.delete.on.disable': boolean(
    false,
    'Whether remote segments are deleted when tiering is switched off for the topic.',
  ),
  'remote.storage.enable': boolean(false, 'Whether the topic is tiered.'),
  'retention.bytes': long(
    -1,
    'Size of a partition in bytes beyond which its oldest segments are deleted; -1 for no limit.',
  ),
  'retention.ms': long(604800000, 'Milliseconds for which records are kept; -1 for ever.', {
    min: -1,
  }),
  'segment.bytes': int(1073741824, 'Largest segment file in bytes.', { min: 1048576 }),
  'segment.index.bytes': int(10485760, 'Largest offset index in bytes.', { min: 4 }),
  'segment.jitter.ms': long(
    0,
    'Random part in milliseconds that is taken off segment.ms, so that not all segments close at once.',
    { min: 0 },
  ),
  'segment.ms': long(
    604800000,
    'A segment is closed after this many milliseconds, even if it is not full.',
    { min: 1 },
  ),
  'unclean.leader.election.enable': boolean(
    false,
    'Whether a replica that is not in sync may become leader as the last resort, at the price of lost records.',
  ),
})
