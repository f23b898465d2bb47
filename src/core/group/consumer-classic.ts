/**
 * Members that speak the classic protocol in a consumer group, while a group moves from one protocol
 * to the other (behaviours G-18, N-11). The coordinator assigns to them too: a join moves the member
 * on as a heartbeat of the new protocol would, a sync gives it what it is assigned, and a heartbeat
 * tells it to join again when there is more.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { noPartitions } from './assignment.ts'
import { leaveResponse, refusedJoin } from './classic-answers.ts'
import { consumerProtocolType } from './classic-group.ts'
import type { Caller, Conversations } from './command.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { fence } from './consumer-leave.ts'
import { type ConsumerMember, memberStates, newMember, withoutEpochs } from './consumer-member.ts'
import { dynamicMember, ownerOf, requireRoom, staticMember } from './consumer-membership.ts'
import { moveOn, moveTo, restartConsumerSession } from './consumer-progress.ts'
import { decodeSubscription, encodeAssignment, type Subscription } from './consumer-protocol.ts'
import { changeSubscription } from './consumer-subscription.ts'
import type { Draft } from './draft.ts'
import { cancelMember, isSet, setDue } from './due.ts'
import { type Join, type Joining, requiresMemberId } from './joining.ts'
import { consumerMemberId } from './member-id.ts'
import { downgradeReplacing, mayDowngradeReplacing } from './migration.ts'
import type { ReportedPartitions } from './reconcile.ts'
import { Refusal } from './refusal.ts'
import type { GroupState } from './state.ts'
import type { GroupTopics } from './topics.ts'

export function joinConsumerGroup(joining: Joining, group: ConsumerGroup) {
  const { state, caller, request, draft } = joining
  const allows = state.settings.consumerMigrationPolicy !== 'disabled'
  requireCompatible(allows, group, request)
  const isUnknown = request.memberId === ''
  const memberId = isUnknown ? consumerMemberId(caller.entropy) : request.memberId
  requireRoom(state, group, memberId)
  requireCompatible(speaksItsProtocol(group, request), group, request)
  const { groupInstanceId: instanceId } = request
  if (requiresMemberId(joining)) {
    const required = refusedJoin(memberId, ErrorCode.MEMBER_ID_REQUIRED)
    return draft.answer(caller.requestId, 'join', required)
  }
  const before =
    instanceId === null
      ? (group.members.get(memberId) ?? newMember(memberId))
      : staticMember({ state, group, caller, draft }, memberId, instanceId, isUnknown, true)
  const replaced = group.staticMember(instanceId)
  const subscription = readSubscription(request)
  const after = describedBy(before, joining, subscription)
  const change = { state, group, draft, before, after }
  const outcome = changeSubscription(change, true)
  const reported = reportedBy(subscription, state.topics)
  let updated: ConsumerMember
  if (replaced && mayDowngradeReplacing(state, group, replaced)) {
    const rebalance = group.assignmentEpoch < outcome.groupEpoch
    const target = { epoch: group.assignmentEpoch, assignment: group.inheritedTarget(after) }
    updated = rebalance ? after : moveTo(change, target, outcome.subscriptionChanged, reported)
    downgradeReplacing(state, group, updated, rebalance, draft)
  } else {
    updated = moveOn(change, outcome, reported).updated
    draft.after.push(() => expectSync(joining, memberId))
  }
  draft.answer(caller.requestId, 'join', {
    errorCode: 0,
    generationId: updated.memberEpoch,
    protocolType: consumerProtocolType,
    protocolName: updated.classic!.supportedProtocols[0]!.name,
    leader: '',
    memberId: updated.memberId,
    members: [],
  })
}

function expectSync({ state, request, draft }: Joining, memberId: string) {
  const { groupId, sessionTimeoutMs, rebalanceTimeoutMs } = request
  restartConsumerSession(state, groupId, memberId, draft.nowMs, sessionTimeoutMs)
  cancelMember(state.deadlines, ['consumerJoin'], groupId, memberId)
  const due = { kind: 'consumerSync', groupId, memberId } as const
  setDue(state.deadlines, draft.nowMs + rebalanceTimeoutMs, due)
}

const speaksItsProtocol = (group: ConsumerGroup, { protocolType, protocols }: Join) =>
  protocolType === consumerProtocolType && group.supportsClassic(protocols)

function requireCompatible(isCompatible: boolean, group: ConsumerGroup, request: Join) {
  if (!isCompatible)
    throw new Refusal(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
      `A member with protocol type ${request.protocolType} cannot join consumer group ${group.groupId}`,
    )
}

function readSubscription({ protocols }: Join): Subscription {
  try {
    return decodeSubscription(protocols[0]!.metadata)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const message = `The subscription of the member cannot be read: ${error.message}`
    throw new Refusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, message)
  }
}

function describedBy(
  member: ConsumerMember,
  { caller, request }: Joining,
  subscription: Subscription,
): ConsumerMember {
  return {
    ...member,
    instanceId: request.groupInstanceId ?? member.instanceId,
    rackId: subscription.rackId || member.rackId,
    rebalanceTimeoutMs:
      request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    topicNames: new Set(subscription.topics),
    topicRegex: '',
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    classic: {
      sessionTimeoutMs: request.sessionTimeoutMs,
      supportedProtocols: request.protocols.map(({ name, metadata }) => ({
        name,
        metadata: Buffer.from(metadata),
      })),
    },
  }
}

function reportedBy({ ownedPartitions }: Subscription, topics: GroupTopics): ReportedPartitions {
  return ownedPartitions.flatMap(({ topic, partitions }) => {
    const known = topics.byName(topic)
    return known ? [{ topicId: known.topicId, partitions }] : []
  })
}

function requireClassic(
  group: ConsumerGroup,
  request: { memberId: string; groupInstanceId: string | null; generationId: number },
) {
  const { memberId, groupInstanceId, generationId } = request
  const member =
    groupInstanceId === null
      ? dynamicMember(group, memberId)
      : ownerOf(group, memberId, groupInstanceId)
  if (member.classic === null)
    throw new Refusal(
      ErrorCode.UNKNOWN_MEMBER_ID,
      `Member ${memberId} does not use the classic protocol.`,
    )
  if (member.memberEpoch !== generationId)
    throw new Refusal(
      ErrorCode.ILLEGAL_GENERATION,
      `Generation ${generationId} is not ${member.memberEpoch}, the epoch of member ${memberId}`,
    )
  return { member, classic: member.classic }
}

/** The member has its rebalance timeout to join again. */
function expectJoin(
  state: GroupState,
  group: ConsumerGroup,
  member: ConsumerMember,
  nowMs: number,
) {
  const due = { kind: 'consumerJoin', groupId: group.groupId, memberId: member.memberId } as const
  if (!isSet(state.deadlines, due)) setDue(state.deadlines, nowMs + member.rebalanceTimeoutMs, due)
}

