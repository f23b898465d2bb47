/** Replication and leadership. Names, defaults and limits: Kafka 4.3.1. */
import { boolean, definitions, int, long, string } from '../definition.ts'
import { longMax } from '../value.ts'

export const replicationConfigs = definitions({
  'default.replication.factor': int(
    1,
    'Replicas of a topic that is created without saying how many.',
  ),
  'min.insync.replicas': int(
    1,
    'Replicas that must have a record before acks=all is acknowledged; with fewer in sync such writes are refused.',
    { min: 1, importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'replica.lag.time.max.ms': long(
    30000,
    'A follower that has not caught up for this many milliseconds leaves the in-sync replicas.',
    { importance: 'HIGH' },
  ),
  'replica.socket.timeout.ms': int(
    30000,
    'Socket timeout in milliseconds of replication; at least replica.fetch.wait.max.ms.',
    { importance: 'HIGH' },
  ),
  'replica.socket.receive.buffer.bytes': int(
    65536,
    "Receive buffer in bytes of replication's connections.",
    { importance: 'HIGH' },
  ),
  'replica.fetch.max.bytes': int(
    1048576,
    'Bytes that a follower fetches at once of one partition; a larger batch is still returned.',
    { min: 0 },
  ),
  'replica.fetch.wait.max.ms': int(
    500,
    "How long a follower's fetch waits for data, in milliseconds; less than replica.lag.time.max.ms.",
    { importance: 'HIGH' },
  ),
  'replica.fetch.backoff.ms': int(
    1000,
    'Wait in milliseconds after a failed fetch of a partition.',
    { min: 0 },
  ),
  'replica.fetch.min.bytes': int(
    1,
    "Bytes that a follower's fetch waits for, up to replica.fetch.wait.max.ms.",
    { importance: 'HIGH' },
  ),
  'replica.fetch.response.max.bytes': int(
    10485760,
    'Most bytes in the answer to one follower fetch.',
    { min: 0 },
  ),
  'num.replica.fetchers': int(1, 'Fetchers that a follower uses for each broker it copies from.', {
    min: 1,
    importance: 'HIGH',
    dynamic: 'cluster-wide',
  }),
  'replica.high.watermark.checkpoint.interval.ms': long(
    5000,
    'How often high watermarks are written down, in milliseconds.',
    { importance: 'HIGH' },
  ),
  'auto.leader.rebalance.enable': boolean(
    true,
    'Whether leadership returns to the preferred replicas by itself.',
    { importance: 'HIGH' },
  ),
  'leader.imbalance.check.interval.seconds': long(
    300,
    'How often the balance of leaders is looked at, in seconds.',
    { min: 1, importance: 'HIGH' },
  ),
  'unclean.leader.election.interval.ms': long(
    300000,
    'How often leaderless partitions are looked at for an unclean election, in milliseconds.',
    { min: 1, internal: true },
  ),
  'unclean.leader.election.enable': boolean(
    false,
    'Whether a replica that is not in sync may become leader as the last resort, at the price of lost records.',
    { importance: 'HIGH', dynamic: 'cluster-wide' },
  ),
  'replica.selector.class': string(
    null,
    'Class that chooses the replica a consumer reads from; the leader when not set.',
  ),
  'follower.fetch.last.tiered.offset.enable': boolean(
    false,
    'Whether a new follower of a tiered topic starts at the last tiered offset.',
    { dynamic: 'cluster-wide' },
  ),
  'leader.replication.throttled.rate': long(
    longMax,
    'Bytes per second that a leader sends for throttled replicas.',
    { min: 0, internal: true, dynamic: 'cluster-wide' },
  ),
  'follower.replication.throttled.rate': long(
    longMax,
    'Bytes per second that a follower fetches for throttled replicas.',
    { min: 0, internal: true, dynamic: 'cluster-wide' },
  ),
  'replica.alter.log.dirs.io.max.bytes.per.second': long(
    longMax,
    'Bytes per second used to move replicas between log directories.',
    { min: 0, internal: true, dynamic: 'cluster-wide' },
  ),
})
