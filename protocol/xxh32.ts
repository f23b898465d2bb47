/** XXH32 with seed 0 (xxhash_spec.md): the checksum inside LZ4 frames. */
const prime1 = 0x9e3779b1
const prime2 = 0x85ebca77
const prime3 = 0xc2b2ae3d
const prime4 = 0x27d4eb2f
const prime5 = 0x165667b1

export function xxh32(bytes: Buffer): number {
  let at = 0
  let hash = prime5
  if (bytes.length >= 16) {
    let a = prime1 + prime2
    let b = prime2
    let c = 0
    let d = -prime1
    for (; at + 16 <= bytes.length; at += 16) {
      a = round(a, bytes.readInt32LE(at))
      b = round(b, bytes.readInt32LE(at + 4))
      c = round(c, bytes.readInt32LE(at + 8))
      d = round(d, bytes.readInt32LE(at + 12))
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)
  }
  hash += bytes.length
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(rotate(hash + Math.imul(bytes.readInt32LE(at), prime3), 17), prime4)
  for (; at < bytes.length; at++)
    hash = Math.imul(rotate(hash + Math.imul(bytes[at]!, prime5), 11), prime1)
  hash = Math.imul(hash ^ (hash >>> 15), prime2)
  hash = Math.imul(hash ^ (hash >>> 13), prime3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function round(sum: number, word: number): number {
  return Math.imul(rotate(sum + Math.imul(word, prime2), 13), prime1)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
