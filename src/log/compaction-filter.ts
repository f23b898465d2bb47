/**
 * What compaction keeps of one batch (Kafka's `Cleaner.cleanInto` and `MemoryRecords.filterTo`).
 *
 * Of the records of a key only the last stays. A tombstone stays too, until its delete horizon: the first
 * pass that meets it writes the horizon to the batch (KIP-534), a pass after that time drops it. Offsets,
 * producer fields and the last offset of the batch never change, so that sequence numbers go on.
 */
import { buildBatch, type NewRecord } from '../../protocol/build-batch.ts'
import { codecs, compress } from '../../protocol/compression.ts'
import {
  attributesOf,
  baseOffsetOf,
  baseTimestampOf,
  batchHeaderBytes,
  batchSizeOf,
  codecOf,
  controlBit,
  deleteHorizonBit,
  isControl,
  lastOffsetOf,
  logAppendTimeBit,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  readBatchHeader,
  recordCountOf,
  sealBatch,
  transactionalBit,
  writeBatchHeader,
} from '../../protocol/record-batch.ts'
import { RecordCursor, recordBytesOf } from '../../protocol/records.ts'
import type { CompactionMap } from './compaction-map.ts'
import type { CompactionTransactions } from './compaction-transactions.ts'

export interface FilterRules {
  readonly map: CompactionMap
  readonly transactions: CompactionTransactions
  /** What must not be lost of a producer; `undefined` when it is not known any more. */
  lastOfProducer(producerId: number): LastOfProducer | undefined
  /** The end of what this pass may touch. */
  readonly upperBound: number
  readonly nowMs: number
  readonly deleteRetentionMs: number
  readonly unpackedBytesMax: number
}

export interface LastOfProducer {
  /** -1 when only markers of it are known. */
  readonly lastDataOffset: number
  readonly epoch: number
}

const resultBytesAtFirst = 64 * 1024

export class CompactionFilter {
  recordsRead = 0
  recordsKept = 0
  readonly #rules: FilterRules
  readonly #cursor = new RecordCursor()
  /** Of the batch at hand: starts and ends of neighbouring records that stay. */
  readonly #kept: number[] = []
  /** What stays of the batch at hand. One for all: new memory for each batch is work for the collector, which stops the loop. */
  #result = Buffer.allocUnsafe(resultBytesAtFirst)

  constructor(rules: FilterRules) {
    this.#rules = rules
  }

  /**
   * What stays of a whole batch: a view when all of it does, `undefined` when nothing does. Valid until the
   * next call. Throws InvalidRecordError or CompressionError.
   */
  filter(bytes: Buffer, at: number): Buffer | undefined {
    const { transactions, nowMs } = this.#rules
    const isMarker = isControl(bytes, at)
    const isObsolete = isMarker
      ? transactions.isObsolete(bytes, at)
      : transactions.isAborted(bytes, at)
    const horizonMs = deleteHorizonOf(bytes, at)
    const dropsAll = isObsolete && (!isMarker || (horizonMs !== undefined && horizonMs <= nowMs))
    const staysEmpty = this.#mustStay(bytes, at)
    if (dropsAll) return staysEmpty ? emptyBatch(bytes, at) : undefined
    const unpacked = recordBytesOf(bytes, at, this.#rules.unpackedBytesMax)
    const kept = this.#select(bytes, at, unpacked, isMarker)
    if (kept.count === 0) return staysEmpty ? emptyBatch(bytes, at) : undefined
    const startsHorizon =
      horizonMs === undefined && (kept.hasTombstones || (isMarker && isObsolete))
    if (kept.isAll && !startsHorizon) return bytes.subarray(at, at + batchSizeOf(bytes, at))
    const newHorizonMs = startsHorizon ? this.#horizonFromNow() : horizonMs
    return this.#rewrite(bytes, at, unpacked, kept, newHorizonMs)
  }

  /** Whether the batch carries what nothing else tells: a producer's state, or the end of the pass. */
  #mustStay(bytes: Buffer, at: number): boolean {
    const lastOffset = lastOffsetOf(bytes, at)
    if (lastOffset + 1 === this.#rules.upperBound) return true
    const last = this.#rules.lastOfProducer(producerIdOf(bytes, at))
    if (last === undefined) return false
    return last.lastDataOffset >= 0
      ? last.lastDataOffset === lastOffset
      : isControl(bytes, at) && producerEpochOf(bytes, at) === last.epoch
  }

  #horizonFromNow(): number {
    const { nowMs, deleteRetentionMs } = this.#rules
    return Math.min(nowMs + deleteRetentionMs, Number.MAX_SAFE_INTEGER)
  }

