/**
 * How a classic group goes from one generation to the next: all members have to join again within
 * the rebalance timeout, the first rebalance of a group waits a while for more of them, and then
 * everybody is told the new generation and has to sync.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { refusedJoin } from './classic-answers.ts'
import { type ClassicGroup, type ClassicMember, emptyAssignment } from './classic-group.ts'
import { cancelSession, restartSession } from './classic-session.ts'
import { answerWaiting } from './classic-waiting.ts'
import type { Draft } from './draft.ts'
import { cancelGroup, setDue } from './due.ts'
import type { GroupState } from './state.ts'

/** A member came, went or changed: a new rebalance, or the running one may be complete. */
export function rebalanceOrComplete(state: GroupState, group: ClassicGroup, draft: Draft): void {
  if (group.state === 'PreparingRebalance') completeIfAllJoined(state, group, draft)
  else prepareRebalance(state, group, draft)
}

/** The first rebalance of a group ends by its delay alone. */
export function completeIfAllJoined(state: GroupState, group: ClassicGroup, draft: Draft): void {
  if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return
  if (group.allJoined) completeJoin(state, group, draft)
}

export function prepareRebalance(state: GroupState, group: ClassicGroup, draft: Draft): void {
  const { groupId } = group
  const { nowMs } = draft
  if (group.state === 'CompletingRebalance')
    failSyncs(state, group, ErrorCode.REBALANCE_IN_PROGRESS, draft)
  group.pendingSyncs.clear()
  cancelGroup(state.deadlines, 'classicSync', groupId)
  const isFirst = group.state === 'Empty'
  group.moveTo('PreparingRebalance', nowMs)
  if (isFirst) {
    const delayMs = state.settings.initialRebalanceDelayMs
    const remainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0)
    const initial = { delayMs, remainingMs }
    setDue(state.deadlines, nowMs + delayMs, { kind: 'classicJoin', groupId, initial })
  } else if (group.allJoined) {
    completeJoin(state, group, draft)
  } else {
    const atMs = nowMs + group.rebalanceTimeoutMs
    setDue(state.deadlines, atMs, { kind: 'classicJoin', groupId })
  }
}

/** The delay of the first rebalance is over; while new members come, it starts again. */
export function endInitialDelay(
  state: GroupState,
  group: ClassicGroup,
  { delayMs, remainingMs }: { delayMs: number; remainingMs: number },
  draft: Draft,
): void {
  if (!group.newMemberAdded || remainingMs === 0) {
    completeJoin(state, group, draft)
    return
  }
  group.newMemberAdded = false
  const nextDelayMs = Math.min(state.settings.initialRebalanceDelayMs, remainingMs)
  const initial = { delayMs: nextDelayMs, remainingMs: Math.max(remainingMs - delayMs, 0) }
  const { groupId } = group
  setDue(state.deadlines, draft.nowMs + nextDelayMs, { kind: 'classicJoin', groupId, initial })
}

export function completeJoin(state: GroupState, group: ClassicGroup, draft: Draft): void {
  const { groupId } = group
  const { nowMs } = draft
  cancelGroup(state.deadlines, 'classicJoin', groupId)
  for (const member of [...group.members.values()]) {
    if (member.waitingJoin !== undefined || member.groupInstanceId !== null) continue
    group.remove(member.memberId)
    cancelSession(state, group, member.memberId)
  }
  if (group.members.size > 0 && !group.electJoinedLeader()) {
    // Only static members, and none has joined: they have their session timeout to come back.
    const atMs = nowMs + group.rebalanceTimeoutMs
    setDue(state.deadlines, atMs, { kind: 'classicJoin', groupId })
    return
  }
  group.startGeneration(nowMs)
  if (group.isEmpty) draft.records.push(group.record(() => emptyAssignment))
  else answerJoins(state, group, draft)
}

function answerJoins(state: GroupState, group: ClassicGroup, draft: Draft): void {
  const { groupId, generationId } = group
  const atMs = draft.nowMs + group.rebalanceTimeoutMs
  setDue(state.deadlines, atMs, { kind: 'classicSync', groupId, generationId })
  answerWaiting(state, 'joinAnswers', group, draft)
}

/** All who wait in a sync are told the error, and nobody has an assignment. */
export function failSyncs(
  state: GroupState,
  group: ClassicGroup,
  errorCode: number,
  draft: Draft,
): void {
  for (const member of group.members.values()) {
    member.assignment = emptyAssignment
    if (endSync(member, errorCode, draft)) restartSession(state, group, member, draft.nowMs)
  }
}

/** Answers the sync that waits, if one does. */
export function endSync(member: ClassicMember, errorCode: number, draft: Draft): boolean {
  if (member.waitingSync === undefined) return false
  draft.answer(member.waitingSync, 'sync', { errorCode, assignment: emptyAssignment })
  member.waitingSync = undefined
  return true
}

/** The rebalance timeout is over and some members of the generation have not synced. */
export function expireSyncs(
  state: GroupState,
  group: ClassicGroup,
  generationId: number,
  draft: Draft,
): void {
  if (generationId !== group.generationId || group.pendingSyncs.size === 0) return
  if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return
  for (const memberId of [...group.pendingSyncs]) {
    group.remove(memberId)
    cancelSession(state, group, memberId)
  }
  prepareRebalance(state, group, draft)
}

/** No sign of life in the session timeout. Members that wait for an answer are alive. */
export function expireSession(
  state: GroupState,
  group: ClassicGroup,
  memberId: string,
  draft: Draft,
): void {
  if (group.pendingJoins.has(memberId)) {
    group.remove(memberId)
    if (group.state === 'PreparingRebalance' && group.allJoined) completeJoin(state, group, draft)
    return
  }
  const member = group.members.get(memberId)
  if (!member) return
  const waits = member.waitingJoin !== undefined || member.waitingSync !== undefined
  if (waits && !member.isNew) return
  removeMember(group, member, draft)
  if (group.state === 'Stable' || group.state === 'CompletingRebalance')
    rebalanceOrComplete(state, group, draft)
  else if (group.state === 'PreparingRebalance' && group.allJoined)
    completeJoin(state, group, draft)
}

export function removeMember(group: ClassicGroup, member: ClassicMember, draft: Draft): void {
  const requestId = group.takeJoin(member)
  if (requestId !== undefined)
    draft.answer(requestId, 'join', refusedJoin('', ErrorCode.UNKNOWN_MEMBER_ID))
  endSync(member, ErrorCode.UNKNOWN_MEMBER_ID, draft)
  group.remove(member.memberId)
}
