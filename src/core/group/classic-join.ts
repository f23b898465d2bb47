/** JoinGroup, for groups of the classic protocol (behaviours G-1 to G-7, G-14). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { joined, refusedJoin } from './classic-answers.ts'
import {
  type ClassicGroup,
  type ClassicMember,
  type ClassicProtocol,
  emptyAssignment,
} from './classic-group.ts'
import {
  completeIfAllJoined,
  endSync,
  prepareRebalance,
  rebalanceOrComplete,
} from './classic-rebalance.ts'
import { restartSession } from './classic-session.ts'
import { joinConsumerGroup } from './consumer-classic.ts'
import { tombstones } from './consumer-records.ts'
import type { Draft } from './draft.ts'
import { setDue } from './due.ts'
import { type Join, type Joining, requiresMemberId } from './joining.ts'
import { classicMemberId } from './member-id.ts'
import { encodeRecord } from './record.ts'
import { Refusal } from './refusal.ts'
import type { GroupState } from './state.ts'

/** How many protocols of one member the limit on what a group holds allows for. */
const metadataPerRecord = 8
/** What a member takes in a record beside its metadata, at least: its id alone has 37 bytes. */
const memberBytesMin = 64
/** From here on a static leader that comes back may be told not to assign (KIP-814). */
const skipAssignmentSince = 9

export function decideJoin(joining: Joining) {
  const { state, request } = joining
  const { groupId, memberId, sessionTimeoutMs } = request
  const { sessionTimeoutMsMin, sessionTimeoutMsMax } = state.settings
  if (groupId === '') return refuse(joining, ErrorCode.INVALID_GROUP_ID)
  if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > sessionTimeoutMsMax)
    return refuse(joining, ErrorCode.INVALID_SESSION_TIMEOUT)
  const known = state.groups.get(groupId)
  if (known?.type === 'consumer') {
    if (!known.isEmpty) return joinConsumerGroup(joining, known)
    if (memberId !== '') return refuse(joining, ErrorCode.UNKNOWN_MEMBER_ID)
    joining.draft.records.push(...tombstones(known))
    state.groups.delete(groupId)
  }
  const existing = state.classicGroup(groupId)
  if (!existing && memberId !== '') return refuse(joining, ErrorCode.UNKNOWN_MEMBER_ID)
  const group = existing ?? state.createClassicGroup(groupId, joining.draft.nowMs)
  // What a group without members is: it stands in the log until the first assignment is written.
  if (!existing) joining.draft.records.push(group.record(() => emptyAssignment))
  if (!hasRoom(state, group, memberId)) {
    group.remove(memberId)
    return refuse(joining, ErrorCode.GROUP_MAX_SIZE_REACHED, '')
  }
  if (!group.supports(request.protocolType, request.protocols))
    return refuse(joining, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  if (!mayHold(state, group, request)) return refuse(joining, ErrorCode.UNKNOWN_SERVER_ERROR)
  if (memberId === '') joinNew(joining, group)
  else joinKnown(joining, group)
}

function refuse({ caller, request, draft }: Joining, errorCode: number, memberId?: string) {
  draft.answer(caller.requestId, 'join', refusedJoin(memberId ?? request.memberId, errorCode))
}

function hasRoom(state: GroupState, group: ClassicGroup, memberId: string): boolean {
  const { classicMembersMax } = state.settings
  if (group.state === 'Empty') return true
  const member = group.members.get(memberId)
  if (group.state === 'PreparingRebalance')
    return member?.waitingJoin !== undefined || group.waitingJoins < classicMembersMax
  return member !== undefined || group.members.size < classicMembersMax
}

/**
 * All members, with one protocol of each, must fit in one record, or no sync can succeed: it is answered here as it
 * would be then, before memory is filled with what leads nowhere.
 */
function mayHold(state: GroupState, group: ClassicGroup, { protocols, memberId }: Join): boolean {
  const { recordBytesMax } = state.settings
  let bytes = group.metadataBytes + memberBytesMin * (group.members.size + group.pendingJoins.size)
  for (const { metadata } of group.members.get(memberId)?.protocols ?? []) bytes -= metadata.length
  for (const { metadata } of protocols) bytes += metadata.length
  return bytes <= recordBytesMax * metadataPerRecord
}

function joinNew(joining: Joining, group: ClassicGroup) {
  const { state, caller, request, draft } = joining
  const instanceId = request.groupInstanceId
  const newId = classicMemberId(instanceId ?? caller.clientId, caller.entropy)
  if (instanceId === null && requiresMemberId(joining)) {
    group.pendingJoins.add(newId)
    const due = { kind: 'classicSession', groupId: group.groupId, memberId: newId } as const
    setDue(state.deadlines, draft.nowMs + request.sessionTimeoutMs, due)
    return refuse(joining, ErrorCode.MEMBER_ID_REQUIRED, newId)
  }
  const replaced = instanceId === null ? undefined : group.staticMembers.get(instanceId)
  if (replaced === undefined) addMember(joining, group, newId)
  else replaceStatic(joining, group, replaced, newId)
}

