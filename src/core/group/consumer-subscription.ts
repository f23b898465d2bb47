/**
 * What a change of one member's subscription means for its consumer group: whether there is a new
 * group epoch, and whether all members still read the same topics. Regular expressions are resolved
 * afterwards, when the deadline that is set here comes up: at once, but as a decision of its own.
 */
import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, sameNames, sameSubscription } from './consumer-member.ts'
import {
  epochRecord,
  memberRecord,
  partitionsTombstone,
  regexTombstone,
} from './consumer-records.ts'
import type { Draft } from './draft.ts'
import { isSet, setDue } from './due.ts'
import { compile } from './regex-resolution.ts'
import type { GroupState } from './state.ts'

/** A member before and after what it said of itself. */
export interface MemberChange {
  readonly state: GroupState
  readonly group: ConsumerGroup
  readonly draft: Draft
  readonly before: ConsumerMember
  readonly after: ConsumerMember
}

export interface SubscriptionOutcome {
  readonly groupEpoch: number
  readonly isHomogeneous: boolean
  readonly subscriptionChanged: boolean
}

/** Resolving costs a match of every topic: not more often than this, however many members ask. */
const regexIntervalMsMin = 10_000

/** `anyRegexBumps`: a regular expression that is not resolved yet makes a new epoch as well. */
export function changeSubscription(
  change: MemberChange,
  anyRegexBumps = false,
): SubscriptionOutcome {
  const { state, group, draft, before, after } = change
  const { groupId } = group
  const namesChanged = !sameNames(before.topicNames, after.topicNames)
  if (!sameSubscription(before, after)) draft.records.push(memberRecord(groupId, after))
  const regex = changeRegex(change)
  const regexChanged = regex !== 'same'
  const bump =
    namesChanged || regex === 'resolved' || (anyRegexBumps && regexChanged) || group.isUnassigned
  let { groupEpoch } = group
  const isNew = !group.members.has(after.memberId) && !group.staticMember(after.instanceId)
  const memberCount = group.members.size + (isNew ? 1 : 0)
  // One that comes and reads nothing makes no new epoch, and yet differs from those that read.
  let isHomogeneous = group.subscriptions.isHomogeneous(memberCount)
  if (bump || group.topicsChanged) {
    const subscriptions = group.subscriptions.copy()
    if (before.topicRegex !== '' && before.topicRegex !== after.topicRegex)
      if (subscriptions.regexes.get(before.topicRegex) === 1)
        subscriptions.forget(before.topicRegex)
    subscriptions.change(before, after)
    isHomogeneous = subscriptions.isHomogeneous(memberCount)
    const hash = state.hashes.ofGroup(subscriptions.topics.keys())
    if (bump || hash !== group.metadataHash) {
      groupEpoch++
      draft.records.push(epochRecord(groupId, groupEpoch, hash))
    }
    if (group.hasPartitionsRecord) draft.records.push(partitionsTombstone(groupId))
    draft.after.push(() => {
      const applied = state.consumerGroup(groupId)
      if (applied) applied.topicsChanged = false
    })
  }
  return { groupEpoch, isHomogeneous, subscriptionChanged: namesChanged || regexChanged }
}

/** `resolved`: what the member reads changed for sure; `changed`: it may, once it is resolved. */
function changeRegex({ state, group, draft, before, after }: MemberChange) {
  const { groupId, subscriptions } = group
  const { topicRegex } = after
  let result: 'same' | 'changed' | 'resolved' = 'same'
  let refresh = false
  if (before.topicRegex !== topicRegex) {
    result = 'changed'
    if (before.topicRegex !== '' && subscriptions.regexes.get(before.topicRegex) === 1)
      draft.records.push(regexTombstone(groupId, before.topicRegex))
    if (topicRegex === '') {
      result = 'resolved'
    } else if (!subscriptions.regexes.has(topicRegex)) {
      compile(topicRegex)
      refresh = true
    } else if (subscriptions.resolved.has(topicRegex)) {
      result = 'resolved'
    }
  }
  if (refresh || subscriptions.regexes.size > 0)
    scheduleRefresh(state, group, draft, after, refresh)
  return result
}

function scheduleRefresh(
  state: GroupState,
  group: ConsumerGroup,
  draft: Draft,
  after: ConsumerMember,
  isNew: boolean,
): void {
  const { groupId, subscriptions } = group
  const { nowMs } = draft
  const due = { kind: 'regex', groupId } as const
  const last = subscriptions.lastResolved
  if (isSet(state.deadlines, due)) return
  if (last && nowMs <= last.resolvedAtMs + regexIntervalMsMin) return
  const inUse = new Set(subscriptions.regexes.keys())
  if (after.topicRegex !== '') inUse.add(after.topicRegex)
  const isStale =
    inUse.size !== subscriptions.resolved.size ||
    (last?.version ?? 0) < state.topicsCreatedVersion ||
    nowMs > (last?.resolvedAtMs ?? -Infinity) + state.settings.regexRefreshIntervalMs
  if ((isNew || isStale) && inUse.size > 0) setDue(state.deadlines, nowMs, due)
}
