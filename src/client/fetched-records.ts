/**
 * Walks over fetched record batches without making an object for each record.
 *
 * Control batches, aborted transactions (KIP-98) and records below the offset asked for are
 * passed over.
 */
import {
  attributesOf,
  baseOffsetOf,
  baseTimestampOf,
  batchHeaderBytes,
  batchSizeOf,
  isControl,
  isIntact,
  isTransactional,
  lastOffsetOf,
  logAppendTimeBit,
  magicOf,
  maxTimestampOf,
  producerIdOf,
  recordCountOf,
} from '../../protocol/record-batch.ts'
import { RecordCursor, recordBytesOf } from '../../protocol/records.ts'
import { KafkaError, localError } from './kafka-error.ts'

/** What a Fetch brought for one partition. */
export interface Fetched {
  readonly topic: string
  readonly partition: number
  readonly nodeId: number
  /** The offset that was asked for: batches may begin before it. */
  readonly fetchOffset: number
  /** Whole batches; empty when there was nothing new. */
  readonly records: Buffer
  /** Behind the last record in `records`. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** `nextOffset` is the end of what may be read. */
  readonly atEnd: boolean
  /** Undefined under read_uncommitted. */
  readonly abortedTransactions:
    | readonly { readonly producerId: number; readonly firstOffset: number }[]
    | undefined
}

export type TimestampType = 'create' | 'logappend'

/** A batch that unpacks to more than this is an attack on memory, not data. */
const unpackedBytesMax = 512 * 1024 * 1024

export class FetchedRecords {
  offset = -1
  timestampMs = -1
  timestampType: TimestampType = 'create'
  /** Where key, value and headers of the record lie. */
  readonly record = new RecordCursor()
  readonly #fetched: Fetched
  readonly #checkCrcs: boolean
  readonly #aborted = new Set<number>()
  readonly #abortedSoon: { readonly producerId: number; readonly firstOffset: number }[]
  /** In `#fetched.records`: behind the current batch. */
  #position = 0
  #baseOffset = 0
  #baseTimestampMs = 0
  #logAppendTimeMs = -1

  constructor(fetched: Fetched, checkCrcs = true) {
    this.#fetched = fetched
    this.#checkCrcs = checkCrcs
    this.#abortedSoon = [...(fetched.abortedTransactions ?? [])].sort(
      (a, b) => a.firstOffset - b.firstOffset,
    )
  }

  /** Moves to the next record; false when there is none. Throws BAD_MSG on broken batches. */
  next(): boolean {
    const { record } = this
    try {
      do {
        while (!record.next()) if (!this.#nextBatch()) return false
        this.offset = this.#baseOffset + record.offsetDelta
      } while (this.offset < this.#fetched.fetchOffset)
    } catch (error) {
      if (error instanceof KafkaError) throw error
      const { topic, partition } = this.#fetched
      const where = `${topic}-${partition} in the batch at ${this.#baseOffset}`
      throw localError('BAD_MSG', `${where}: ${(error as Error).message}`, error)
    }
    this.timestampMs =
      this.#logAppendTimeMs >= 0
        ? this.#logAppendTimeMs
        : this.#baseTimestampMs + record.timestampDelta
    return true
  }

  #nextBatch(): boolean {
    const { records, topic, partition } = this.#fetched
    const start = this.#position
    if (records.length - start < batchHeaderBytes) return false
    const end = start + batchSizeOf(records, start)
    if (end > records.length) return false
    this.#position = end
    this.#baseOffset = baseOffsetOf(records, start)
    if (magicOf(records, start) !== 2)
      throw localError(
        'BAD_MSG',
        `${topic}-${partition} has a batch of the old format ${magicOf(records, start)} at ${this.#baseOffset}`,
      )
    if (this.#checkCrcs && !isIntact(records, start))
      throw localError(
        'BAD_MSG',
        `${topic}-${partition}: wrong checksum of the batch at ${this.#baseOffset}`,
      )
    if (this.#passOver(records, start)) return true
    const bytes = recordBytesOf(records, start, unpackedBytesMax)
    this.record.reset(bytes, 0, bytes.length, recordCountOf(records, start))
    this.#baseTimestampMs = baseTimestampOf(records, start)
    const logAppend = (attributesOf(records, start) & logAppendTimeBit) !== 0
    this.timestampType = logAppend ? 'logappend' : 'create'
    this.#logAppendTimeMs = logAppend ? maxTimestampOf(records, start) : -1
    return true
  }

  /** Control batches, and data of transactions that were aborted. */
  #passOver(records: Buffer, start: number): boolean {
    const lastOffset = lastOffsetOf(records, start)
    if (lastOffset < this.#fetched.fetchOffset) return true
    const producerId = producerIdOf(records, start)
    while (this.#abortedSoon[0] && this.#abortedSoon[0].firstOffset <= lastOffset)
      this.#aborted.add(this.#abortedSoon.shift()!.producerId)
    if (isControl(records, start)) {
      if (controlType(records, start) === abortMarker) this.#aborted.delete(producerId)
      return true
    }
    return isTransactional(records, start) && this.#aborted.has(producerId)
  }
}

const abortMarker = 0

/** The key of the one record of a control batch: int16 version, int16 type. */
function controlType(records: Buffer, start: number): number {
  const cursor = new RecordCursor()
  cursor.reset(
    records,
    start + batchHeaderBytes,
    start + batchSizeOf(records, start),
    recordCountOf(records, start),
  )
  return cursor.next() && cursor.keyLength >= 4 ? records.readInt16BE(cursor.keyStart + 2) : -1
}

/** Behind the last whole batch in `records`, and how many bytes the whole ones have. */
export function endOfBatches(records: Buffer): { nextOffset: number; wholeBytes: number } {
  let position = 0
  let nextOffset = -1
  while (records.length - position >= batchHeaderBytes) {
    const size = batchSizeOf(records, position)
    if (size < batchHeaderBytes || position + size > records.length) break
    nextOffset = lastOffsetOf(records, position) + 1
    position += size
  }
  return { nextOffset, wholeBytes: position }
}