const copied = (protocols: Join['protocols']): ClassicProtocol[] =>
  // A request's buffers are views into its frame, which is not to be kept.
  protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) }))

function addMember(joining: Joining, group: ClassicGroup, memberId: string) {
  const { state, caller, request, draft } = joining
  const member: ClassicMember = {
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    protocols: copied(request.protocols),
    assignment: emptyAssignment,
    isNew: true,
    waitingJoin: caller.requestId,
    waitingSync: undefined,
  }
  if (group.state === 'PreparingRebalance' && group.previousState === 'Empty')
    group.newMemberAdded = true
  if (group.members.size === 0) group.protocolType = request.protocolType
  group.add(member)
  restartSession(state, group, member, draft.nowMs, state.settings.newMemberJoinTimeoutMs)
  rebalanceOrComplete(state, group, draft)
}

function joinKnown(joining: Joining, group: ClassicGroup) {
  const { caller, request, draft } = joining
  const { memberId } = request
  if (group.pendingJoins.has(memberId)) {
    if (request.groupInstanceId !== null) return refuse(joining, ErrorCode.UNKNOWN_MEMBER_ID)
    return addMember(joining, group, memberId)
  }
  const member = knownMember(joining, group)
  if (typeof member === 'number') return refuse(joining, member)
  const unchanged = sameProtocols(member.protocols, request.protocols)
  const again = () => draft.answer(caller.requestId, 'join', joined(group, memberId))
  if (group.state === 'Empty') refuse(joining, ErrorCode.UNKNOWN_MEMBER_ID)
  // The answer was lost: the generation has not changed since.
  else if (group.state === 'CompletingRebalance' && unchanged) again()
  // A leader that joins a stable group wants to assign anew.
  else if (group.state === 'Stable' && unchanged && group.leaderId !== memberId) again()
  else {
    updateMember(joining, group, member)
    rebalanceOrComplete(joining.state, group, draft)
  }
}

/** Or an error code: unlike others this refusal names the member. */
function knownMember({ request }: Joining, group: ClassicGroup): ClassicMember | number {
  try {
    return group.requireMember(request.memberId, request.groupInstanceId)
  } catch (error) {
    if (error instanceof Refusal) return error.errorCode
    throw error
  }
}

function updateMember(joining: Joining, group: ClassicGroup, member: ClassicMember) {
  const { caller, request, draft } = joining
  endSync(member, ErrorCode.REBALANCE_IN_PROGRESS, draft)
  const earlier = group.takeJoin(member)
  if (earlier !== undefined)
    draft.answer(earlier, 'join', refusedJoin(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS))
  group.update(
    member,
    copied(request.protocols),
    request.rebalanceTimeoutMs,
    request.sessionTimeoutMs,
    caller.requestId,
  )
}

function sameProtocols(a: readonly ClassicProtocol[], b: readonly ClassicProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, i) => name === b[i]!.name && metadata.equals(b[i]!.metadata))
  )
}

/** A static member starts again: without a rebalance, where the group does not depend on it. */
function replaceStatic(
  joining: Joining,
  group: ClassicGroup,
  oldMemberId: string,
  newMemberId: string,
) {
  const { state, caller, draft } = joining
  const leaderBefore = group.leaderId
  fence(group.members.get(oldMemberId)!, draft)
  const member = group.replace(oldMemberId, newMemberId)
  restartSession(state, group, member, draft.nowMs)
  updateMember(joining, group, member)
  if (group.state === 'CompletingRebalance') return prepareRebalance(state, group, draft)
  if (group.state !== 'Stable') return completeIfAllJoined(state, group, draft)
  const record = group.record(({ assignment }) => assignment)
  const fits = encodeRecord(record).value!.length <= state.settings.recordBytesMax
  if (!fits || group.selectProtocol() !== group.protocolName)
    return rebalanceOrComplete(state, group, draft)
  draft.records.push(record)
  group.takeJoin(member)
  const isLeader = group.leaderId === newMemberId
  const mayskip = caller.apiVersion >= skipAssignmentSince
  draft.answer(caller.requestId, 'join', {
    ...joined(group, newMemberId),
    // A client that does not know `skipAssignment` must not think that it leads.
    ...(mayskip ? { skipAssignment: isLeader } : { leader: leaderBefore ?? '', members: [] }),
  })
}

function fence(member: ClassicMember, draft: Draft) {
  const { FENCED_INSTANCE_ID } = ErrorCode
  if (member.waitingJoin !== undefined)
    draft.answer(member.waitingJoin, 'join', refusedJoin(member.memberId, FENCED_INSTANCE_ID))
  endSync(member, FENCED_INSTANCE_ID, draft)
}
