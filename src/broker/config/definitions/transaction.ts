/** Transactions and producer ids. Names, defaults and limits: Kafka 4.3.1. */
import { boolean, definitions, int, short } from '../definition.ts'

export const transactionConfigs = definitions({
  'transaction.state.log.min.isr': int(
    2,
    'Replicas of the transaction topic that must have a record before it counts.',
    { min: 1, importance: 'HIGH' },
  ),
  'transaction.state.log.load.buffer.size': int(
    5242880,
    'Bytes read at once when the transaction topic is loaded.',
    { min: 1, importance: 'HIGH' },
  ),
  'transaction.state.log.replication.factor': short(3, 'Replicas of the transaction topic.', {
    min: 1,
    importance: 'HIGH',
  }),
  'transaction.state.log.num.partitions': int(
    50,
    'Partitions of the transaction topic; not to be changed once it exists.',
    { min: 1, importance: 'HIGH' },
  ),
  'transaction.state.log.segment.bytes': int(
    104857600,
    'Segment size in bytes of the transaction topic.',
    { min: 1, importance: 'HIGH' },
  ),
  'transaction.partition.verification.enable': boolean(
    true,
    'Whether it is checked that a partition belongs to the transaction before records are written to it.',
    { importance: 'LOW', dynamic: 'cluster-wide' },
  ),
  'transaction.max.timeout.ms': int(
    900000,
    'Longest timeout in milliseconds that a producer may ask for.',
    { min: 1, importance: 'HIGH' },
  ),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(
    10000,
    'How often to look for transactions to abort because they took too long, in milliseconds.',
    { min: 1, importance: 'LOW' },
  ),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(
    3600000,
    'How often to look for expired transactional ids, in milliseconds.',
    { min: 1, importance: 'LOW' },
  ),
  'transaction.two.phase.commit.enable': boolean(
    false,
    'Whether producers may take part in a two-phase commit.',
    { importance: 'LOW' },
  ),
  'transactional.id.expiration.ms': int(
    604800000,
    'A transactional id without news for this many milliseconds is forgotten.',
    { min: 1, importance: 'HIGH' },
  ),
  'producer.id.expiration.ms': int(
    86400000,
    'A producer id without records for this many milliseconds is forgotten by a partition.',
    { min: 1, importance: 'LOW', dynamic: 'cluster-wide' },
  ),
  'producer.id.expiration.check.interval.ms': int(
    600000,
    'How often to look for expired producer ids, in milliseconds.',
    { min: 1, importance: 'LOW', internal: true },
  ),
  'add.partitions.to.txn.retry.backoff.max.ms': int(
    100,
    'Longest wait in milliseconds for the server-side retry of adding a partition to a transaction.',
    { min: 0, importance: 'HIGH' },
  ),
  'add.partitions.to.txn.retry.backoff.ms': int(
    20,
    'Wait in milliseconds before the server-side retry of adding a partition to a transaction.',
    { min: 1, importance: 'HIGH' },
  ),
})
