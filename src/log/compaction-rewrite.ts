/** A batch with some of its records left out, as Kafka's `MemoryRecords.filterTo` writes it. */
import { buildBatch, type NewRecord } from '../../protocol/build-batch.ts'
import { codecs, compress } from '../../protocol/compression.ts'
import {
  attributesOf,
  baseTimestampOf,
  batchHeaderBytes,
  codecOf,
  controlBit,
  logAppendTimeBit,
  readBatchHeader,
  sealBatch,
  transactionalBit,
  writeBatchHeader,
} from '../../protocol/record-batch.ts'
import { RecordCursor } from '../../protocol/records.ts'

/** What stays of a batch: plain data, so that a thread can be told. */
export interface KeptRecords {
  /** Starts and ends of neighbouring records that stay, in the unpacked records. */
  readonly ranges: readonly number[]
  readonly count: number
  /** Timestamp deltas of the first record that stays, and the largest. */
  readonly firstDelta: number
  readonly maxDelta: number
  /** Until when its tombstones stay, where that is known. */
  readonly horizonMs: number | undefined
}

const resultBytesAtFirst = 64 * 1024

export class BatchRewriter {
  /** One for all: new memory for each batch is work for the collector, which stops the loop. */
  #result = Buffer.allocUnsafe(resultBytesAtFirst)

  /** Valid until the next call. Throws InvalidRecordError. */
  rewrite(bytes: Buffer, at: number, unpacked: Buffer, kept: KeptRecords): Buffer {
    const baseTimestamp = baseTimestampOf(bytes, at)
    const isSameBase =
      (attributesOf(bytes, at) & logAppendTimeBit) === 0 &&
      baseTimestamp === (kept.horizonMs ?? baseTimestamp + kept.firstDelta)
    // With another base timestamp every record changes.
    if (!isSameBase) return rebuilt(bytes, at, unpacked, kept)
    let end = this.#copyKept(unpacked, kept)
    const codec = codecOf(bytes, at)
    if (codec !== codecs.none) {
      const packed = compress(codec, this.#result.subarray(batchHeaderBytes, end))
      end = batchHeaderBytes + packed.length
      this.#reserve(end)
      packed.copy(this.#result, batchHeaderBytes)
    }
    const header = readBatchHeader(bytes, at)
    const maxTimestamp = baseTimestamp + kept.maxDelta
    writeBatchHeader(this.#result, 0, { ...header, maxTimestamp, recordCount: kept.count })
    sealBatch(this.#result, 0, end)
    return this.#result.subarray(0, end)
  }

  /** Puts the records that stay behind the room for a header; returns where they end. */
  #copyKept(unpacked: Buffer, { ranges }: KeptRecords): number {
    this.#reserve(batchHeaderBytes + unpacked.length)
    let end = batchHeaderBytes
    for (let i = 0; i < ranges.length; i += 2)
      end += unpacked.copy(this.#result, end, ranges[i]!, ranges[i + 1]!)
    return end
  }

  #reserve(bytes: number): void {
    if (bytes > this.#result.length)
      this.#result = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#result.length))
  }
}

/** Every record anew, relative to the base timestamp that changes. */
function rebuilt(
  bytes: Buffer,
  at: number,
  unpacked: Buffer,
  { ranges, horizonMs }: KeptRecords,
): Buffer {
  const header = readBatchHeader(bytes, at)
  const { attributes, baseOffset, baseTimestamp, maxTimestamp, lastOffsetDelta } = header
  const hasAppendTime = (attributes & logAppendTimeBit) !== 0
  const records: NewRecord[] = []
  const cursor = new RecordCursor()
  cursor.reset(unpacked, 0, unpacked.length, header.recordCount)
  for (let i = 0; cursor.next(); ) {
    while (cursor.start >= (ranges[i + 1] ?? Infinity)) i += 2
    if (cursor.start < (ranges[i] ?? Infinity)) continue
    records.push({
      offset: baseOffset + cursor.offsetDelta,
      timestamp: hasAppendTime ? maxTimestamp : baseTimestamp + cursor.timestampDelta,
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.headers(),
    })
  }
  return buildBatch({
    records,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    partitionLeaderEpoch: header.partitionLeaderEpoch,
    codec: codecOf(bytes, at),
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    transactional: (attributes & transactionalBit) !== 0,
    control: (attributes & controlBit) !== 0,
    ...(hasAppendTime ? { logAppendTimeMs: maxTimestamp } : {}),
    ...(horizonMs === undefined ? {} : { deleteHorizonMs: horizonMs }),
  })
}
