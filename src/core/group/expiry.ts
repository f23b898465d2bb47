/** Offsets and groups that end: by age, with their topic, or on request (O-12, O-13, O-15). */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Caller, Conversations } from './command.ts'
import { tombstones } from './consumer-records.ts'
import type { Draft } from './draft.ts'
import { cancelConsumer, cancelGroup } from './due.ts'
import { offsetTombstone } from './offset-commit.ts'
import type { CommittedOffset } from './offset-store.ts'
import type { GroupRecord } from './record.ts'
import type { Group, GroupState } from './state.ts'

/** Tombstones for what nobody has read for so long, and for the group when nothing is left. */
export function expireGroup(state: GroupState, groupId: string, draft: Draft): void {
  const group = state.groups.get(groupId)
  if (!group) return
  const ageMs = expiryOf(group, draft.nowMs)
  const { offsetsRetentionMs } = state.settings
  let all = true
  for (const [topic, partitions] of state.offsets.ofGroup(groupId)) {
    const isRead = group.isSubscribedTo(topic) && !isSimple(group)
    for (const [partition, committed] of partitions) {
      const isExpired =
        ageMs !== undefined &&
        !isRead &&
        !state.offsets.isPending(groupId, topic, partition) &&
        (committed.expiresAtMs === -1
          ? ageMs(committed) >= offsetsRetentionMs
          : draft.nowMs >= committed.expiresAtMs)
      if (isExpired) draft.records.push(offsetTombstone(groupId, topic, partition))
      else all = false
    }
  }
  if (all && !state.offsets.hasPending(groupId) && group.isEmpty) remove(state, group, draft)
}

const isSimple = (group: Group) => group.type === 'classic' && group.isSimple

/** From when the age of an offset counts; `undefined` while the group is changing. */
function expiryOf(group: Group, nowMs: number): ((offset: CommittedOffset) => number) | undefined {
  const sinceCommit = ({ committedAtMs }: CommittedOffset) => nowMs - committedAtMs
  if (group.type === 'consumer' || group.protocolType === null) return sinceCommit
  if (group.isEmpty)
    return group.stateSinceMs === -1 ? sinceCommit : () => nowMs - group.stateSinceMs
  const isKnown = group.ofConsumers && group.subscribed !== null && group.state === 'Stable'
  return isKnown ? sinceCommit : undefined
}

function remove(state: GroupState, group: Group, draft: Draft): void {
  draft.records.push(...groupTombstones(group))
  draft.after.push(() => cancelDeadlines(state, group))
}

function groupTombstones(group: Group): GroupRecord[] {
  if (group.type === 'consumer') return tombstones(group)
  return [{ kind: 'classicGroup', key: { group: group.groupId }, value: null }]
}

function cancelDeadlines(state: GroupState, group: Group): void {
  const { groupId } = group
  for (const memberId of group.members.keys()) cancelConsumer(state.deadlines, groupId, memberId)
  for (const kind of ['classicJoin', 'classicSync', 'regex'] as const)
    cancelGroup(state.deadlines, kind, groupId)
}

export function decideDelete(
  state: GroupState,
  caller: Caller,
  { groupId }: Conversations['delete']['request'],
  draft: Draft,
): void {
  const group = state.groups.get(groupId)
  const errorCode = !group
    ? ErrorCode.GROUP_ID_NOT_FOUND
    : group.isEmpty
      ? ErrorCode.NONE
      : ErrorCode.NON_EMPTY_GROUP
  if (group && errorCode === ErrorCode.NONE) {
    for (const [topic, partitions] of state.offsets.ofGroup(groupId))
      for (const partition of partitions.keys())
        draft.records.push(offsetTombstone(groupId, topic, partition))
    for (const [topic, partition] of state.offsets.pendingOf(groupId))
      if (!state.offsets.get(groupId, topic, partition))
        draft.records.push(offsetTombstone(groupId, topic, partition))
    remove(state, group, draft)
  }
  draft.answer(caller.requestId, 'delete', { groupId, errorCode })
}

/** A topic made again under the name starts without offsets. */
export function deleteTopics(
  state: GroupState,
  topics: readonly { readonly name: string; readonly topicId: string }[],
  draft: Draft,
): void {
  const noTopicId = 'A'.repeat(22)
  for (const { name, topicId } of topics)
    for (const [groupId, partition, offset] of state.offsets.ofTopic(name))
      if (offset.topicId === noTopicId || offset.topicId === topicId)
        draft.records.push(offsetTombstone(groupId, name, partition))
}