  #select(bytes: Buffer, at: number, unpacked: Buffer, isMarker: boolean): Selection {
    const { map, nowMs } = this.#rules
    const cursor = this.#cursor
    const kept = this.#kept
    kept.length = 0
    const baseOffset = baseOffsetOf(bytes, at)
    const horizonMs = deleteHorizonOf(bytes, at)
    const keepsTombstones = horizonMs === undefined || nowMs < horizonMs
    let count = 0
    let total = 0
    let hasTombstones = false
    let firstDelta = 0
    let maxDelta = -Infinity
    cursor.reset(unpacked, 0, unpacked.length, recordCountOf(bytes, at))
    while (cursor.next()) {
      total++
      const offset = baseOffset + cursor.offsetDelta
      const stays =
        isMarker ||
        offset > map.latestOffset ||
        (cursor.keyLength >= 0 &&
          (cursor.valueLength >= 0 || keepsTombstones) &&
          offset >= map.get(unpacked, cursor.keyStart, cursor.keyLength))
      if (!stays) continue
      if (count === 0) firstDelta = cursor.timestampDelta
      if (cursor.timestampDelta > maxDelta) maxDelta = cursor.timestampDelta
      if (cursor.valueLength < 0) hasTombstones = true
      if (kept.length > 0 && kept[kept.length - 1] === cursor.start)
        kept[kept.length - 1] = cursor.end
      else kept.push(cursor.start, cursor.end)
      count++
    }
    this.recordsRead += total
    this.recordsKept += count
    return { count, isAll: count === total, hasTombstones, firstDelta, maxDelta }
  }

  #rewrite(
    bytes: Buffer,
    at: number,
    unpacked: Buffer,
    kept: Selection,
    horizonMs: number | undefined,
  ): Buffer {
    const baseTimestamp = baseTimestampOf(bytes, at)
    const isSameBase =
      (attributesOf(bytes, at) & logAppendTimeBit) === 0 &&
      baseTimestamp === (horizonMs ?? baseTimestamp + kept.firstDelta)
    // With another base timestamp every record changes.
    if (!isSameBase) return this.#rebuild(bytes, at, horizonMs)
    let end = this.#copyKept(unpacked)
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
  #copyKept(unpacked: Buffer): number {
    const kept = this.#kept
    this.#reserve(batchHeaderBytes + unpacked.length)
    let end = batchHeaderBytes
    for (let i = 0; i < kept.length; i += 2)
      end += unpacked.copy(this.#result, end, kept[i]!, kept[i + 1]!)
    return end
  }

  #reserve(bytes: number): void {
    if (bytes > this.#result.length)
      this.#result = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#result.length))
  }

  /** Every record anew, relative to the base timestamp that changes. */
  #rebuild(bytes: Buffer, at: number, horizonMs: number | undefined): Buffer {
    const header = readBatchHeader(bytes, at)
    const { attributes, baseOffset, baseTimestamp, maxTimestamp, lastOffsetDelta } = header
    const hasAppendTime = (attributes & logAppendTimeBit) !== 0
    const records: NewRecord[] = []
    const cursor = this.#cursor
    cursor.reset(cursor.bytes, 0, cursor.bytes.length, header.recordCount)
    for (let i = 0; cursor.next(); ) {
      while (cursor.start >= (this.#kept[i + 1] ?? Infinity)) i += 2
      if (cursor.start < (this.#kept[i] ?? Infinity)) continue
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
}

interface Selection {
  readonly count: number
  readonly isAll: boolean
  readonly hasTombstones: boolean
  /** Timestamp deltas of the first record that stays, and the largest. */
  readonly firstDelta: number
  readonly maxDelta: number
}

/** Until when the tombstones of a batch stay; `undefined` before the first pass. */
export function deleteHorizonOf(bytes: Buffer, at: number): number | undefined {
  return attributesOf(bytes, at) & deleteHorizonBit ? baseTimestampOf(bytes, at) : undefined
}

/** The header alone, as Kafka writes it. */
function emptyBatch(bytes: Buffer, at: number): Buffer {
  const result = Buffer.allocUnsafe(batchHeaderBytes)
  const header = readBatchHeader(bytes, at)
  const kinds = logAppendTimeBit | transactionalBit | controlBit
  const attributes = header.attributes & kinds
  const maxTimestamp = maxTimestampOf(bytes, at)
  writeBatchHeader(result, 0, {
    ...header,
    attributes,
    baseTimestamp: -1,
    maxTimestamp,
    recordCount: 0,
  })
  sealBatch(result, 0, batchHeaderBytes)
  return result
}
