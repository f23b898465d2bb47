/**
 * `range`: each topic is cut into consecutive ranges, one for each subscriber, so that partitions
 * with the same number in several topics go to the same member. Static members come first, in the
 * order of their instance ids, and so keep their ranges. Gives what Kafka's RangeAssignor gives.
 */
import type { Assignment, GroupSpec, MemberSpec, Work } from './assignment.ts'

interface Cut {
  readonly partitionCount: number
  subscribers: number
  next: number
  extra: number
}

export function* assignRange(group: GroupSpec): Work<Map<string, Assignment>> {
  const members = [...group.members].sort(byInstanceThenMember)
  const cuts = new Map<string, Cut>()
  for (const [, { topicIds }] of members) {
    for (const topicId of topicIds) {
      const cut = cuts.get(topicId)
      if (cut) cut.subscribers++
      else
        cuts.set(topicId, {
          partitionCount: group.partitionCount(topicId),
          subscribers: 1,
          next: 0,
          extra: 0,
        })
    }
    yield topicIds.size
  }
  for (const cut of cuts.values()) cut.extra = cut.partitionCount % cut.subscribers
  const assigned = new Map<string, Assignment>()
  for (const [memberId, { topicIds }] of members) {
    const assignment = new Map<string, number[]>()
    let done = 1
    for (const topicId of topicIds) {
      const range = nextRange(cuts.get(topicId)!)
      if (range.length > 0) assignment.set(topicId, range)
      done += 1 + range.length
    }
    assigned.set(memberId, assignment)
    yield done
  }
  return assigned
}

function nextRange(cut: Cut): number[] {
  const size = Math.floor(cut.partitionCount / cut.subscribers) + (cut.extra > 0 ? 1 : 0)
  if (cut.extra > 0) cut.extra--
  const start = cut.next
  cut.next = Math.min(start + size, cut.partitionCount)
  return Array.from({ length: cut.next - start }, (_, i) => start + i)
}

function byInstanceThenMember(
  [a, { instanceId: instanceA }]: [string, MemberSpec],
  [b, { instanceId: instanceB }]: [string, MemberSpec],
): number {
  if (instanceA !== null && instanceB !== null) return instanceA < instanceB ? -1 : 1
  if (instanceA !== null) return -1
  if (instanceB !== null) return 1
  return a < b ? -1 : 1
}
