/**
 * MurmurHash3 (x86, 128 bits) of a key, for the map of compaction, which keeps hashes instead of keys.
 *
 * 128 bits make two different keys of one log with the same hash as unlikely as with Kafka's MD5. Neither
 * holds against somebody who looks for such keys; all he could remove that way is his own records.
 */

const c1 = 0x239b961b
const c2 = 0xab0e9789 | 0
const c3 = 0x38b34ae5
const c4 = 0xa1e38b93 | 0

/** Puts the four words of the hash to `into`. */
export function hashKey(
  bytes: Buffer,
  start: number,
  length: number,
  seed: number,
  into: Int32Array,
): void {
  let h1 = seed
  let h2 = seed
  let h3 = seed
  let h4 = seed
  const blocksEnd = start + (length & ~15)
  for (let at = start; at < blocksEnd; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(word(bytes, at), c1), 15), c2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(word(bytes, at + 4), c2), 16), c3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(word(bytes, at + 8), c3), 17), c4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(word(bytes, at + 12), c4), 18), c1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  const rest = length & 15
  if (rest > 12)
    h4 ^= Math.imul(rotate(Math.imul(partOf(bytes, blocksEnd + 12, rest - 12), c4), 18), c1)
  if (rest > 8)
    h3 ^= Math.imul(rotate(Math.imul(partOf(bytes, blocksEnd + 8, rest - 8), c3), 17), c4)
  if (rest > 4)
    h2 ^= Math.imul(rotate(Math.imul(partOf(bytes, blocksEnd + 4, rest - 4), c2), 16), c3)
  if (rest > 0) h1 ^= Math.imul(rotate(Math.imul(partOf(bytes, blocksEnd, rest), c1), 15), c2)
  finish(h1 ^ length, h2 ^ length, h3 ^ length, h4 ^ length, into)
}

function finish(a: number, b: number, c: number, d: number, into: Int32Array): void {
  const sum = a + b + c + d
  const h1 = mix(sum)
  const h2 = mix(b + sum)
  const h3 = mix(c + sum)
  const h4 = mix(d + sum)
  const total = h1 + h2 + h3 + h4
  into[0] = total
  into[1] = h2 + total
  into[2] = h3 + total
  into[3] = h4 + total
}

function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function word(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** The first `count` bytes of a word, at most 4. */
function partOf(bytes: Buffer, at: number, count: number): number {
  let value = 0
  for (let i = Math.min(count, 4) - 1; i >= 0; i--) value = (value << 8) | bytes[at + i]!
  return value
}
