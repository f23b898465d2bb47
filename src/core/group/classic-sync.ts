/** SyncGroup and Heartbeat, for groups of the classic protocol (behaviours G-8 to G-11). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { synced } from './classic-answers.ts'
import { type ClassicGroup, emptyAssignment } from './classic-group.ts'
import { endSync, failSyncs, rebalanceOrComplete } from './classic-rebalance.ts'
import { restartSession } from './classic-session.ts'
import { answerWaiting } from './classic-waiting.ts'
import type { Caller, Conversations } from './command.ts'
import { heartbeatOfConsumerGroup, syncConsumerGroup } from './consumer-classic.ts'
import type { Draft } from './draft.ts'
import { cancelGroup } from './due.ts'
import { encodeRecord, type GroupRecord } from './record.ts'
import { Refusal } from './refusal.ts'
import type { GroupState } from './state.ts'

type Sync = Conversations['sync']['request']

export function decideSync(state: GroupState, caller: Caller, request: Sync, draft: Draft) {
  const group = state.groups.get(request.groupId)
  if (request.groupId === '') throw new Refusal(ErrorCode.INVALID_GROUP_ID, 'The group id is empty')
  if (!group || group.isEmpty)
    throw new Refusal(
      ErrorCode.UNKNOWN_MEMBER_ID,
      `Group ${request.groupId} has no member ${request.memberId}`,
    )
  if (group.type === 'consumer') return syncConsumerGroup(state, group, caller, request, draft)
  const member = group.requireMember(request.memberId, request.groupInstanceId)
  requireGeneration(group, request.generationId)
  requireSame('protocol type', request.protocolType, group.protocolType)
  requireSame('protocol name', request.protocolName, group.protocolName)
  if (group.state === 'PreparingRebalance')
    throw new Refusal(
      ErrorCode.REBALANCE_IN_PROGRESS,
      `Group ${group.groupId} waits for its members to join`,
    )
  hasSynced(state, group, request.memberId)
  if (group.state === 'Stable')
    return draft.answer(caller.requestId, 'sync', synced(group, member.assignment))
  endSync(member, ErrorCode.REBALANCE_IN_PROGRESS, draft)
  member.waitingSync = caller.requestId
  if (group.leaderId === member.memberId) assign(state, group, request, draft)
}

function hasSynced(state: GroupState, group: ClassicGroup, memberId: string) {
  group.pendingSyncs.delete(memberId)
  if (group.pendingSyncs.size === 0) cancelGroup(state.deadlines, 'classicSync', group.groupId)
}

/** The leader's assignment is written, and answers all who wait for it. */
function assign(state: GroupState, group: ClassicGroup, request: Sync, draft: Draft) {
  const given = new Map(
    request.assignments.map(({ memberId, assignment }) => [memberId, assignment]),
  )
  const record = group.record(({ memberId }) => given.get(memberId) ?? emptyAssignment)
  if (!fits(state, group, record, request)) {
    failSyncs(state, group, ErrorCode.UNKNOWN_SERVER_ERROR, draft)
    return rebalanceOrComplete(state, group, draft)
  }
  draft.records.push(record)
  draft.after.push(() => answerWaiting(state, 'syncAnswers', group, draft))
}

/** Adds up first: what is far too large is not encoded to find out. */
function fits(state: GroupState, group: ClassicGroup, record: GroupRecord, request: Sync): boolean {
  const { recordBytesMax } = state.settings
  let bytes = 0
  for (const { assignment } of request.assignments) bytes += assignment.length
  for (const member of group.members.values()) bytes += group.metadataOf(member).length
  return bytes <= recordBytesMax && encodeRecord(record).value!.length <= recordBytesMax
}

function requireGeneration(group: ClassicGroup, generationId: number) {
  if (generationId !== group.generationId)
    throw new Refusal(
      ErrorCode.ILLEGAL_GENERATION,
      `Generation ${generationId} is not ${group.generationId}, that of group ${group.groupId}`,
    )
}

function requireSame(what: string, given: string | null, ofGroup: string | null) {
  if (given !== null && ofGroup !== null && given !== ofGroup)
    throw new Refusal(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
      `The ${what} ${given} is not ${ofGroup}, that of the group`,
    )
}

export function decideHeartbeat(
  state: GroupState,
  caller: Caller,
  request: Conversations['heartbeat']['request'],
  draft: Draft,
) {
  if (request.groupId === '') throw new Refusal(ErrorCode.INVALID_GROUP_ID, 'The group id is empty')
  const group = state.groups.get(request.groupId)
  if (!group) throw new Refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Group ${request.groupId} not found.`)
  if (group.type === 'consumer')
    return heartbeatOfConsumerGroup(state, group, caller, request, draft)
  const member = group.requireMember(request.memberId, request.groupInstanceId)
  requireGeneration(group, request.generationId)
  restartSession(state, group, member, draft.nowMs)
  const errorCode =
    group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  draft.answer(caller.requestId, 'heartbeat', { errorCode })
}
