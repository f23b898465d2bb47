/** Who reads which partition of a classic group: Kafka's `range`, `roundrobin` and `cooperative-sticky`, decided by the leader. */
import { cooperativeSticky } from './cooperative-sticky.ts'

export interface GroupMemberTopics {
  readonly memberId: string
  /** Static members keep their place in the order by it (KIP-345). */
  readonly groupInstanceId: string | null
  readonly topics: readonly string[]
  /** What it has and keeps while it joins again; only under the cooperative protocol. */
  readonly owned?: readonly TopicPartition[] | undefined
  /** The generation in which it got that; -1 when it does not know. */
  readonly generationId?: number | undefined
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export type Assignment = Map<string, TopicPartition[]>
export type Assignor = (
  members: readonly GroupMemberTopics[],
  partitionCounts: ReadonlyMap<string, number>,
) => Assignment

/** Static members by instance id first, then the others by member id, as Java sorts them. */
export function sorted(members: readonly GroupMemberTopics[]): GroupMemberTopics[] {
  const less = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return [...members].sort((a, b) => {
    if (a.groupInstanceId !== null && b.groupInstanceId !== null)
      return less(a.groupInstanceId, b.groupInstanceId)
    if (a.groupInstanceId !== null) return -1
    if (b.groupInstanceId !== null) return 1
    return less(a.memberId, b.memberId)
  })
}

/** For each topic a stretch of partitions to each of its members; the first get one more. */
export const range: Assignor = (members, partitionCounts) => {
  const assignment: Assignment = new Map(members.map(({ memberId }) => [memberId, []]))
  for (const [topic, count] of [...partitionCounts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const theirs = sorted(members.filter(({ topics }) => topics.includes(topic)))
    let next = 0
    theirs.forEach(({ memberId }, i) => {
      const share = Math.floor(count / theirs.length) + (i < count % theirs.length ? 1 : 0)
      for (let n = 0; n < share; n++) assignment.get(memberId)!.push({ topic, partition: next++ })
    })
  }
  return assignment
}

/** All partitions of all topics, dealt like cards. */
export const roundRobin: Assignor = (members, partitionCounts) => {
  const assignment: Assignment = new Map(members.map(({ memberId }) => [memberId, []]))
  const order = sorted(members)
  let turn = 0
  for (const [topic, count] of [...partitionCounts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!order.some(({ topics }) => topics.includes(topic))) continue
    for (let partition = 0; partition < count; partition++) {
      while (!order[turn % order.length]!.topics.includes(topic)) turn++
      assignment.get(order[turn++ % order.length]!.memberId)!.push({ topic, partition })
    }
  }
  return assignment
}

export const assignors: Readonly<Record<string, Assignor>> = {
  range,
  roundrobin: roundRobin,
  'cooperative-sticky': cooperativeSticky,
}

/** Members keep what they have during a rebalance, and give back only what moves (KIP-429). */
export const isCooperative = (name: string): boolean => name === 'cooperative-sticky'
