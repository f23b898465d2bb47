/**
 * The hash by which a consumer group notices that its topics changed: new partitions, other racks,
 * a topic deleted or made again. Equal to Kafka's (`Utils.computeGroupHash`, `computeTopicHash`).
 */
import type { GroupTopic, GroupTopics } from './topics.ts'
import { xxh3 } from './xxh3.ts'

/** Version of the layout that is hashed. */
const magic = 0

const lengthBytes = 4
const textBytes = (value: string) => 2 * value.length + lengthBytes

/** One buffer, written once: a topic may have ten thousand partitions. */
export function topicHash(topic: GroupTopic): bigint {
  const { topicId, name, partitionCount } = topic
  const racks = Array.from({ length: partitionCount }, (_, partition) =>
    [...topic.racks(partition)].sort(),
  )
  let size = 1 + 16 + textBytes(name) + lengthBytes + lengthBytes * partitionCount
  for (const ofPartition of racks)
    for (const rack of ofPartition) size += lengthBytes + textBytes(rack)
  const bytes = Buffer.from(new ArrayBuffer(size))
  // Not by Buffer's methods: they take many times longer until they are compiled.
  const view = new DataView(bytes.buffer)
  let at = 0
  const int32 = (value: number) => {
    view.setInt32(at, value, true)
    at += lengthBytes
  }
  const text = (value: string) => {
    at += bytes.write(value, at, 'utf16le')
    int32(value.length)
  }
  bytes[at++] = magic
  const id = Buffer.from(topicId, 'base64url')
  for (const half of [0, 8])
    at += id
      .subarray(half, half + 8)
      .reverse()
      .copy(bytes, at)
  text(name)
  int32(partitionCount)
  racks.forEach((ofPartition, partition) => {
    int32(partition)
    for (const rack of ofPartition) {
      int32(rack.length)
      text(rack)
    }
  })
  return xxh3(bytes)
}

/** 0 when no topic exists. */
export function groupHash(hashes: ReadonlyMap<string, bigint>): bigint {
  if (hashes.size === 0) return 0n
  const names = [...hashes.keys()].sort()
  const bytes = Buffer.alloc(8 * names.length)
  names.forEach((name, i) => {
    bytes.writeBigInt64LE(hashes.get(name)!, 8 * i)
  })
  return xxh3(bytes)
}

/** Hashes of topics, each computed once until the topic changes. */
export class TopicHashes {
  readonly #hashes = new Map<string, bigint>()
  readonly #topics: () => GroupTopics

  constructor(topics: () => GroupTopics) {
    this.#topics = topics
  }

  /** Topics that do not exist do not count. */
  ofGroup(names: Iterable<string>): bigint {
    const hashes = new Map<string, bigint>()
    for (const name of names) {
      const topic = this.#topics().byName(name)
      if (topic) hashes.set(name, this.#ofTopic(topic))
    }
    return groupHash(hashes)
  }

  forget(name: string): void {
    this.#hashes.delete(name)
  }

  #ofTopic(topic: GroupTopic): bigint {
    const known = this.#hashes.get(topic.name)
    if (known !== undefined) return known
    const hash = topicHash(topic)
    this.#hashes.set(topic.name, hash)
    return hash
  }
}
