/**
 * The `uniform` assignor for members with different subscriptions. Gives what Kafka's
 * UniformHeterogeneousAssignmentBuilder gives.
 *
 * Free partitions go to the least loaded subscriber, topics with most partitions per subscriber
 * first. Then, topic by topic, partitions move from the most to the least loaded subscriber until
 * no topic can improve, at most `roundsMax` times over all topics.
 */
import type { Assignment, GroupSpec, Work } from './assignment.ts'
import { compareUuids, hashMapOrder, javaUuidHash } from './java-hash-order.ts'
import { LoadOrder } from './load-order.ts'

/** Kafka's bound. Each round improves the balance, but a round over all topics costs its time. */
const roundsMax = 16

interface Topic {
  readonly topicId: string
  readonly subscribers: number[]
  /** Index of the member that shall have each partition; -1 for nobody. */
  readonly owners: Int32Array
}

const costOf = ({ owners, subscribers }: Topic) => owners.length + subscribers.length

export function* assignUniformMixed(group: GroupSpec): Work<Map<string, Assignment>> {
  const balance = new MixedBalance(group)
  yield* balance.take(group)
  return yield* balance.assign()
}

class MixedBalance {
  readonly #memberIds: string[]
  readonly #topics = new Map<string, Topic>()
  readonly #loads: number[]
  readonly #order: LoadOrder
  readonly #before: Assignment[]
  readonly #changed = new Set<number>()

  constructor(group: GroupSpec) {
    this.#memberIds = [...group.members.keys()]
    this.#loads = this.#memberIds.map(() => 0)
    this.#order = new LoadOrder(this.#loads)
    this.#before = [...group.members.values()].map(({ assigned }) => assigned)
  }

  *take(group: GroupSpec): Work<void> {
    let index = 0
    for (const { topicIds } of group.members.values()) {
      for (const topicId of topicIds) {
        const topic = this.#topics.get(topicId)
        if (topic) topic.subscribers.push(index)
        else
          this.#topics.set(topicId, {
            topicId,
            subscribers: [index],
            owners: new Int32Array(group.partitionCount(topicId)).fill(-1),
          })
      }
      index++
      yield 1 + topicIds.size
    }
    yield* this.#keepSubscribed(group)
  }

  *assign(): Work<Map<string, Assignment>> {
    if (this.#topics.size === 0) return new Map()
    const topics = this.#sorted()
    for (const topic of topics) {
      this.#assignFree(topic)
      yield costOf(topic)
    }
    const shared = topics.filter(({ subscribers }) => subscribers.length >= 2)
    if (shared.length > 0) yield* this.#balance(shared)
    return yield* this.#result()
  }

  *#keepSubscribed(group: GroupSpec): Work<void> {
    let index = 0
    for (const { topicIds, assigned } of group.members.values()) {
      for (const [topicId, partitions] of assigned) {
        if (topicIds.has(topicId)) {
          this.#loads[index] = this.#loads[index]! + partitions.length
          const { owners } = this.#topics.get(topicId)!
          for (const partition of partitions) owners[partition] = index
        } else {
          this.#changed.add(index)
        }
      }
      index++
      yield 1 + assigned.size
    }
  }

  #sorted(): Topic[] {
    const topics = hashMapOrder([...this.#topics.keys()], javaUuidHash)
    return topics
      .map((topicId) => this.#topics.get(topicId)!)
      .sort(
        (a, b) =>
          b.owners.length / b.subscribers.length - a.owners.length / a.subscribers.length ||
          a.subscribers.length - b.subscribers.length ||
          compareUuids(a.topicId, b.topicId),
      )
  }

  #assignFree(topic: Topic): void {
    if (!topic.owners.includes(-1)) return
    this.#order.start(topic.subscribers)
    topic.owners.forEach((owner, partition) => {
      if (owner === -1) this.#give(topic, partition, this.#order.nextLeastLoaded())
    })
  }

  *#balance(topics: Topic[]): Work<void> {
    let lastChanged = -1
    for (let round = 0; round < roundsMax; round++) {
      for (let i = 0; i < topics.length; i++) {
        if (i === lastChanged) return
        if (this.#balanceTopic(topics[i]!) > 0 || lastChanged === -1) lastChanged = i
        yield costOf(topics[i]!)
      }
    }
  }

  /** Returns how many partitions moved. */
  #balanceTopic(topic: Topic): number {
    if (this.#order.start(topic.subscribers) <= 1) return 0
    const held = new Map<number, number[]>()
    topic.owners.forEach((owner, partition) => {
      const partitions = held.get(owner)
      if (partitions) partitions.push(partition)
      else held.set(owner, [partition])
    })
    let moved = 0
    while (!this.#order.isBalanced()) {
      let most = this.#order.nextMostLoaded()
      while (most !== -1 && !held.get(most)?.length) {
        this.#order.excludeMostLoaded()
        most = this.#order.nextMostLoaded()
      }
      if (most === -1) break
      const partition = held.get(most)!.pop()!
      const least = this.#order.nextLeastLoaded()
      if (this.#order.isBalanced()) break
      this.#give(topic, partition, least)
      moved++
    }
    return moved
  }

  #give(topic: Topic, partition: number, member: number): void {
    const before = topic.owners[partition]!
    if (before !== -1) {
      this.#loads[before] = this.#loads[before]! - 1
      this.#changed.add(before)
    }
    topic.owners[partition] = member
    this.#loads[member] = this.#loads[member]! + 1
    this.#changed.add(member)
  }

  *#result(): Work<Map<string, Assignment>> {
    const built = this.#memberIds.map(() => new Map<string, number[]>())
    for (const { topicId, owners } of this.#topics.values()) {
      owners.forEach((owner, partition) => {
        if (!this.#changed.has(owner)) return
        const partitions = built[owner]!.get(topicId)
        if (partitions) partitions.push(partition)
        else built[owner]!.set(topicId, [partition])
      })
      yield owners.length
    }
    return new Map(
      this.#memberIds.map((memberId, index) => [
        memberId,
        this.#changed.has(index) ? built[index]! : this.#before[index]!,
      ]),
    )
  }
}
