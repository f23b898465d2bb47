/**
 * Zigzag varints, as record fields use them (protobuf's `sint32` and `sint64`).
 *
 * A reader is a cursor because a varint gives two results, its value and its end, and records are
 * read too often for an object each time.
 */

/** The input ends within a value, or a value has more bytes than its type allows. */
export class VarintError extends RangeError {}

export class VarintReader {
  bytes: Buffer = Buffer.alloc(0)
  position = 0
  /** Bytes at or behind this position are not read. */
  end = 0

  reset(bytes: Buffer, start = 0, end = bytes.length): void {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  /** An int32 in at most 5 bytes. */
  varint(): number {
    const { bytes, end } = this
    let position = this.position
    let raw = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (position >= end) throw new VarintError('The bytes end within a varint')
      const byte = bytes[position++]!
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.position = position
        return (raw >>> 1) ^ -(raw & 1)
      }
    }
    throw new VarintError('A varint is longer than 5 bytes')
  }

  /** An int64 in at most 10 bytes; beyond 2^53 the nearest number. */
  varlong(): number {
    const { bytes, end } = this
    let position = this.position
    let low = 0 // The lowest 28 bits.
    let high = 0 // All others.
    for (let i = 0; i < 10; i++) {
      if (position >= end) throw new VarintError('The bytes end within a varlong')
      const byte = bytes[position++]!
      if (i < 4) low |= (byte & 0x7f) << (7 * i)
      else high += (byte & 0x7f) * 2 ** (7 * i - 28)
      if (byte < 0x80) {
        this.position = position
        if (high === 0) return (low >>> 1) ^ -(low & 1)
        const half = high * 2 ** 27 + (low >>> 1)
        return low & 1 ? -half - 1 : half
      }
    }
    throw new VarintError('A varlong is longer than 10 bytes')
  }
}

/** Bytes that an int32 or an int64 takes. */
export function varlongSize(value: number): number {
  if (value >= -0x40 && value < 0x40) return 1
  let rest = Math.floor((value < 0 ? -value - 1 : value) / 0x40)
  let size = 1
  for (; rest > 0; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Writes an int32 or an int64; returns the position behind it. */
export function writeVarlong(bytes: Buffer, value: number, at: number): number {
  if (value >= -0x40 && value < 0x40) {
    bytes[at] = (value << 1) ^ (value >> 31)
    return at + 1
  }
  // Doubling the value, as zigzag is defined, would lose the lowest bit beyond 2^52.
  const half = value < 0 ? -value - 1 : value
  let low = (half % 0x40) * 2 + (value < 0 ? 1 : 0)
  let rest = Math.floor(half / 0x40)
  let position = at
  for (; rest > 0; rest = Math.floor(rest / 0x80)) {
    bytes[position++] = low | 0x80
    low = rest % 0x80
  }
  bytes[position++] = low
  return position
}
