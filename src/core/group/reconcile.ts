/**
 * How one member of a consumer group moves to its target assignment (KIP-848, Kafka's
 * CurrentAssignmentBuilder). First it loses what is not in the target, and stays at its epoch until
 * it has confirmed that; then it is at the epoch of the target and gets, of what the target adds,
 * everything that no other member holds any more; the rest follows as the others let go.
 */

import { ErrorCode } from '../../../protocol/errors.ts'
import type { Assignment } from './assignment.ts'
import {
  type ConsumerMember,
  memberStates,
  noOwned,
  type OwnedPartitions,
} from './consumer-member.ts'
import { Refusal } from './refusal.ts'

/** What the member says it has; `null`: as it said last. */
export type ReportedPartitions =
  | readonly { readonly topicId: string; readonly partitions: readonly number[] }[]
  | null

export interface Reconciliation {
  readonly targetEpoch: number
  readonly target: Assignment
  readonly subscriptionChanged: boolean
  /** Topics the member is subscribed to that exist. */
  isSubscribedTo(topicId: string): boolean
  /** -1 when nobody holds the partition. */
  holderEpoch(topicId: string, partition: number): number
  readonly reported: ReportedPartitions
}

/** The member as it is next; the same object when nothing changes. */
export function reconcile(member: ConsumerMember, to: Reconciliation): ConsumerMember {
  switch (member.state) {
    case memberStates.stable:
      if (member.memberEpoch !== to.targetEpoch) return advance(member, to)
      return to.subscriptionChanged ? dropUnsubscribed(member, to) : member
    case memberStates.unrevoked:
      if (!stillHas(to.reported, member.revoking)) return advance(member, to)
      return to.subscriptionChanged ? dropUnsubscribed(member, to) : member
    case memberStates.unreleased:
      return advance(member, to)
    default:
      // A state of a later version: the member starts anew.
      if (to.reported === null || to.reported.length > 0)
        throw new Refusal(
          ErrorCode.FENCED_MEMBER_EPOCH,
          `Member ${member.memberId} is in an unknown state: it must give up its partitions and join again`,
        )
      return advance(member, to)
  }
}

function stillHas(reported: ReportedPartitions, revoking: OwnedPartitions): boolean {
  if (reported === null) return true
  return reported.some(({ topicId, partitions }) => {
    const lost = revoking.get(topicId)
    return lost !== undefined && partitions.some((partition) => lost.has(partition))
  })
}

/** Takes topics away that the member has unsubscribed from, while its epoch stays. */
function dropUnsubscribed(member: ConsumerMember, to: Reconciliation): ConsumerMember {
  const assigned = new Map(member.assigned)
  const revoking = new Map(member.revoking)
  for (const [topicId, partitions] of member.assigned) {
    if (to.isSubscribedTo(topicId)) continue
    assigned.delete(topicId)
    revoking.set(topicId, new Map([...(revoking.get(topicId) ?? []), ...partitions]))
  }
  if (assigned.size === member.assigned.size) return member
  const atSameEpoch = { ...member, assigned, previousMemberEpoch: member.memberEpoch }
  return stillHas(to.reported, revoking)
    ? { ...atSameEpoch, state: memberStates.unrevoked, revoking }
    : atSameEpoch
}

function advance(member: ConsumerMember, to: Reconciliation): ConsumerMember {
  const kept = new Map<string, Map<number, number>>()
  const revoking = new Map<string, Map<number, number>>()
  const added = new Map<string, number[]>()
  let someAreHeld = false
  for (const topicId of new Set([...to.target.keys(), ...member.assigned.keys()])) {
    const owned = member.assigned.get(topicId)
    const target = to.isSubscribedTo(topicId) ? (to.target.get(topicId) ?? []) : []
    const targeted = new Set(target)
    for (const [partition, epoch] of owned ?? [])
      put(targeted.has(partition) ? kept : revoking, topicId, partition, epoch)
    for (const partition of target) {
      if (owned?.has(partition)) continue
      const heldByOther =
        to.holderEpoch(topicId, partition) !== -1 && !member.revoking.get(topicId)?.has(partition)
      if (heldByOther) someAreHeld = true
      else if (added.has(topicId)) added.get(topicId)!.push(partition)
      else added.set(topicId, [partition])
    }
  }
  if (revoking.size > 0 && stillHas(to.reported, revoking))
    return {
      ...member,
      state: memberStates.unrevoked,
      previousMemberEpoch: member.memberEpoch,
      assigned: kept,
      revoking,
    }
  for (const [topicId, partitions] of added)
    for (const partition of partitions) put(kept, topicId, partition, to.targetEpoch)
  return {
    ...member,
    state: someAreHeld ? memberStates.unreleased : memberStates.stable,
    memberEpoch: to.targetEpoch,
    previousMemberEpoch: member.memberEpoch,
    assigned: kept,
    revoking: noOwned,
  }
}

function put(
  owned: Map<string, Map<number, number>>,
  topicId: string,
  partition: number,
  epoch: number,
): void {
  const partitions = owned.get(topicId)
  if (partitions) partitions.set(partition, epoch)
  else owned.set(topicId, new Map([[partition, epoch]]))
}
