/**
 * Builds one record batch (format v2) while its records arrive.
 *
 * Records are written where they will be sent from: nothing is kept for each of them, which is
 * what makes a million lines a second possible. `seal` compresses and fills in the header;
 * `stamp` writes producer id, epoch and sequence and the checksum, again for each new epoch.
 */
import { compress } from '../../protocol/compression.ts'
import {
  batchHeaderBytes,
  sealBatch,
  transactionalBit,
  writeBatchHeader,
} from '../../protocol/record-batch.ts'
import { varlongSize, writeVarlong } from '../../protocol/varint.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

const startBytes = 4096
/** So many bytes are copied in a loop, four at a time: a call of `set` costs more. */
const loopBytesMax = 256
/** Length, attributes and deltas of a record, and lengths of key and value, at their longest. */
const recordOverheadBytesMax = 36

export class BatchBuilder {
  readonly #sizeMax: number
  #bytes: Buffer
  #view: DataView
  /** Where the last record came from: the lines of a chunk share their bytes. */
  #source: Uint8Array | undefined
  #sourceView: DataView | undefined
  #end = batchHeaderBytes
  #count = 0
  #baseTimestampMs = 0
  #maxTimestampMs = 0

  /** `sizeMax` in bytes, before compression; one record alone may be larger. `expected` saves growing. */
  constructor(sizeMax: number, expected = startBytes) {
    this.#sizeMax = sizeMax
    this.#bytes = Buffer.allocUnsafe(Math.max(startBytes, Math.min(expected, sizeMax)))
    this.#view = viewOf(this.#bytes)
  }

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#end
  }

  get maxTimestampMs(): number {
    return this.#maxTimestampMs
  }

  get full(): boolean {
    return this.#end >= this.#sizeMax
  }

  /**
   * Appends a record whose key and value are ranges of `source`; a negative start is null. False
   * when the batch has no room for it.
   */
  append(
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
    headers: readonly RecordHeader[] | undefined,
    encodedHeaders = headers && headers.length > 0 ? encodeHeaders(headers) : undefined,
  ): boolean {
    const keyBytes = keyStart < 0 ? -1 : keyEnd - keyStart
    const valueBytes = valueStart < 0 ? -1 : valueEnd - valueStart
    const room = Math.max(0, keyBytes) + Math.max(0, valueBytes) + (encodedHeaders?.length ?? 1)
    if (this.#count > 0 && this.#end + room + recordOverheadBytesMax > this.#sizeMax) return false
    this.#reserve(room + recordOverheadBytesMax)
    if (this.#count === 0) this.#baseTimestampMs = this.#maxTimestampMs = timestampMs
    else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
    const delta = timestampMs - this.#baseTimestampMs
    const bodyBytes =
      1 +
      varlongSize(delta) +
      varlongSize(this.#count) +
      varlongSize(keyBytes) +
      varlongSize(valueBytes) +
      room
    const bytes = this.#bytes
    let at = writeVarlong(bytes, bodyBytes, this.#end)
    bytes[at++] = 0
    at = writeVarlong(bytes, delta, at)
    at = writeVarlong(bytes, this.#count, at)
    at = writeVarlong(bytes, keyBytes, at)
    if (keyBytes > 0) at = this.#copy(source, keyStart, keyEnd, at)
    at = writeVarlong(bytes, valueBytes, at)
    if (valueBytes > 0) at = this.#copy(source, valueStart, valueEnd, at)
    if (encodedHeaders === undefined) bytes[at++] = 0
    else {
      bytes.set(encodedHeaders, at)
      at += encodedHeaders.length
    }
    this.#end = at
    this.#count++
    return true
  }

  /** The finished batch, without producer and checksum: see `stamp`. */
  seal(compression: number, transactional: boolean): Buffer {
    let bytes = this.#bytes.subarray(0, this.#end)
    if (compression !== 0) {
      const body = compress(compression, bytes.subarray(batchHeaderBytes))
      const compressed = Buffer.allocUnsafe(batchHeaderBytes + body.length)
      compressed.set(body, batchHeaderBytes)
      bytes = compressed
    }
    writeBatchHeader(bytes, 0, {
      baseOffset: 0,
      partitionLeaderEpoch: -1,
      magic: 2,
      attributes: compression | (transactional ? transactionalBit : 0),
      lastOffsetDelta: this.#count - 1,
      baseTimestamp: this.#baseTimestampMs,
      maxTimestamp: this.#maxTimestampMs,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      recordCount: this.#count,
    })
    return bytes
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(
      Math.max(this.#end + size, Math.min(this.#bytes.length * 4, this.#sizeMax)),
    )
    this.#bytes.copy(grown, 0, 0, this.#end)
    this.#bytes = grown
    this.#view = viewOf(grown)
  }

  #copy(source: Uint8Array, start: number, end: number, at: number): number {
    const size = end - start
    if (size > loopBytesMax) {
      this.#bytes.set(source.subarray(start, end), at)
      return at + size
    }
    const bytes = this.#bytes
    let from = start
    let to = at
    // A view of what is never seen again would cost more than it saves.
    if (this.#source !== source) {
      this.#source = source
      this.#sourceView = undefined
    } else {
      this.#sourceView ??= viewOf(source)
      const [theirs, ours] = [this.#sourceView, this.#view]
      for (; from + 4 <= end; from += 4, to += 4) ours.setUint32(to, theirs.getUint32(from))
    }
    while (from < end) bytes[to++] = source[from++]!
    return to
  }
}

/** Writes who produced a sealed batch (-1 for nobody) and its checksum, in place. */
export function stamp(
  batch: Buffer,
  producerId: number,
  producerEpoch: number,
  baseSequence: number,
): void {
  batch.writeBigInt64BE(BigInt(producerId), 43)
  batch.writeInt16BE(producerEpoch, 51)
  batch.writeInt32BE(baseSequence, 53)
  sealBatch(batch, 0, batch.length)
}

/** The headers of a record as they stand in it, their count first. */
export function encodeHeaders(headers: readonly RecordHeader[]): Buffer {
  const names = headers.map(({ key }) => Buffer.from(key))
  const size = headers.reduce(
    (sum, { value }, i) => sum + 20 + names[i]!.length + (value?.length ?? 0),
    10,
  )
  const bytes = Buffer.allocUnsafe(size)
  let at = writeVarlong(bytes, headers.length, 0)
  headers.forEach(({ value }, i) => {
    at = writeVarlong(bytes, names[i]!.length, at)
    bytes.set(names[i]!, at)
    at = writeVarlong(bytes, value === null ? -1 : value.length, at + names[i]!.length)
    if (value) {
      bytes.set(value, at)
      at += value.length
    }
  })
  return bytes.subarray(0, at)
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength)
