/** How each kind of record changes the groups. Nothing else changes what outlives a restart. */
import { noPartitions } from './assignment.ts'
import { ClassicGroup } from './classic-group.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import {
  leaveEpoch,
  type MemberState,
  memberStates,
  newMember,
  noOwned,
  type OwnedPartitions,
} from './consumer-member.ts'
import type { GroupRecord, GroupRecordKind, KeyOf, ValueOf } from './record.ts'
import type { GroupState } from './state.ts'

/** Where a record stands in the log, and which transaction it is part of. */
export interface RecordPlace {
  readonly offset: number
  /** -1: none. */
  readonly producerId: number
}

type Apply<K extends GroupRecordKind> = (
  state: GroupState,
  key: KeyOf<K>,
  value: ValueOf<K> | null,
  at: RecordPlace,
) => void

const applying: { [K in GroupRecordKind]: Apply<K> } = {
  offset: applyOffset,
  classicGroup: applyClassicGroup,
  groupEpoch(state, { groupId }, value) {
    if (value === null) {
      if (state.consumerGroup(groupId)) state.groups.delete(groupId)
      return
    }
    const group = state.persistedConsumerGroup(groupId)
    group.groupEpoch = value.epoch
    group.metadataHash = value.metadataHash
  },
  partitions(state, { groupId }, value) {
    const group = value ? state.persistedConsumerGroup(groupId) : state.consumerGroup(groupId)
    if (group) group.hasPartitionsRecord = value !== null
  },
  member: applyMember,
  targetEpoch(state, { groupId }, value) {
    const group = value ? state.persistedConsumerGroup(groupId) : state.consumerGroup(groupId)
    if (!group) return
    group.assignmentEpoch = value?.assignmentEpoch ?? -1
    group.assignedAtMs = value?.assignmentTimestamp ?? 0
  },
  target(state, { groupId, memberId }, value) {
    if (value === null) {
      state.consumerGroup(groupId)?.target.delete(memberId)
      return
    }
    const assignment = new Map<string, readonly number[]>()
    for (const { topicId, partitions } of value.topicPartitions)
      assignment.set(
        topicId,
        [...partitions].sort((a, b) => a - b),
      )
    const { target } = state.persistedConsumerGroup(groupId)
    target.set(memberId, assignment.size === 0 ? noPartitions : assignment)
  },
  current: applyCurrent,
  regex(state, { groupId, regularExpression }, value) {
    if (value === null) {
      const group = state.consumerGroup(groupId)
      if (group) withTopicsOf(state, group, () => group.subscriptions.forget(regularExpression))
      return
    }
    const group = state.persistedConsumerGroup(groupId)
    const resolved = {
      topics: new Set(value.topics),
      version: value.version,
      resolvedAtMs: value.timestamp,
    }
    withTopicsOf(state, group, () => group.subscriptions.resolve(regularExpression, resolved))
  },
}

export function applyRecord(state: GroupState, record: GroupRecord, at: RecordPlace): void {
  const apply = applying[record.kind] as Apply<any>
  apply(state, record.key, record.value, at)
}

function applyOffset(
  { groups, offsets }: GroupState,
  { group, topic, partition }: KeyOf<'offset'>,
  value: ValueOf<'offset'> | null,
  { offset: recordOffset, producerId }: RecordPlace,
): void {
  if (value === null) {
    offsets.delete(group, topic, partition)
    return
  }
  if (!groups.has(group)) groups.set(group, new ClassicGroup(group, -1))
  const committed = {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    committedAtMs: value.commitTimestamp,
    expiresAtMs: value.expireTimestamp,
    topicId: value.topicId,
    recordOffset,
  }
  if (producerId === -1) offsets.commit(group, topic, partition, committed)
  else offsets.commitPending(producerId, group, topic, partition, committed)
}

