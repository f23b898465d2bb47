/**
 * The committed offsets of groups, and those of transactions that are still open (KIP-447): these
 * count when their transaction is committed, unless the partition was committed again since.
 */
export interface CommittedOffset {
  readonly offset: number
  /** -1: not known. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly committedAtMs: number
  /** -1: as the broker is configured. */
  readonly expiresAtMs: number
  /** All zeros when the commit did not name it. */
  readonly topicId: string
  /** Where the commit stands in the log: the later one counts. */
  readonly recordOffset: number
}

export type GroupOffsets = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>

const nothing: GroupOffsets = new Map()

/** Group, topic, partition to a value; empty levels do not stay. */
class OffsetTable<V> {
  readonly groups = new Map<string, Map<string, Map<number, V>>>()

  get(groupId: string, topic: string, partition: number): V | undefined {
    return this.groups.get(groupId)?.get(topic)?.get(partition)
  }

  set(groupId: string, topic: string, partition: number, value: V): void {
    // A commit finds all of it there: names are then hashed once.
    let topics = this.groups.get(groupId)
    if (!topics) {
      topics = new Map()
      this.groups.set(groupId, topics)
    }
    const partitions = topics.get(topic)
    if (partitions) partitions.set(partition, value)
    else topics.set(topic, new Map([[partition, value]]))
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.groups.get(groupId)
    const partitions = topics?.get(topic)
    if (!partitions?.delete(partition) || partitions.size > 0) return
    topics!.delete(topic)
    if (topics!.size === 0) this.groups.delete(groupId)
  }

  *entries(): Generator<[groupId: string, topic: string, partition: number, value: V]> {
    for (const [groupId, topics] of this.groups)
      for (const [topic, partitions] of topics)
        for (const [partition, value] of partitions) yield [groupId, topic, partition, value]
  }
}

export class OffsetStore {
  readonly #committed = new OffsetTable<CommittedOffset>()
  /** By producer id. */
  readonly #pending = new Map<number, OffsetTable<CommittedOffset>>()
  /** The producers that have a pending offset of a partition. */
  readonly #open = new OffsetTable<Set<number>>()

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(groupId, topic, partition)
  }

  ofGroup(groupId: string): GroupOffsets {
    return this.#committed.groups.get(groupId) ?? nothing
  }

  has(groupId: string): boolean {
    return this.#committed.groups.has(groupId)
  }

  isPending(groupId: string, topic: string, partition: number): boolean {
    return this.#open.get(groupId, topic, partition) !== undefined
  }

  hasPending(groupId: string): boolean {
    return this.#open.groups.has(groupId)
  }

  /** Topics and partitions of the group with pending offsets. */
  *pendingOf(groupId: string): Generator<readonly [topic: string, partition: number]> {
    for (const [topic, partitions] of this.#open.groups.get(groupId) ?? [])
      for (const partition of partitions.keys()) yield [topic, partition]
  }

  commit(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    this.#committed.set(groupId, topic, partition, committed)
  }

  commitPending(
    producerId: number,
    groupId: string,
    topic: string,
    partition: number,
    committed: CommittedOffset,
  ): void {
    const pending = this.#pending.get(producerId) ?? new OffsetTable()
    pending.set(groupId, topic, partition, committed)
    this.#pending.set(producerId, pending)
    const producers = this.#open.get(groupId, topic, partition)
    if (producers) producers.add(producerId)
    else this.#open.set(groupId, topic, partition, new Set([producerId]))
  }

  delete(groupId: string, topic: string, partition: number): void {
    this.#committed.delete(groupId, topic, partition)
    for (const producerId of this.#open.get(groupId, topic, partition) ?? [])
      this.#pending.get(producerId)?.delete(groupId, topic, partition)
    this.#open.delete(groupId, topic, partition)
  }

  /** The marker of a transaction. */
  endTransaction(producerId: number, isCommit: boolean): void {
    const pending = this.#pending.get(producerId)
    if (!pending) return
    this.#pending.delete(producerId)
    for (const [groupId, topic, partition, offset] of pending.entries()) {
      const producers = this.#open.get(groupId, topic, partition)
      producers?.delete(producerId)
      if (producers?.size === 0) this.#open.delete(groupId, topic, partition)
      if (!isCommit) continue
      const present = this.#committed.get(groupId, topic, partition)
      if (!present || offset.recordOffset > present.recordOffset)
        this.#committed.set(groupId, topic, partition, offset)
    }
  }

  /** Groups and partitions with an offset of a topic, committed or pending. */
  *ofTopic(
    name: string,
  ): Generator<readonly [groupId: string, partition: number, offset: CommittedOffset]> {
    for (const table of [this.#committed, ...this.#pending.values()])
      for (const [groupId, topics] of table.groups)
        for (const [partition, offset] of topics.get(name) ?? []) yield [groupId, partition, offset]
  }
}
