/** The batches of `__consumer_offsets`, byte for byte as Kafka 4.3.1 writes them. */
import { buildBatch } from '../../../protocol/build-batch.ts'
import type { StoredRecord } from '../../core/group/record.ts'

/** The transaction that a batch is part of. */
export interface Transaction {
  readonly producerId: number
  readonly producerEpoch: number
}

export function groupBatch(
  records: readonly StoredRecord[],
  timestamp: number,
  transaction?: Transaction,
): Buffer {
  return buildBatch({
    records: records.map(({ key, value }) => ({ timestamp, key, value })),
    // Also without a producer, where others write -1.
    baseSequence: 0,
    ...(transaction && { ...transaction, transactional: true }),
  })
}
