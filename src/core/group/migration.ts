/**
 * A group changes its protocol while its members go on (KIP-848, `group.consumer.migration.policy`):
 * a classic group of consumers becomes a consumer group when the first member with the new protocol
 * joins, and a consumer group becomes classic when the last of them goes.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Assignment } from './assignment.ts'
import { refusedJoin } from './classic-answers.ts'
import { ClassicGroup, type ClassicMember, emptyAssignment } from './classic-group.ts'
import { endSync, prepareRebalance } from './classic-rebalance.ts'
import { cancelSession, restartSession } from './classic-session.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, newMember, withEpoch } from './consumer-member.ts'
import { restartConsumerSession } from './consumer-progress.ts'
import { decodeAssignment, decodeSubscription, encodeAssignment } from './consumer-protocol.ts'
import { tombstones, wholeGroup } from './consumer-records.ts'
import type { Draft } from './draft.ts'
import { cancelConsumer, cancelGroup } from './due.ts'
import { Refusal } from './refusal.ts'
import type { GroupState } from './state.ts'
import type { GroupTopics } from './topics.ts'

/** The consumer group that the classic one is from now on; its records are in the draft. */
export function upgrade(state: GroupState, classic: ClassicGroup, draft: Draft): ConsumerGroup {
  const { groupId } = classic
  const { consumerMigrationPolicy, consumerMembersMax } = state.settings
  const isEnabled =
    consumerMigrationPolicy === 'bidirectional' || consumerMigrationPolicy === 'upgrade'
  if (!isEnabled) throw cannot(groupId, 'online upgrade is disabled')
  if (!classic.ofConsumers) throw cannot(groupId, 'its members are no consumers')
  if (classic.members.size > consumerMembersMax)
    throw cannot(groupId, `it has ${classic.members.size} members, more than ${consumerMembersMax}`)
  const group = consumerGroupOf(classic, state.topics)
  group.metadataHash = state.hashes.ofGroup(group.subscriptions.topics.keys())
  draft.after.push(() => leaveBehind(state, classic, draft))
  draft.records.push({ kind: 'classicGroup', key: { group: groupId }, value: null })
  draft.records.push(...wholeGroup(group))
  return group
}

/** Whoever waits in the classic group joins again, and finds the other one. */
function leaveBehind(state: GroupState, classic: ClassicGroup, draft: Draft): void {
  const { groupId } = classic
  for (const member of classic.members.values()) {
    const requestId = classic.takeJoin(member)
    const refused = refusedJoin(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS)
    if (requestId !== undefined) draft.answer(requestId, 'join', refused)
    endSync(member, ErrorCode.REBALANCE_IN_PROGRESS, draft)
    cancelSession(state, classic, member.memberId)
    const { sessionTimeoutMs } = member
    restartConsumerSession(state, groupId, member.memberId, draft.nowMs, sessionTimeoutMs)
  }
  for (const memberId of classic.pendingJoins) cancelSession(state, classic, memberId)
  cancelGroup(state.deadlines, 'classicJoin', groupId)
  cancelGroup(state.deadlines, 'classicSync', groupId)
}

const cannot = (groupId: string, why: string) =>
  new Refusal(
    ErrorCode.GROUP_ID_NOT_FOUND,
    `Cannot upgrade classic group ${groupId} to consumer group because ${why}.`,
  )

