/**
 * The hash by which a consumer group notices that its topics changed: new partitions, other racks,
 * a topic deleted or made again. Equal to Kafka's (`Utils.computeGroupHash`, `computeTopicHash`).
 */
import type { GroupTopic, GroupTopics } from './topics.ts'
import { xxh3 } from './xxh3.ts'

/** Version of the layout that is hashed. */
const magic = 0

function text(value: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32LE(value.length)
  return Buffer.concat([Buffer.from(value, 'utf16le'), length])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

export function topicHash(topic: GroupTopic): bigint {
  const id = Buffer.from(topic.topicId, 'base64url')
  const parts = [
    Buffer.from([magic]),
    id.subarray(0, 8).reverse(),
    id.subarray(8).reverse(),
    text(topic.name),
    int32(topic.partitionCount),
  ]
  for (let partition = 0; partition < topic.partitionCount; partition++) {
    parts.push(int32(partition))
    for (const rack of [...topic.racks(partition)].sort()) {
      parts.push(int32(rack.length), text(rack))
    }
  }
  return xxh3(Buffer.concat(parts))
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
