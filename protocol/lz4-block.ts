/** Unpacks an LZ4 block without native code, for platforms that the native package has no binary for. */
import { CompressionError } from './compression-error.ts'

export function lz4Block(bytes: Buffer, bytesMax: number): Buffer {
  const out = Buffer.allocUnsafe(bytesMax)
  let to = 0
  let at = 0
  const bad = () => new CompressionError('lz4: the data is corrupt')
  /** A length of 15 goes on in the bytes that follow, until one is not 255. */
  const lengthFrom = (nibble: number): number => {
    let length = nibble
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) {
      if (at >= bytes.length) throw bad()
      byte = bytes[at++]!
    }
    return length
  }
  while (at < bytes.length) {
    const token = bytes[at++]!
    const literals = lengthFrom(token >> 4)
    if (at + literals > bytes.length) throw bad()
    if (to + literals > bytesMax) throw CompressionError.tooLarge('lz4', bytesMax)
    bytes.copy(out, to, at, at + literals)
    at += literals
    to += literals
    if (at === bytes.length) return out.subarray(0, to) // The last sequence has literals only.
    if (at + 2 > bytes.length) throw bad()
    const distance = bytes.readUInt16LE(at)
    at += 2
    const match = lengthFrom(token & 15) + 4
    if (distance === 0 || distance > to) throw bad()
    if (to + match > bytesMax) throw CompressionError.tooLarge('lz4', bytesMax)
    for (let i = 0; i < match; i++, to++) out[to] = out[to - distance]!
  }
  throw bad()
}
