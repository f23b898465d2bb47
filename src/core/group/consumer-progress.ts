/** A member's way to the target assignment of its group, which is computed when it is out of date. */
import type { Assignment, Assignor, MemberSpec } from './assignment.ts'
import { noPartitions, sameAssignment } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import {
  type ConsumerMember,
  isReconciledTo,
  memberStates,
  sameProgress,
} from './consumer-member.ts'
import { currentRecord, targetEpochRecord, targetRecord } from './consumer-records.ts'
import type { MemberChange, SubscriptionOutcome } from './consumer-subscription.ts'
import { cancelMember, setDue } from './due.ts'
import { hashMapOrder, javaStringHash } from './java-hash-order.ts'
import { assignRange } from './range-assignor.ts'
import { type ReportedPartitions, reconcile } from './reconcile.ts'
import type { AssignorName } from './settings.ts'
import type { GroupState } from './state.ts'
import type { Subscriptions } from './subscriptions.ts'
import { assignUniform } from './uniform-assignor.ts'

export interface Target {
  readonly epoch: number
  readonly assignment: Assignment
}

const assignors: Record<AssignorName, Assignor> = { uniform: assignUniform, range: assignRange }

/** Returns the member after it moved as far as it can. */
export function moveOn(
  change: MemberChange,
  outcome: SubscriptionOutcome,
  reported: ReportedPartitions,
): ConsumerMember {
  return moveTo(change, nextTarget(change, outcome), outcome.subscriptionChanged, reported)
}

export function moveTo(
  { state, group, draft, after }: MemberChange,
  target: Target,
  subscriptionChanged: boolean,
  reported: ReportedPartitions,
): ConsumerMember {
  if (!subscriptionChanged && isReconciledTo(after, target.epoch)) return after
  const { groupId } = group
  const topics = group.subscriptions.of(after)
  const member = reconcile(after, {
    targetEpoch: target.epoch,
    target: target.assignment,
    subscriptionChanged,
    isSubscribedTo: (topicId) => topics.has(state.topics.byId(topicId)?.name ?? ''),
    holderEpoch: (topicId, partition) => group.holderEpoch(topicId, partition),
    reported,
  })
  if (sameProgress(member, after)) return member
  draft.records.push(currentRecord(groupId, member))
  if (member.classic === null) watchRevocation(state, groupId, member, draft.nowMs)
  return member
}

/** A member that does not give up partitions within its rebalance timeout is put out. */
export function watchRevocation(
  state: GroupState,
  groupId: string,
  member: ConsumerMember,
  nowMs: number,
): void {
  const { memberId, memberEpoch } = member
  if (member.state === memberStates.unrevoked) {
    const due = { kind: 'consumerRebalance', groupId, memberId, memberEpoch } as const
    setDue(state.deadlines, nowMs + member.rebalanceTimeoutMs, due)
  } else {
    cancelMember(state.deadlines, ['consumerRebalance'], groupId, memberId)
  }
}

export function restartConsumerSession(
  state: GroupState,
  groupId: string,
  memberId: string,
  nowMs: number,
  timeoutMs = state.settings.ofGroup(groupId).sessionTimeoutMs ??
    state.settings.consumerSessionTimeoutMs,
): void {
  setDue(state.deadlines, nowMs + timeoutMs, { kind: 'consumerSession', groupId, memberId })
}

function nextTarget(
  { state, group, draft, before, after }: MemberChange,
  { groupEpoch, isHomogeneous }: SubscriptionOutcome,
): Target {
  const { groupId, assignmentEpoch, assignedAtMs } = group
  const intervalMs =
    state.settings.ofGroup(groupId).assignmentIntervalMs ??
    state.settings.consumerAssignmentIntervalMs
  const isTooEarly =
    assignedAtMs !== 0 && intervalMs !== 0 && draft.nowMs < assignedAtMs + intervalMs
  if (assignmentEpoch >= groupEpoch || isTooEarly)
    return { epoch: assignmentEpoch, assignment: group.inheritedTarget(after) }
  const name = group.preferredAssignor({ before, after })
  const assignor = assignors[(name as AssignorName) ?? state.settings.consumerAssignors[0]!]
  const members = specsWith(state, group, after, isHomogeneous)
  const assigned = assignor({
    members,
    homogeneous: isHomogeneous,
    partitionCount: (topicId) => state.topics.byId(topicId)?.partitionCount ?? 0,
  })
  for (const memberId of members.keys()) {
    const old = group.target.get(memberId)
    const next = assigned.get(memberId) ?? noPartitions
    if (!old || !sameAssignment(old, next))
      draft.records.push(targetRecord(groupId, memberId, next))
  }
  draft.records.push(targetEpochRecord(groupId, groupEpoch, draft.nowMs))
  return { epoch: groupEpoch, assignment: assigned.get(after.memberId) ?? noPartitions }
}

function specsWith(
  state: GroupState,
  group: ConsumerGroup,
  changed: ConsumerMember,
  isHomogeneous: boolean,
): Map<string, MemberSpec> {
  const members = new Map(group.members)
  const replaced = group.staticMember(changed.instanceId)
  if (replaced && replaced.memberId !== changed.memberId) members.delete(replaced.memberId)
  members.set(changed.memberId, changed)
  const topicIds = topicIdsOf(state, group.subscriptions)
  const shared = isHomogeneous ? topicIds(changed) : undefined
  return new Map(
    hashMapOrder([...members.keys()], javaStringHash).map((memberId) => {
      const member = members.get(memberId)!
      const assigned =
        member === changed && replaced
          ? group.targetOf(replaced.memberId)
          : group.targetOf(memberId)
      const spec = {
        instanceId: member.instanceId,
        topicIds: shared ?? topicIds(member),
        assigned,
      }
      return [memberId, spec]
    }),
  )
}

/** Members with the same regular expression share one set of topics: it is looked up once. */
function topicIdsOf(state: GroupState, subscriptions: Subscriptions) {
  const byNames = new Map<ReadonlySet<string>, ReadonlySet<string>>()
  return (member: ConsumerMember): ReadonlySet<string> => {
    const names = subscriptions.of(member)
    const known = byNames.get(names)
    if (known) return known
    const ids = new Set<string>()
    for (const name of names) {
      const topic = state.topics.byName(name)
      if (topic) ids.add(topic.topicId)
    }
    byNames.set(names, ids)
    return ids
  }
}
