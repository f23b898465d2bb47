/** A member's way to the target assignment of its group. */
import {
  type ConsumerMember,
  isReconciledTo,
  memberStates,
  sameProgress,
} from './consumer-member.ts'
import { currentRecord } from './consumer-records.ts'
import type { MemberChange, SubscriptionOutcome } from './consumer-subscription.ts'
import { cancelMember, setDue } from './due.ts'
import { type ReportedPartitions, reconcile } from './reconcile.ts'
import type { GroupState } from './state.ts'
import { type Awaiting, nextTarget, type Target } from './target.ts'

/** The member after it moved as far as it can; `isAwaited`: it moves on when the target is computed. */
export function moveOn(
  change: MemberChange,
  outcome: SubscriptionOutcome,
  reported: ReportedPartitions,
  awaiting?: Awaiting,
): { readonly updated: ConsumerMember; readonly isAwaited: boolean } {
  const { isAwaited, ...target } = nextTarget(change, outcome, awaiting)
  return { updated: moveTo(change, target, outcome.subscriptionChanged, reported), isAwaited }
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
