/**
 * `cooperative-sticky` (KIP-429): everybody keeps as much as a fair share allows, and what has to
 * move is given to nobody in this round: its owner gives it back and joins again, and then it is free.
 */
import type { Assignment, Assignor, GroupMemberTopics, TopicPartition } from './assignors.ts'

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`
const less = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export const cooperativeSticky: Assignor = (members, partitionCounts) => {
  const owners = ownersOf(members)
  const byId = [...members].sort((a, b) => less(a.memberId, b.memberId))
  const shares = new Map<string, Map<string, TopicPartition>>()
  for (const { memberId } of byId) shares.set(memberId, new Map())
  const loadOf = (memberId: string) => shares.get(memberId)?.size ?? 0
  const lightest = (topic: string) =>
    byId
      .filter((member) => member.topics.includes(topic))
      .reduce<string | undefined>(
        (best, { memberId }) =>
          best === undefined || loadOf(memberId) < loadOf(best) ? memberId : best,
        undefined,
      )
  const free: TopicPartition[] = []
  for (const [topic, count] of [...partitionCounts].sort(([a], [b]) => less(a, b)))
    for (let partition = 0; partition < count; partition++) {
      const item = { topic, partition }
      const owner = owners.get(keyOf(item))
      const keeps = byId.some((it) => it.memberId === owner && it.topics.includes(topic))
      if (keeps) shares.get(owner!)!.set(keyOf(item), item)
      else free.push(item)
    }
  for (const item of free) {
    const to = lightest(item.topic)
    if (to !== undefined) shares.get(to)!.set(keyOf(item), item)
  }
  balance(shares, lightest)
  return withoutMoves(shares, owners)
}

/** Who has a partition: the claim of the latest generation; two of the same contradict each other. */
function ownersOf(members: readonly GroupMemberTopics[]): Map<string, string> {
  const claims = new Map<string, { memberId: string; generationId: number; disputed: boolean }>()
  for (const { memberId, owned = [], generationId = -1 } of members)
    for (const item of owned) {
      const other = claims.get(keyOf(item))
      if (other === undefined || generationId > other.generationId)
        claims.set(keyOf(item), { memberId, generationId, disputed: false })
      else if (generationId === other.generationId) other.disputed = true
    }
  return new Map(
    [...claims].flatMap(([key, { memberId, disputed }]) => (disputed ? [] : [[key, memberId]])),
  )
}

/**
 * Moves single partitions to members with at least two fewer until there is none to move: each from whoever has most
 * just now, or somebody would give up what another one has to be given later.
 */
function balance(
  shares: Map<string, Map<string, TopicPartition>>,
  lightest: (topic: string) => string | undefined,
): void {
  const moveOne = (): boolean => {
    // The last ones first: what came latest goes.
    for (const share of [...shares.values()].sort((a, b) => b.size - a.size))
      for (const item of [...share.values()].reverse()) {
        const target = shares.get(lightest(item.topic) ?? '')
        if (target === undefined || share.size - target.size < 2) continue
        share.delete(keyOf(item))
        target.set(keyOf(item), item)
        return true
      }
    return false
  }
  while (moveOne());
}

/** What somebody else still has is left out. */
function withoutMoves(
  shares: ReadonlyMap<string, ReadonlyMap<string, TopicPartition>>,
  owners: ReadonlyMap<string, string>,
): Assignment {
  return new Map(
    [...shares].map(([memberId, share]) => [
      memberId,
      [...share.values()].filter((item) => (owners.get(keyOf(item)) ?? memberId) === memberId),
    ]),
  )
}
