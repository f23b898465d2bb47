/** Tiered storage. Names, defaults and limits: Kafka 4.3.1. */
import { notEmptyText } from '../checks.ts'
import { boolean, definitions, double, int, long, string } from '../definition.ts'
import { longMax } from '../value.ts'

export const tieredConfigs = definitions({
  'remote.log.storage.system.enable': boolean(false, 'Whether tiered storage is on.'),
  'remote.log.storage.manager.impl.prefix': string(
    'rsm.config.',
    'Prefix of the keys that are handed to the remote storage manager.',
    { check: notEmptyText },
  ),
  'remote.log.metadata.manager.impl.prefix': string(
    'rlmm.config.',
    'Prefix of the keys that are handed to the remote metadata manager.',
    { check: notEmptyText },
  ),
  'remote.log.storage.manager.class.name': string(null, 'Class that stores segments remotely.', {
    check: notEmptyText,
  }),
  'remote.log.storage.manager.class.path': string(
    null,
    'Class path of the remote storage manager.',
  ),
  'remote.log.metadata.manager.class.name': string(
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    'Class that keeps the metadata of remote segments.',
    { check: notEmptyText },
  ),
  'remote.log.metadata.manager.class.path': string(
    null,
    'Class path of the remote metadata manager.',
  ),
  'remote.log.metadata.manager.listener.name': string(
    null,
    'Listener that the remote metadata manager connects to.',
    { check: notEmptyText },
  ),
  'remote.log.metadata.custom.metadata.max.bytes': int(
    128,
    'Most bytes of custom metadata for one remote segment.',
    { min: 0, importance: 'LOW' },
  ),
  'remote.log.index.file.cache.total.size.bytes': long(
    1073741824,
    'Bytes of remote index files that are kept locally.',
    { min: 1, importance: 'LOW', dynamic: 'cluster-wide' },
  ),
  'remote.log.index.file.cache.ttl.ms': long(
    900000,
    'Milliseconds after which an unused remote index file may be dropped; -1 for never.',
    { min: -1, importance: 'LOW', internal: true },
  ),
  'remote.log.manager.thread.pool.size': int(
    2,
    'Threads that read the metadata of remote segments.',
    { min: 1 },
  ),
  'remote.log.manager.copier.thread.pool.size': int(
    10,
    'Threads that copy segments to remote storage.',
    { min: 1, dynamic: 'cluster-wide' },
  ),
  'remote.log.manager.expiration.thread.pool.size': int(
    10,
    'Threads that remove expired remote segments.',
    { min: 1, dynamic: 'cluster-wide' },
  ),
  'remote.log.manager.follower.thread.pool.size': int(
    2,
    "Threads that do the followers' tiering work.",
    { min: 1, dynamic: 'cluster-wide' },
  ),
  'remote.log.manager.task.interval.ms': long(
    30000,
    'How often tiering work is done, in milliseconds.',
    { min: 1, importance: 'LOW' },
  ),
  'remote.log.manager.task.retry.backoff.ms': long(
    500,
    'First wait in milliseconds before failed tiering work is tried again.',
    { min: 1, importance: 'LOW', internal: true },
  ),
  'remote.log.manager.task.retry.backoff.max.ms': long(
    30000,
    'Longest wait in milliseconds before failed tiering work is tried again.',
    { min: 1, importance: 'LOW', internal: true },
  ),
  'remote.log.manager.task.retry.jitter': double(
    0.2,
    'Random share of the wait before failed tiering work is tried again.',
    { min: 0, max: 0.5, importance: 'LOW', internal: true },
  ),
  'remote.log.reader.threads': int(10, 'Threads that read remote segments.', {
    min: 1,
    dynamic: 'cluster-wide',
  }),
  'remote.log.reader.max.pending.tasks': int(100, 'Reads of remote segments that may wait.', {
    min: 1,
  }),
  'remote.log.manager.copy.max.bytes.per.second': long(
    longMax,
    'Bytes per second copied to remote storage.',
    { min: 1, dynamic: 'cluster-wide' },
  ),
  'remote.log.manager.copy.quota.window.num': int(
    11,
    'Samples kept for the quota of remote copies.',
    { min: 1 },
  ),
  'remote.log.manager.copy.quota.window.size.seconds': int(
    1,
    'Length in seconds of a sample for the quota of remote copies.',
    { min: 1 },
  ),
  'remote.log.manager.fetch.max.bytes.per.second': long(
    longMax,
    'Bytes per second fetched from remote storage.',
    { min: 1, dynamic: 'cluster-wide' },
  ),
  'remote.log.manager.fetch.quota.window.num': int(
    11,
    'Samples kept for the quota of remote fetches.',
    { min: 1 },
  ),
  'remote.log.manager.fetch.quota.window.size.seconds': int(
    1,
    'Length in seconds of a sample for the quota of remote fetches.',
    { min: 1 },
  ),
  'remote.fetch.max.wait.ms': int(
    500,
    'How long a Fetch waits for remote storage, in milliseconds.',
    { min: 1, dynamic: 'cluster-wide' },
  ),
  'remote.list.offsets.request.timeout.ms': long(
    30000,
    'How long a ListOffsets waits for remote storage, in milliseconds.',
    { min: 1, dynamic: 'cluster-wide' },
  ),
})