function applyClassicGroup(
  state: GroupState,
  { group: groupId }: KeyOf<'classicGroup'>,
  value: ValueOf<'classicGroup'> | null,
): void {
  const known = state.classicGroup(groupId)
  if (value === null) {
    if (known) state.groups.delete(groupId)
    return
  }
  if (known && !state.isLoading) {
    // All of it is here already but what the leader assigned.
    for (const { memberId, assignment } of value.members) {
      const member = known.members.get(memberId)
      if (member) member.assignment = Buffer.from(assignment)
    }
    if (known.state === 'CompletingRebalance' && value.members.length > 0) known.becomeStable()
    return
  }
  const group = new ClassicGroup(groupId, value.currentStateTimestamp)
  group.generationId = value.generation
  group.protocolType = value.protocolType || null
  group.protocolName = value.protocol
  group.leaderId = value.leader
  for (const member of value.members)
    group.add({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs:
        member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      protocols: [{ name: value.protocol ?? '', metadata: Buffer.from(member.subscription) }],
      assignment: Buffer.from(member.assignment),
      isNew: false,
      waitingJoin: undefined,
      waitingSync: undefined,
    })
  group.restore(value.members.length > 0 ? 'Stable' : 'Empty', value.currentStateTimestamp)
  state.groups.set(groupId, group)
}

/** Keeps the index from topics to the groups that read them while a subscription changes. */
function withTopicsOf(state: GroupState, group: ConsumerGroup, change: () => void): void {
  const before = new Set(group.subscriptions.topics.keys())
  change()
  state.reindex(group, before)
}

function applyMember(
  state: GroupState,
  { groupId, memberId }: KeyOf<'member'>,
  value: ValueOf<'member'> | null,
): void {
  const group = value ? state.persistedConsumerGroup(groupId) : state.consumerGroup(groupId)
  if (!group) return
  if (value === null) {
    withTopicsOf(state, group, () => group.delete(memberId))
    return
  }
  const { classicMemberMetadata: classic } = value
  const member = {
    ...(group.members.get(memberId) ?? newMember(memberId)),
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    topicNames: new Set(value.subscribedTopicNames),
    topicRegex: value.subscribedTopicRegex ?? '',
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    serverAssignor: value.serverAssignor,
    classic: classic && {
      sessionTimeoutMs: classic.sessionTimeoutMs,
      supportedProtocols: classic.supportedProtocols.map(({ name, metadata }) => ({
        name,
        metadata: Buffer.from(metadata),
      })),
    },
  }
  withTopicsOf(state, group, () => group.set(member))
}

function applyCurrent(
  state: GroupState,
  { groupId, memberId }: KeyOf<'current'>,
  value: ValueOf<'current'> | null,
): void {
  if (value === null) {
    const group = state.consumerGroup(groupId)
    const member = group?.members.get(memberId)
    if (!group || !member) return
    group.set({
      ...member,
      memberEpoch: leaveEpoch,
      previousMemberEpoch: leaveEpoch,
      assigned: noOwned,
      revoking: noOwned,
    })
    return
  }
  const group = state.persistedConsumerGroup(groupId)
  const known = Object.values<number>(memberStates).includes(value.state)
  group.set({
    ...(group.members.get(memberId) ?? newMember(memberId)),
    memberEpoch: value.memberEpoch,
    previousMemberEpoch: value.previousMemberEpoch,
    state: known ? (value.state as MemberState) : memberStates.unknown,
    assigned: ownedFrom(value.assignedPartitions, value.memberEpoch),
    revoking: ownedFrom(value.partitionsPendingRevocation, value.memberEpoch),
  })
}

/** Before Kafka 4.3 the epochs of partitions were not stored: that of the member stands for them. */
function ownedFrom(
  stored: ValueOf<'current'>['assignedPartitions'],
  memberEpoch: number,
): OwnedPartitions {
  if (stored.length === 0) return noOwned
  return new Map(
    stored.map(({ topicId, partitions, assignmentEpochs: epochs }) => [
      topicId,
      new Map(
        partitions.map((partition, i) => [
          partition,
          epochs?.length === partitions.length ? epochs[i]! : Math.max(memberEpoch, 0),
        ]),
      ),
    ]),
  )
}
