/**
 * Which partition a record goes to.
 *
 * A key must land where the other clients of the same topic put it: Java and most others hash
 * with murmur2, librdkafka (and so kcat) with CRC-32. Records without a key stick to one
 * partition until a batch is full, because many half-empty batches cost more (KIP-480, KIP-794).
 */
import { createRequire } from 'node:module'

let zlib: typeof import('node:zlib') | undefined
/** node:zlib is loaded with the first key. */
function crc32(key: Uint8Array): number {
  zlib ??= createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib')
  return zlib.crc32(key)
}

export type Partitioner = (key: Uint8Array | null, partitionCount: number) => number | 'sticky'

/** Murmur2 with the seed of Java's client, as a signed 32-bit number. */
export function murmur2(data: Uint8Array): number {
  const m = 0x5bd1e995
  const length = data.length
  let h = 0x9747b28c ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const rest = length & 3
  if (rest >= 3) h ^= data[i + 2]! << 16
  if (rest >= 2) h ^= data[i + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ data[i]!, m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

/** Java's default: murmur2 of the key, made positive; sticky without a key. */
export const murmur2Partitioner: Partitioner = (key, partitionCount) =>
  key === null ? 'sticky' : (murmur2(key) & 0x7fffffff) % partitionCount

/** librdkafka's `consistent_random`: CRC-32 of the key; an empty key counts as none. */
export const crc32Partitioner: Partitioner = (key, partitionCount) =>
  key === null || key.length === 0 ? 'sticky' : crc32(key) % partitionCount

/** librdkafka's `consistent`: an empty key or none is a key too. */
export const crc32OnlyPartitioner: Partitioner = (key, partitionCount) =>
  crc32(key ?? new Uint8Array()) % partitionCount

/** librdkafka's `murmur2` without `_random`: no key is an empty key. */
export const murmur2OnlyPartitioner: Partitioner = (key, partitionCount) =>
  (murmur2(key ?? new Uint8Array()) & 0x7fffffff) % partitionCount

export const randomPartitioner: Partitioner = () => 'sticky'

/** By the names of librdkafka's property `partitioner`; `consistent_random` is its default. */
export const partitioners: Readonly<Record<string, Partitioner>> = {
  random: randomPartitioner,
  consistent: crc32OnlyPartitioner,
  consistent_random: crc32Partitioner,
  murmur2: murmur2OnlyPartitioner,
  murmur2_random: murmur2Partitioner,
}
