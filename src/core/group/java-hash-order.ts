/**
 * The order in which Java's HashMap and HashSet give their keys.
 *
 * Kafka's assignors go through members, topics and partitions in this order, and it decides who
 * gets the odd partition. With the same order the same inputs give the same assignment, so a group
 * that moves between Kafka and us moves no partition. Keys in one bucket keep the order of
 * insertion; buckets so full that Java makes trees of them are not imitated.
 */

/** Java's `String.hashCode`. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** Kafka's `Uuid.hashCode`, of the text form. */
export function javaUuidHash(uuid: string): number {
  const bytes = Buffer.from(uuid, 'base64url')
  return (
    bytes.readInt32BE(0) ^ bytes.readInt32BE(8) ^ (bytes.readInt32BE(4) ^ bytes.readInt32BE(12))
  )
}

/** Kafka's `Uuid.compareTo`: two signed numbers, the upper one first. */
export function compareUuids(a: string, b: string): number {
  const left = Buffer.from(a, 'base64url')
  const right = Buffer.from(b, 'base64url')
  for (const at of [0, 8]) {
    const x = left.readBigInt64BE(at)
    const y = right.readBigInt64BE(at)
    if (x !== y) return x < y ? -1 : 1
  }
  return 0
}

/** Keys that were put one by one into a map, of default size unless told. */
export function hashMapOrder<K>(
  keys: readonly K[],
  hash: (key: K) => number,
  initialCapacity = 16,
): K[] {
  let capacity = initialCapacity
  while (keys.length > capacity * 0.75) capacity *= 2
  return inBuckets(keys, hash, capacity)
}

/** Keys of a set that was made from a collection. */
export function hashSetOrder<K>(keys: readonly K[], hash: (key: K) => number): K[] {
  const wanted = Math.max(Math.floor(keys.length / 0.75) + 1, 16)
  let capacity = 16
  while (capacity < wanted) capacity *= 2
  return inBuckets(keys, hash, capacity)
}

function inBuckets<K>(keys: readonly K[], hash: (key: K) => number, capacity: number): K[] {
  return keys
    .map((key) => {
      const h = hash(key)
      return { key, bucket: (h ^ (h >>> 16)) & (capacity - 1) }
    })
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ key }) => key)
}