function consumerGroupOf(classic: ClassicGroup, topics: GroupTopics): ConsumerGroup {
  const group = new ConsumerGroup(classic.groupId)
  group.groupEpoch = classic.generationId
  group.assignmentEpoch = classic.generationId
  group.isUnassigned = true
  try {
    for (const member of classic.members.values()) {
      const assignment = assignmentOf(classic, member, topics)
      group.target.set(member.memberId, assignment)
      group.set(consumerMemberOf(classic, member, assignment))
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw cannot(classic.groupId, `the embedded consumer protocol is malformed: ${error.message}`)
  }
  return group
}

function assignmentOf(
  classic: ClassicGroup,
  { assignment }: ClassicMember,
  topics: GroupTopics,
): Assignment {
  const result = new Map<string, number[]>()
  if (assignment.length === 0) return result
  const { assignedPartitions, userData } = decodeAssignment(assignment)
  if (userData !== null && userData.length > 0)
    throw cannot(classic.groupId, 'a custom assignor is in use, whose data would be lost')
  for (const { topic, partitions } of assignedPartitions) {
    const known = topics.byName(topic)
    if (known)
      result.set(
        known.topicId,
        [...partitions].sort((a, b) => a - b),
      )
  }
  return result
}

function consumerMemberOf(
  classic: ClassicGroup,
  member: ClassicMember,
  assignment: Assignment,
): ConsumerMember {
  const epoch = classic.generationId
  const protocol =
    member.protocols.find(({ name }) => name === classic.protocolName) ?? member.protocols[0]!
  const { topics, rackId } = decodeSubscription(protocol.metadata)
  return {
    ...newMember(member.memberId),
    memberEpoch: epoch,
    previousMemberEpoch: epoch,
    instanceId: member.groupInstanceId,
    rackId: rackId || null,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    clientId: member.clientId,
    clientHost: member.clientHost,
    topicNames: new Set(topics),
    assigned: withEpoch(assignment, epoch),
    classic: {
      sessionTimeoutMs: member.sessionTimeoutMs,
      supportedProtocols: member.protocols.map(({ name, metadata }) => ({ name, metadata })),
    },
  }
}

function mayDowngrade(state: GroupState, membersLeft: number): boolean {
  const { consumerMigrationPolicy, classicMembersMax } = state.settings
  const isEnabled =
    consumerMigrationPolicy === 'bidirectional' || consumerMigrationPolicy === 'downgrade'
  return isEnabled && membersLeft > 0 && membersLeft <= classicMembersMax
}

export function mayDowngradeWithout(
  state: GroupState,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
): boolean {
  return group.isClassicWithout(leaving) && mayDowngrade(state, group.members.size - leaving.length)
}

/** The last member with the new protocol is replaced by one with the classic protocol. */
export function mayDowngradeReplacing(
  state: GroupState,
  group: ConsumerGroup,
  replaced: ConsumerMember,
): boolean {
  return (
    replaced.classic === null &&
    group.classicMembers === group.members.size - 1 &&
    mayDowngrade(state, group.members.size)
  )
}

export function downgradeWithout(
  state: GroupState,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
  draft: Draft,
): void {
  const gone = new Set(leaving.map(({ memberId }) => memberId))
  const members = [...group.members.values()].filter(({ memberId }) => !gone.has(memberId))
  draft.records.push(...tombstones(group))
  becomeClassic(state, group, members, (member) => group.targetOf(member.memberId), true, draft)
}

/** `joining` took the place of a static member, and the draft says so already. */
export function downgradeReplacing(
  state: GroupState,
  group: ConsumerGroup,
  joining: ConsumerMember,
  rebalance: boolean,
  draft: Draft,
): void {
  const replaced = group.staticMember(joining.instanceId)!
  const others = [...group.members.values()].filter((member) => member !== replaced)
  draft.records.push(...tombstones(group, { from: replaced.memberId, to: joining.memberId }))
  const targetOf = (member: ConsumerMember) =>
    group.targetOf(member === joining ? replaced.memberId : member.memberId)
  becomeClassic(state, group, [...others, joining], targetOf, rebalance, draft)
}

function becomeClassic(
  state: GroupState,
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
  targetOf: (member: ConsumerMember) => Assignment,
  rebalance: boolean,
  draft: Draft,
): void {
  const { groupId } = group
  const classic = new ClassicGroup(groupId, draft.nowMs)
  classic.generationId = group.groupEpoch
  classic.protocolType = 'consumer'
  for (const member of members) classic.add(classicMemberOf(member))
  classic.protocolName = classic.selectProtocol()
  for (const member of members) {
    const of = classic.members.get(member.memberId)!
    of.assignment = encodeAssignment(targetOf(member), classic.metadataOf(of), state.topics)
  }
  classic.restore('Stable', draft.nowMs)
  draft.records.push(classic.record(({ assignment }) => assignment))
  draft.after.push(() => {
    // Which other protocols the members support is not in the record.
    state.groups.set(groupId, classic)
    for (const { memberId } of group.members.values())
      cancelConsumer(state.deadlines, groupId, memberId)
    for (const member of members) cancelConsumer(state.deadlines, groupId, member.memberId)
    for (const member of classic.members.values())
      restartSession(state, classic, member, draft.nowMs)
    if (rebalance) prepareRebalance(state, classic, draft)
  })
}

function classicMemberOf(member: ConsumerMember): ClassicMember {
  return {
    memberId: member.memberId,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    sessionTimeoutMs: member.classic!.sessionTimeoutMs,
    protocols: member.classic!.supportedProtocols,
    assignment: emptyAssignment,
    isNew: false,
    waitingJoin: undefined,
    waitingSync: undefined,
  }
}
