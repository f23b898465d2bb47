/**
 * What compaction keeps of one batch (Kafka's `Cleaner.cleanInto` and `MemoryRecords.filterTo`).
 *
 * Of the records of a key only the last stays. A tombstone stays too, until its delete horizon: the first
 * pass that meets it writes the horizon to the batch (KIP-534), a pass after that time drops it. Offsets,
 * producer fields and the last offset of the batch never change, so that sequence numbers go on.
 */
import {
  attributesOf,
  baseOffsetOf,
  baseTimestampOf,
  batchHeaderBytes,
  batchSizeOf,
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
import { RecordCursor } from '../../protocol/records.ts'
import type { CompactionMap } from './compaction-map.ts'
import { BatchRewriter, type KeptRecords } from './compaction-rewrite.ts'
import type { CompactionTransactions } from './compaction-transactions.ts'
import type { LargeBatches } from './large-batches.ts'

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
  readonly largeBatches: LargeBatches
  /** Lets others have their turn when it is time. */
  rest(): Promise<void>
}

export interface LastOfProducer {
  /** -1 when only markers of it are known. */
  readonly lastDataOffset: number
  readonly epoch: number
}

/** A batch that is looked at, and what its header says. */
interface Candidate {
  readonly bytes: Buffer
  readonly at: number
  readonly isMarker: boolean
  readonly isObsolete: boolean
  readonly horizonMs: number | undefined
  readonly staysEmpty: boolean
}

/** Records looked at before others may have their turn, where a batch has many. */
export const recordsAtOnce = 1024

export class CompactionFilter {
  recordsRead = 0
  recordsKept = 0
  readonly #rules: FilterRules
  readonly #cursor = new RecordCursor()
  readonly #rewriter = new BatchRewriter()
  /** Of the batch at hand. */
  #selection = emptySelection()

  constructor(rules: FilterRules) {
    this.#rules = rules
  }

  /**
   * What stays of a whole batch: a view when all of it does, `undefined` when nothing does. Valid until the
   * next call. A promise when it has many records: `bytes` must not change before it settles. Throws, or rejects with, InvalidRecordError
   * or CompressionError.
   */
  filter(bytes: Buffer, at: number): Buffer | undefined | Promise<Buffer | undefined> {
    const { transactions, nowMs, largeBatches, unpackedBytesMax } = this.#rules
    const isMarker = isControl(bytes, at)
    const isObsolete = isMarker
      ? transactions.isObsolete(bytes, at)
      : transactions.isAborted(bytes, at)
    const horizonMs = deleteHorizonOf(bytes, at)
    const dropsAll = isObsolete && (!isMarker || (horizonMs !== undefined && horizonMs <= nowMs))
    const staysEmpty = this.#mustStay(bytes, at)
    if (dropsAll) return staysEmpty ? emptyBatch(bytes, at) : undefined
    const candidate = { bytes, at, isMarker, isObsolete, horizonMs, staysEmpty }
    const unpacked = largeBatches.unpackSmall(bytes, at, unpackedBytesMax)
    if (unpacked === undefined) return this.#filterLater(candidate)
    this.#begin(candidate, unpacked)
    this.#select(candidate, Infinity)
    const kept = this.#outcome(candidate)
    return kept === undefined || Buffer.isBuffer(kept)
      ? kept
      : this.#rewriter.rewrite(bytes, at, unpacked, kept)
  }

  /** The map of keys is here, so the records are gone through here; all else is done on a thread. */
  async #filterLater(candidate: Candidate): Promise<Buffer | undefined> {
    const { largeBatches, unpackedBytesMax, rest } = this.#rules
    const { bytes, at } = candidate
    const batch = bytes.subarray(at, at + batchSizeOf(bytes, at))
    this.#begin(candidate, await largeBatches.unpack(batch, unpackedBytesMax))
    while (!this.#select(candidate, recordsAtOnce)) await rest()
    const kept = this.#outcome(candidate)
    this.#cursor.reset(bytes, 0, 0, 0) // It holds much memory.
    return kept === undefined || Buffer.isBuffer(kept)
      ? kept
      : largeBatches.rewrite(batch, kept, unpackedBytesMax)
  }

  /** What stays, or which records of it where it is to be written anew. */
  #outcome(candidate: Candidate): Buffer | undefined | KeptRecords {
    const { bytes, at, isMarker, isObsolete, horizonMs, staysEmpty } = candidate
    const { count, total, hasTombstones } = this.#selection
    this.recordsRead += total
    this.recordsKept += count
    if (count === 0) return staysEmpty ? emptyBatch(bytes, at) : undefined
    const startsHorizon = horizonMs === undefined && (hasTombstones || (isMarker && isObsolete))
    if (count === total && !startsHorizon) return bytes.subarray(at, at + batchSizeOf(bytes, at))
    const newHorizonMs = startsHorizon ? this.#horizonFromNow() : horizonMs
    return { ...this.#selection, horizonMs: newHorizonMs }
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

  #begin({ bytes, at }: Candidate, unpacked: Buffer): void {
    this.#selection = emptySelection()
    this.#cursor.reset(unpacked, 0, unpacked.length, recordCountOf(bytes, at))
  }

  /** Goes through so many records; true when there are no more. */
  #select({ bytes, at, isMarker, horizonMs }: Candidate, limit: number): boolean {
    const { map, nowMs } = this.#rules
    const cursor = this.#cursor
    const selection = this.#selection
    const { ranges } = selection
    const baseOffset = baseOffsetOf(bytes, at)
    const keepsTombstones = horizonMs === undefined || nowMs < horizonMs
    for (let i = 0; i < limit; i++) {
      if (!cursor.next()) return true
      selection.total++
      const offset = baseOffset + cursor.offsetDelta
      const stays =
        isMarker ||
        offset > map.latestOffset ||
        (cursor.keyLength >= 0 &&
          (cursor.valueLength >= 0 || keepsTombstones) &&
          offset >= map.get(cursor.bytes, cursor.keyStart, cursor.keyLength))
      if (!stays) continue
      if (selection.count === 0) selection.firstDelta = cursor.timestampDelta
      if (cursor.timestampDelta > selection.maxDelta) selection.maxDelta = cursor.timestampDelta
      if (cursor.valueLength < 0) selection.hasTombstones = true
      if (ranges.length > 0 && ranges[ranges.length - 1] === cursor.start)
        ranges[ranges.length - 1] = cursor.end
      else ranges.push(cursor.start, cursor.end)
      selection.count++
    }
    return false
  }
}

interface Selection {
  readonly ranges: number[]
  count: number
  total: number
  hasTombstones: boolean
  firstDelta: number
  maxDelta: number
}

const emptySelection = (): Selection => ({
  ranges: [],
  ...{ count: 0, total: 0, hasTombstones: false, firstDelta: 0, maxDelta: -Infinity },
})

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
