/**
 * Walks over fetched record batches without making an object for each record.
 *
 * `RecordCursor` is one object that points at one record after the other: its fields say where
 * key and value lie in `bytes`. Control batches, aborted transactions (KIP-98) and records below
 * the offset asked for are passed over.
 */
import { decompress } from '../../protocol/compression.ts'
import { crc32c } from '../../protocol/crc32c.ts'
import type { RecordHeader } from './batch-builder.ts'
import { localError } from './kafka-error.ts'

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

const headerBytes = 61

export class RecordCursor {
  offset = -1
  timestampMs = -1
  timestampType: TimestampType = 'create'
  /** Where the fields of the record lie; it changes from batch to batch. */
  bytes: Buffer = Buffer.alloc(0)
  /** Negative when the key is null. */
  keyStart = -1
  keyEnd = -1
  /** Negative when the value is null. */
  valueStart = -1
  valueEnd = -1
  headerCount = 0
  #headersAt = 0
  readonly #fetched: Fetched
  readonly #checkCrcs: boolean
  readonly #aborted = new Set<number>()
  readonly #abortedSoon: { readonly producerId: number; readonly firstOffset: number }[]
  /** In `#fetched.records`: behind the current batch. */
  #position = 0
  /** In `bytes`: the next record. */
  #at = 0
  #left = 0
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
    do {
      while (this.#left === 0) if (!this.#nextBatch()) return false
      this.#left--
      this.#readRecord()
    } while (this.offset < this.#fetched.fetchOffset)
    return true
  }

  get key(): Buffer | null {
    return this.keyStart < 0 ? null : this.bytes.subarray(this.keyStart, this.keyEnd)
  }

  get value(): Buffer | null {
    return this.valueStart < 0 ? null : this.bytes.subarray(this.valueStart, this.valueEnd)
  }

  get headers(): RecordHeader[] {
    const headers: RecordHeader[] = []
    let at = this.#headersAt
    const take = (size: number) => {
      at += size
      return this.bytes.subarray(at - size, at)
    }
    const length = () => {
      this.#at = at
      const value = this.#varint()
      at = this.#at
      return value
    }
    const resumeAt = this.#at
    for (let i = 0; i < this.headerCount; i++) {
      const key = take(length()).toString()
      const valueBytes = length()
      headers.push({ key, value: valueBytes < 0 ? null : take(valueBytes) })
    }
    this.#at = resumeAt
    return headers
  }

  #nextBatch(): boolean {
    const { records, topic, partition } = this.#fetched
    const start = this.#position
    if (records.length - start < headerBytes) return false
    const end = start + 12 + records.readInt32BE(start + 8)
    if (end > records.length) return false
    this.#position = end
    const baseOffset = readInt64(records, start)
    if (records[start + 16] !== 2)
      throw localError(
        'BAD_MSG',
        `${topic}-${partition} has a batch of the old format ${records[start + 16]} at ${baseOffset}`,
      )
    if (
      this.#checkCrcs &&
      crc32c(records.subarray(start + 21, end)) >>> 0 !== records.readUInt32BE(start + 17)
    )
      throw localError('BAD_MSG', `${topic}-${partition}: wrong checksum of the batch at ${baseOffset}`)
    const attributes = records.readInt16BE(start + 21)
    const lastOffset = baseOffset + records.readInt32BE(start + 23)
    if (this.#passOver(records, start, attributes, lastOffset)) return true
    const compression = attributes & 7
    const body = records.subarray(start + headerBytes, end)
    this.bytes = compression === 0 ? body : decompress(compression, body)
    this.#at = 0
    this.#left = records.readInt32BE(start + 57)
    this.#baseOffset = baseOffset
    this.#baseTimestampMs = readInt64(records, start + 27)
    const logAppend = (attributes & 8) !== 0
    this.timestampType = logAppend ? 'logappend' : 'create'
    this.#logAppendTimeMs = logAppend ? readInt64(records, start + 35) : -1
    return true
  }

  /** Control batches, and data of transactions that were aborted. */
  #passOver(records: Buffer, start: number, attributes: number, lastOffset: number): boolean {
    if (lastOffset < this.#fetched.fetchOffset) return true
    const producerId = readInt64(records, start + 43)
    while (this.#abortedSoon[0] && this.#abortedSoon[0].firstOffset <= lastOffset)
      this.#aborted.add(this.#abortedSoon.shift()!.producerId)
    if ((attributes & 0x20) !== 0) {
      // The key of a control record: version, then type; 0 is ABORT.
      if (records.readInt16BE(start + headerBytes + controlTypeAt(records, start)) === 0)
        this.#aborted.delete(producerId)
      return true
    }
    return (attributes & 0x10) !== 0 && this.#aborted.has(producerId)
  }

  #readRecord(): void {
    const end = this.#varint() + this.#at
    this.#at++
    const timestampDelta = this.#varint()
    this.offset = this.#baseOffset + this.#varint()
    this.timestampMs =
      this.#logAppendTimeMs >= 0 ? this.#logAppendTimeMs : this.#baseTimestampMs + timestampDelta
    const keyBytes = this.#varint()
    this.keyStart = keyBytes < 0 ? -1 : this.#at
    if (keyBytes > 0) this.#at += keyBytes
    this.keyEnd = this.#at
    const valueBytes = this.#varint()
    this.valueStart = valueBytes < 0 ? -1 : this.#at
    if (valueBytes > 0) this.#at += valueBytes
    this.valueEnd = this.#at
    this.headerCount = this.#varint()
    this.#headersAt = this.#at
    if (end > this.bytes.length || this.#at > end)
      throw localError('BAD_MSG', `Record ${this.offset} passes the end of its batch`)
    this.#at = end
  }

  #varint(): number {
    const bytes = this.bytes
    let byte = bytes[this.#at++]!
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    let scale = 0x80
    do {
      byte = bytes[this.#at++]!
      value += (byte & 0x7f) * scale
      scale *= 0x80
    } while (byte >= 0x80 && scale < 2 ** 70)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/** Where the type stands in the one record of a control batch, from the end of the header. */
function controlTypeAt(records: Buffer, start: number): number {
  let at = start + headerBytes
  const skip = () => {
    while (records[at++]! >= 0x80);
  }
  skip() // length
  at++ // attributes
  skip() // timestamp delta
  skip() // offset delta
  skip() // key length
  return at + 2 - (start + headerBytes)
}

/** Behind the last whole batch in `records`, and how many bytes the whole ones have. */
export function endOfBatches(records: Buffer): { nextOffset: number; wholeBytes: number } {
  let position = 0
  let nextOffset = -1
  while (records.length - position >= headerBytes) {
    const size = 12 + records.readInt32BE(position + 8)
    if (size < headerBytes || position + size > records.length) break
    nextOffset = readInt64(records, position) + records.readInt32BE(position + 23) + 1
    position += size
  }
  return { nextOffset, wholeBytes: position }
}

function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
}
