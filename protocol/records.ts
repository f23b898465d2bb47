/**
 * The records of a batch.
 *
 * ```
 * length varint | attributes int8 | timestampDelta varlong | offsetDelta varint
 *   | keyLength varint (-1: null) | key | valueLength varint (-1: null) | value
 *   | headerCount varint, each: keyLength varint | key | valueLength varint (-1: null) | value
 * ```
 *
 * `RecordCursor` walks over them and says where things stand, making nothing; `recordsOf` makes an object
 * of each as it is asked for. What compression hides is unpacked up to a limit that the caller names.
 */
import { decompress } from './compression.ts'
import {
  attributesOf,
  baseOffsetOf,
  baseTimestampOf,
  batchHeaderBytes,
  batchSizeOf,
  codecOf,
  logAppendTimeBit,
  maxTimestampOf,
  recordCountOf,
} from './record-batch.ts'
import { VarintError, VarintReader } from './varint.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

export interface LogRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** A batch whose records do not have the form above; answered with 87 INVALID_RECORD. */
export class InvalidRecordError extends Error {
  override name = 'InvalidRecordError'
}

/** Walks over the records of one batch. Positions are those in `bytes`; a length of -1 is null. */
export class RecordCursor {
  /** Start of the record, its length field included. */
  start = 0
  end = 0
  timestampDelta = 0
  offsetDelta = 0
  keyStart = 0
  keyLength = 0
  valueStart = 0
  valueLength = 0
  headerCount = 0
  headersStart = 0
  readonly #reader = new VarintReader()
  #left = 0

  /** `bytes` are the unpacked records, `count` what the header of the batch says. */
  reset(bytes: Buffer, start: number, end: number, count: number): void {
    this.#reader.reset(bytes, start, end)
    this.#left = count
  }

  get bytes(): Buffer {
    return this.#reader.bytes
  }

  /** False after the last one. Throws InvalidRecordError where the bytes are not records. */
  next(): boolean {
    const reader = this.#reader
    if (this.#left === 0) {
      if (reader.position < reader.end)
        throw new InvalidRecordError(
          `Incorrect declared batch size, ${reader.end - reader.position} bytes follow the last record`,
        )
      return false
    }
    this.#left--
    try {
      this.#read(reader)
    } catch (error) {
      if (!(error instanceof VarintError)) throw error
      throw new InvalidRecordError(
        reader.position >= reader.end
          ? `Incorrect declared batch size, premature end with ${this.#left + 1} records missing`
          : `Found invalid record structure: ${error.message}`,
      )
    }
    return true
  }

  #read(reader: VarintReader): void {
    this.start = reader.position
    const length = reader.varint()
    const body = reader.position
    this.end = body + length
    if (length < 0 || this.end > reader.end)
      throw new InvalidRecordError(
        `Invalid record size: expected ${length} bytes in record payload, but ${reader.end - body} remain`,
      )
    reader.position++ // Attributes: none is defined, and Kafka ignores them too.
    this.timestampDelta = reader.varlong()
    this.offsetDelta = reader.varint()
    this.keyLength = reader.varint()
    this.keyStart = reader.position
    this.#skip(reader, this.keyLength)
    this.valueLength = reader.varint()
    this.valueStart = reader.position
    this.#skip(reader, this.valueLength)
    this.headerCount = reader.varint()
    this.headersStart = reader.position
    if (this.headerCount !== 0) this.#skipHeaders(reader)
    if (reader.position !== this.end)
      throw new InvalidRecordError(
        `Invalid record size: expected to read ${length} bytes in record payload, but instead read ${reader.position - body}`,
      )
  }

  #skip(reader: VarintReader, length: number): void {
    if (length < 0) return // Null. Lengths below -1 count as null too, as in Kafka's reader of keys.
    reader.position += length
    if (reader.position > this.end)
      throw new InvalidRecordError(
        `Found invalid record structure: ${length} bytes pass the end of the record by ${reader.position - this.end}`,
      )
  }

  #skipHeaders(reader: VarintReader): void {
    if (this.headerCount < 0)
      throw new InvalidRecordError(`Found invalid number of record headers ${this.headerCount}`)
    if (this.headerCount > this.end - reader.position)
      throw new InvalidRecordError(
        `Found invalid number of record headers. ${this.headerCount} is larger than the remaining size of the record`,
      )
    for (let i = 0; i < this.headerCount; i++) {
      const keyLength = reader.varint()
      if (keyLength < 0)
        throw new InvalidRecordError(`Invalid negative header key size ${keyLength}`)
      this.#skip(reader, keyLength)
      this.#skip(reader, reader.varint())
    }
  }

  key(): Buffer | null {
    return this.#view(this.keyStart, this.keyLength)
  }

  value(): Buffer | null {
    return this.#view(this.valueStart, this.valueLength)
  }

  headers(): RecordHeader[] {
    const headers: RecordHeader[] = []
    const reader = new VarintReader()
    reader.reset(this.bytes, this.headersStart, this.end)
    const take = () => {
      const length = reader.varint()
      const view = this.#view(reader.position, length)
      reader.position += Math.max(length, 0)
      return view
    }
    for (let i = 0; i < this.headerCount; i++)
      headers.push({ key: take()?.toString() ?? '', value: take() })
    return headers
  }

  #view(start: number, length: number): Buffer | null {
    return length < 0 ? null : this.bytes.subarray(start, start + length)
  }
}

/** The unpacked records of a batch: a view, unless they are compressed. */
export function recordBytesOf(bytes: Buffer, at: number, bytesMax: number): Buffer {
  const payload = bytes.subarray(at + batchHeaderBytes, at + batchSizeOf(bytes, at))
  return decompress(codecOf(bytes, at), payload, bytesMax)
}

/** Makes the records one by one. Throws InvalidRecordError or CompressionError. */
export function* recordsOf(bytes: Buffer, at: number, bytesMax: number): Generator<LogRecord> {
  const cursor = new RecordCursor()
  const unpacked = recordBytesOf(bytes, at, bytesMax)
  cursor.reset(unpacked, 0, unpacked.length, recordCountOf(bytes, at))
  const baseOffset = baseOffsetOf(bytes, at)
  const baseTimestamp = baseTimestampOf(bytes, at)
  const appendTime =
    attributesOf(bytes, at) & logAppendTimeBit ? maxTimestampOf(bytes, at) : undefined
  while (cursor.next())
    yield {
      offset: baseOffset + cursor.offsetDelta,
      timestamp: appendTime ?? baseTimestamp + cursor.timestampDelta,
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.headerCount === 0 ? none : cursor.headers(),
    }
}

const none: readonly RecordHeader[] = []
