/** ConsumerGroupHeartbeat (KIP-848; behaviours N-1 to N-9). */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Caller, Conversations } from './command.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { decideConsumerLeave } from './consumer-leave.ts'
import {
  type ConsumerMember,
  joinEpoch,
  leaveEpoch,
  newMember,
  sameOwned,
  staticLeaveEpoch,
} from './consumer-member.ts'
import {
  dynamicMember,
  groupFor,
  requireEpoch,
  requireRoom,
  type Subscribing,
  staticMember,
} from './consumer-membership.ts'
import { moveOn, moveTo, restartConsumerSession } from './consumer-progress.ts'
import { changeSubscription } from './consumer-subscription.ts'
import type { Draft } from './draft.ts'
import { type Due, setDue } from './due.ts'
import { consumerMemberId } from './member-id.ts'
import type { ReportedPartitions } from './reconcile.ts'
import { Refusal } from './refusal.ts'
import type { AssignorName } from './settings.ts'
import type { GroupState } from './state.ts'

type Heartbeat = Conversations['consumerHeartbeat']['request']

/** From here on the client makes the member id itself. */
const clientMakesIdSince = 1

export function decideConsumerHeartbeat(
  state: GroupState,
  caller: Caller,
  request: Heartbeat,
  draft: Draft,
) {
  validate(state, caller, request)
  if (request.memberEpoch === leaveEpoch || request.memberEpoch === staticLeaveEpoch)
    return decideConsumerLeave(state, caller, request, draft)
  const isJoin = request.memberEpoch === joinEpoch
  const group = groupFor(state, request.groupId, isJoin, draft)
  requireRoom(state, group, request.memberId)
  const member = memberFor({ state, group, caller, draft }, request, isJoin)
  const described = describedBy(member, caller, request)
  const change = { state, group, draft, before: member, after: described }
  const subscription = changeSubscription(change)
  const awaiting = { caller, request, before: member }
  const { topicPartitions } = request
  const { updated, isAwaited } = moveOn(change, subscription, topicPartitions, awaiting)
  restartConsumerSession(state, group.groupId, updated.memberId, draft.nowMs)
  if (isAwaited) return
  draft.answer(
    caller.requestId,
    'consumerHeartbeat',
    answer(state, group, request, member, updated),
  )
}

/** The next piece of a computation. After the last, the member that waits for it moves on. */
export function workOnTarget(
  state: GroupState,
  due: Extract<Due, { kind: 'target' }>,
  draft: Draft,
): void {
  const { group, awaiting, epoch } = due.work
  const isCurrent = state.consumerGroup(due.groupId) === group
  const targetOf = isCurrent && due.work.advance(state.settings.targetPieceUnits, draft)
  if (targetOf === undefined) {
    setDue(state.deadlines, draft.nowMs, due)
    return
  }
  // A target may be too large to be written: then it is not computed again at once, and others go on.
  draft.isWhole = true
  group.computedAtMs = draft.nowMs
  if (awaiting.length === 0) return
  const { request, before } = awaiting.at(-1)!
  const member = group.members.get(before.memberId)
  if (!targetOf || !member || member.classic !== null) {
    const message = `Member ${before.memberId} is not a member of group ${group.groupId} any more.`
    for (const { caller } of awaiting)
      draft.refuse(caller.requestId, ErrorCode.UNKNOWN_MEMBER_ID, message)
    return
  }
  const change = { state, group, draft, before: member, after: member }
  const target = { epoch, assignment: targetOf(member) }
  const updated = moveTo(change, target, false, request.topicPartitions)
  for (const { caller, request, before } of awaiting) {
    const { requestId } = caller
    draft.answer(requestId, 'consumerHeartbeat', answer(state, group, request, before, updated))
  }
}

function memberFor(subscribing: Subscribing, request: Heartbeat, isJoin: boolean): ConsumerMember {
  const { group, caller } = subscribing
  const memberId = request.memberId || consumerMemberId(caller.entropy)
  const { instanceId } = request
  const member =
    instanceId === null
      ? isJoin
        ? (group.members.get(memberId) ?? newMember(memberId))
        : dynamicMember(group, memberId)
      : staticMember(subscribing, memberId, instanceId, isJoin, false)
  requireEpoch(member, request.memberEpoch, request.topicPartitions)
  return member
}

function describedBy(member: ConsumerMember, caller: Caller, request: Heartbeat): ConsumerMember {
  return {
    ...member,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs:
      request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? member.serverAssignor,
    topicNames: request.subscribedTopicNames
      ? new Set(request.subscribedTopicNames)
      : member.topicNames,
    topicRegex: request.subscribedTopicRegex ?? member.topicRegex,
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    classic: null,
  }
}

function answer(
  state: GroupState,
  group: ConsumerGroup,
  request: Heartbeat,
  before: ConsumerMember,
  updated: ConsumerMember,
) {
  const isFull =
    request.rebalanceTimeoutMs !== -1 &&
    (request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null) &&
    request.topicPartitions !== null
  const isNew =
    request.memberEpoch === joinEpoch || isFull || !sameOwned(before.assigned, updated.assigned)
  return {
    errorCode: 0,
    memberId: updated.memberId,
    memberEpoch: updated.memberEpoch,
    heartbeatIntervalMs:
      state.settings.ofGroup(group.groupId).heartbeatIntervalMs ??
      state.settings.consumerHeartbeatIntervalMs,
    assignment: isNew ? { topicPartitions: partitionsOf(updated) } : null,
  }
}

const partitionsOf = ({ assigned }: ConsumerMember) =>
  Array.from(assigned, ([topicId, partitions]) => ({ topicId, partitions: [...partitions.keys()] }))

function validate(state: GroupState, { apiVersion }: Caller, request: Heartbeat) {
  const { memberEpoch, serverAssignor } = request
  const needsId = apiVersion >= clientMakesIdSince || memberEpoch > 0 || memberEpoch === leaveEpoch
  if (needsId) requireText(request.memberId, 'MemberId')
  requireText(request.groupId, 'GroupId')
  requireText(request.instanceId, 'InstanceId')
  requireText(request.rackId, 'RackId')
  if (memberEpoch === joinEpoch) validateJoin(request)
  else if (memberEpoch === staticLeaveEpoch && request.instanceId === null)
    throw invalid("InstanceId can't be null.")
  else if (memberEpoch < staticLeaveEpoch) throw invalid('MemberEpoch is invalid.')
  const known = state.settings.consumerAssignors
  if (serverAssignor !== null && !known.includes(serverAssignor as AssignorName))
    throw new Refusal(
      ErrorCode.UNSUPPORTED_ASSIGNOR,
      `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${known.join(', ')}.`,
    )
}

function validateJoin(request: Heartbeat) {
  const owned: ReportedPartitions = request.topicPartitions
  if (request.rebalanceTimeoutMs === -1)
    throw invalid('RebalanceTimeoutMs must be provided in first request.')
  if (owned === null || owned.length > 0)
    throw invalid('TopicPartitions must be empty when (re-)joining.')
  if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null)
    throw invalid(
      'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.',
    )
}

function requireText(value: string | null, name: string) {
  if (value !== null && value.trim() === '') throw invalid(`${name} can't be empty.`)
}

const invalid = (message: string) => new Refusal(ErrorCode.INVALID_REQUEST, message)
