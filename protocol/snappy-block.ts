/**
 * Raw snappy (google/snappy, format_description.txt) without native code, for platforms that the native
 * package has no binary for. Packing stores the bytes as they are, which is legal.
 */
import { CompressionError } from './compression-error.ts'

/** The unpacked size, which stands in front as a varint. */
export function snappySizeOf(bytes: Buffer): number {
  return preamble(bytes).size
}

function preamble(bytes: Buffer): { size: number; end: number } {
  let size = 0
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    size += (bytes[i]! & 0x7f) * 2 ** (7 * i)
    if (bytes[i]! < 0x80) return { size, end: i + 1 }
  }
  throw new CompressionError('snappy: the size is cut off')
}

export function snappyBlock(bytes: Buffer): Buffer {
  const { size, end } = preamble(bytes)
  const out = Buffer.allocUnsafe(size)
  let to = 0
  let at = end
  const bad = () => new CompressionError('snappy: the data is corrupt')
  while (at < bytes.length) {
    const tag = bytes[at++]!
    let length = (tag >> 2) + 1
    if ((tag & 3) === 0) {
      if (length > 60) {
        const extra = length - 60
        if (at + extra > bytes.length) throw bad()
        length = bytes.readUIntLE(at, extra) + 1
        at += extra
      }
      if (at + length > bytes.length || to + length > size) throw bad()
      bytes.copy(out, to, at, at + length)
      at += length
      to += length
      continue
    }
    const extra = (tag & 3) === 3 ? 4 : tag & 3
    if (at + extra > bytes.length) throw bad()
    let distance = bytes.readUIntLE(at, extra)
    at += extra
    if (extra === 1) {
      length = ((tag >> 2) & 7) + 4
      distance += (tag >> 5) << 8
    }
    if (distance === 0 || distance > to || to + length > size) throw bad()
    for (let i = 0; i < length; i++, to++) out[to] = out[to - distance]!
  }
  if (to !== size) throw bad()
  return out
}

export function snappyLiterals(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  const size: number[] = []
  let rest = bytes.length
  for (; rest >= 0x80; rest >>>= 7) size.push((rest & 0x7f) | 0x80)
  parts.push(Buffer.from([...size, rest]))
  for (let at = 0; at < bytes.length; at += 65536) {
    const literal = bytes.subarray(at, at + 65536)
    const tag = Buffer.from([61 << 2, 0, 0])
    tag.writeUInt16LE(literal.length - 1, 1)
    parts.push(tag, literal)
  }
  return Buffer.concat(parts)
}