export function syncConsumerGroup(
  state: GroupState,
  group: ConsumerGroup,
  caller: Caller,
  request: Conversations['sync']['request'],
  draft: Draft,
) {
  const { member, classic } = requireClassic(group, request)
  const { name, metadata } = classic.supportedProtocols[0]!
  const isSame =
    (request.protocolType ?? consumerProtocolType) === consumerProtocolType &&
    (request.protocolName ?? name) === name
  if (!isSame)
    throw new Refusal(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
      `Protocol ${request.protocolType} ${request.protocolName} is not ${consumerProtocolType} ${name}`,
    )
  const { groupId } = group
  const { memberId } = member
  if (group.assignmentEpoch > member.memberEpoch && member.state !== memberStates.unrevoked) {
    expectJoin(state, group, member, draft.nowMs)
    const message = `Member ${memberId} of group ${groupId} has to join again`
    throw new Refusal(ErrorCode.REBALANCE_IN_PROGRESS, message)
  }
  cancelMember(state.deadlines, ['consumerSync'], groupId, memberId)
  restartConsumerSession(state, groupId, memberId, draft.nowMs, classic.sessionTimeoutMs)
  const assigned = member.assigned.size === 0 ? noPartitions : withoutEpochs(member.assigned)
  draft.answer(caller.requestId, 'sync', {
    errorCode: 0,
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignment: encodeAssignment(assigned, metadata, state.topics),
  })
}

export function heartbeatOfConsumerGroup(
  state: GroupState,
  group: ConsumerGroup,
  caller: Caller,
  request: Conversations['heartbeat']['request'],
  draft: Draft,
) {
  const { member, classic } = requireClassic(group, request)
  const { nowMs } = draft
  restartConsumerSession(state, group.groupId, member.memberId, nowMs, classic.sessionTimeoutMs)
  const hasToJoin =
    member.memberEpoch < group.assignmentEpoch ||
    member.state === memberStates.unrevoked ||
    (member.state === memberStates.unreleased && !group.waitsForOthers(member))
  if (hasToJoin) expectJoin(state, group, member, nowMs)
  const errorCode = hasToJoin ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  draft.answer(caller.requestId, 'heartbeat', { errorCode })
}

export function leaveConsumerGroup(
  state: GroupState,
  group: ConsumerGroup,
  caller: Caller,
  request: Conversations['leave']['request'],
  draft: Draft,
) {
  const leaving = new Set<ConsumerMember>()
  const codes = request.members.map(({ memberId, groupInstanceId }) => {
    try {
      const owner = group.staticMember(groupInstanceId)
      const isByInstance = memberId === '' && owner !== undefined
      if (groupInstanceId === null) leaving.add(dynamicMember(group, memberId))
      else leaving.add(isByInstance ? owner : ownerOf(group, memberId, groupInstanceId))
      return ErrorCode.NONE
    } catch (error) {
      if (error instanceof Refusal) return error.errorCode
      throw error
    }
  })
  fence(state, group, [...leaving], draft)
  draft.answer(caller.requestId, 'leave', leaveResponse(request, codes))
}
