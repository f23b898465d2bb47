/** A batch that a broker finds too large, as two: what one topic allows is not known beforehand. */
import {
  attributesOf,
  compressionMask,
  isTransactional,
  producerEpochOf,
  producerIdOf,
  sequenceAfter,
} from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import { BatchBuilder, stamp } from './batch-builder.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** Far more than a producer ever puts into one batch. */
const unpackedBytesMax = 1024 * 1024 * 1024

/** Undefined for one record alone. The halves keep its place in the sequence, its deadline and its waiters. */
export function splitBatch(batch: ProducerBatch): [ProducerBatch, ProducerBatch] | undefined {
  if (batch.count < 2) return undefined
  const { bytes } = batch
  const firstCount = Math.ceil(batch.count / 2)
  const builders = [new BatchBuilder(Infinity), new BatchBuilder(Infinity)] as const
  let index = 0
  for (const { key, value, headers, timestamp } of recordsOf(bytes, 0, unpackedBytesMax)) {
    const keyBytes = key?.length ?? 0
    const source = Buffer.concat([key ?? empty, value ?? empty])
    builders[index < firstCount ? 0 : 1].append(
      source,
      key === null ? -1 : 0,
      keyBytes,
      value === null ? -1 : keyBytes,
      source.length,
      timestamp,
      headers,
    )
    index++
  }
  const half = (builder: BatchBuilder, first: number, chargedBytes: number): ProducerBatch => {
    const sealed = builder.seal(attributesOf(bytes, 0) & compressionMask, isTransactional(bytes, 0))
    const sequence = batch.baseSequence < 0 ? -1 : sequenceAfter(batch.baseSequence, first)
    stamp(sealed, producerIdOf(bytes, 0), producerEpochOf(bytes, 0), sequence)
    return {
      ...{ bytes: sealed, count: builder.count, chargedBytes, deadlineMs: batch.deadlineMs },
      ...{ baseSequence: sequence, attempts: batch.attempts, expired: false },
      waiters: batch.waiters
        .filter(({ index }) => index >= first && index < first + builder.count)
        .map((waiter) => ({ ...waiter, index: waiter.index - first })),
    }
  }
  const charged = Math.floor(batch.chargedBytes / 2)
  return [
    half(builders[0], 0, charged),
    half(builders[1], firstCount, batch.chargedBytes - charged),
  ]
}

const empty = Buffer.alloc(0)
