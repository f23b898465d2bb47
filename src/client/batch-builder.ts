/**
 * Builds one record batch (format v2) while its records arrive.
 *
 * Records are written where they will be sent from: nothing is kept for each of them, which is
 * what makes a million lines a second possible. `seal` compresses and fills in the header;
 * `stamp` writes producer id, epoch and sequence and the checksum, again for each new epoch.
 */
import { compress } from '../../protocol/compression.ts'
import { crc32c } from '../../protocol/crc32c.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

const headerBytes = 61
const startBytes = 4096
/** Copying fewer bytes one by one is faster than a call of `copy`. */
const copyBytesMin = 24
/** Length, attributes and deltas of a record, and lengths of key and value, at their longest. */
const recordOverheadBytesMax = 36
const transactionalBit = 0x10

export class BatchBuilder {
  readonly #sizeMax: number
  #bytes: Buffer
  #end = headerBytes
  #count = 0
  #baseTimestampMs = 0
  #maxTimestampMs = 0

  /** `sizeMax` in bytes, before compression; one record alone may be larger. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
    this.#bytes = Buffer.allocUnsafe(startBytes)
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
    const room =
      Math.max(0, keyBytes) + Math.max(0, valueBytes) + (encodedHeaders?.length ?? 1)
    if (this.#count > 0 && this.#end + room + recordOverheadBytesMax > this.#sizeMax) return false
    this.#reserve(room + recordOverheadBytesMax)
    if (this.#count === 0) this.#baseTimestampMs = this.#maxTimestampMs = timestampMs
    else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
    const delta = timestampMs - this.#baseTimestampMs
    const bodyBytes =
      1 +
      varintBytes(delta) +
      varintBytes(this.#count) +
      varintBytes(keyBytes) +
      varintBytes(valueBytes) +
      room
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#end, bodyBytes)
    bytes[at++] = 0
    at = writeVarint(bytes, at, delta)
    at = writeVarint(bytes, at, this.#count)
    at = writeVarint(bytes, at, keyBytes)
    if (keyBytes > 0) at = copyRange(source, keyStart, keyEnd, bytes, at)
    at = writeVarint(bytes, at, valueBytes)
    if (valueBytes > 0) at = copyRange(source, valueStart, valueEnd, bytes, at)
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
      const body = compress(compression, bytes.subarray(headerBytes))
      const compressed = Buffer.allocUnsafe(headerBytes + body.length)
      compressed.set(body, headerBytes)
      bytes = compressed
    }
    bytes.writeBigInt64BE(0n, 0)
    bytes.writeInt32BE(bytes.length - 12, 8)
    bytes.writeInt32BE(-1, 12)
    bytes[16] = 2
    bytes.writeInt16BE(compression | (transactional ? transactionalBit : 0), 21)
    bytes.writeInt32BE(this.#count - 1, 23)
    bytes.writeBigInt64BE(BigInt(this.#baseTimestampMs), 27)
    bytes.writeBigInt64BE(BigInt(this.#maxTimestampMs), 35)
    bytes.writeInt32BE(this.#count, 57)
    return bytes
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(
      Math.max(this.#end + size, Math.min(this.#bytes.length * 4, this.#sizeMax)),
    )
    this.#bytes.copy(grown, 0, 0, this.#end)
    this.#bytes = grown
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
  batch.writeUInt32BE(crc32c(batch.subarray(21)) >>> 0, 17)
}

/** The headers of a record as they stand in it, their count first. */
export function encodeHeaders(headers: readonly RecordHeader[]): Buffer {
  const names = headers.map(({ key }) => Buffer.from(key))
  const size = headers.reduce(
    (sum, { value }, i) => sum + 20 + names[i]!.length + (value?.length ?? 0),
    10,
  )
  const bytes = Buffer.allocUnsafe(size)
  let at = writeVarint(bytes, 0, headers.length)
  headers.forEach(({ value }, i) => {
    at = writeVarint(bytes, at, names[i]!.length)
    bytes.set(names[i]!, at)
    at = writeVarint(bytes, at + names[i]!.length, value === null ? -1 : value.length)
    if (value) {
      bytes.set(value, at)
      at += value.length
    }
  })
  return bytes.subarray(0, at)
}

function copyRange(from: Uint8Array, start: number, end: number, to: Buffer, at: number): number {
  const size = end - start
  if (size >= copyBytesMin) to.set(from.subarray(start, end), at)
  else for (let i = 0; i < size; i++) to[at + i] = from[start + i]!
  return at + size
}

/** Zigzag varint; numbers beyond 32 bits (timestamps far apart) take the slow way. */
function writeVarint(bytes: Buffer, at: number, value: number): number {
  let position = at
  if (value >= -0x40000000 && value <= 0x3fffffff) {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest > 0x7f) {
      bytes[position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[position++] = rest
    return position
  }
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  while (rest > 0x7f) {
    bytes[position++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[position++] = rest
  return position
}

function varintBytes(value: number): number {
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  let size = 1
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++
  return size
}
