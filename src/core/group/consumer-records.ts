/** The records of consumer groups, each made from the state it stores. */
import type { Assignment } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember, OwnedPartitions } from './consumer-member.ts'
import type { GroupRecord } from './record.ts'
import type { ResolvedRegex } from './subscriptions.ts'

export const memberRecord = (groupId: string, member: ConsumerMember): GroupRecord => ({
  kind: 'member',
  key: { groupId, memberId: member.memberId },
  value: {
    instanceId: member.instanceId,
    rackId: member.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.topicNames].sort(),
    subscribedTopicRegex: member.topicRegex,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: member.serverAssignor,
    classicMemberMetadata: member.classic,
  },
})

export const epochRecord = (groupId: string, epoch: number, hash: bigint): GroupRecord => ({
  kind: 'groupEpoch',
  key: { groupId },
  value: { epoch, metadataHash: hash },
})

export const targetEpochRecord = (groupId: string, epoch: number, atMs: number): GroupRecord => ({
  kind: 'targetEpoch',
  key: { groupId },
  value: { assignmentEpoch: epoch, assignmentTimestamp: atMs },
})

export const targetRecord = (
  groupId: string,
  memberId: string,
  assignment: Assignment,
): GroupRecord => ({
  kind: 'target',
  key: { groupId, memberId },
  value: {
    topicPartitions: [...assignment].map(([topicId, partitions]) => ({
      topicId,
      partitions: [...partitions],
    })),
  },
})

export const currentRecord = (groupId: string, member: ConsumerMember): GroupRecord => ({
  kind: 'current',
  key: { groupId, memberId: member.memberId },
  value: {
    memberEpoch: member.memberEpoch,
    previousMemberEpoch: member.previousMemberEpoch,
    state: member.state,
    assignedPartitions: topicPartitions(member.assigned),
    partitionsPendingRevocation: topicPartitions(member.revoking),
  },
})

function topicPartitions(owned: OwnedPartitions) {
  return [...owned].map(([topicId, partitions]) => ({
    topicId,
    partitions: [...partitions.keys()],
    assignmentEpochs: [...partitions.values()],
  }))
}

export const regexRecord = (
  groupId: string,
  regularExpression: string,
  { topics, version, resolvedAtMs }: ResolvedRegex,
): GroupRecord => ({
  kind: 'regex',
  key: { groupId, regularExpression },
  value: { topics: [...topics].sort(), version, timestamp: resolvedAtMs },
})

export const regexTombstone = (groupId: string, regularExpression: string): GroupRecord => ({
  kind: 'regex',
  key: { groupId, regularExpression },
  value: null,
})

export const partitionsTombstone = (groupId: string): GroupRecord => ({
  kind: 'partitions',
  key: { groupId },
  value: null,
})

/** Deletes a member, in the order that whoever loads the log relies on. */
export function memberTombstones(groupId: string, memberId: string): GroupRecord[] {
  const key = { groupId, memberId }
  return [
    { kind: 'current', key, value: null },
    { kind: 'target', key, value: null },
    { kind: 'member', key, value: null },
  ]
}

/** Deletes a whole group. `renamed`: a member that stands in the log under another id by now. */
export function tombstones(
  group: ConsumerGroup,
  renamed?: { from: string; to: string },
): GroupRecord[] {
  const { groupId } = group
  const key = { groupId }
  const keys = [...group.members.keys()].map((memberId) => ({
    groupId,
    memberId: memberId === renamed?.from ? renamed.to : memberId,
  }))
  return [
    ...keys.map((key): GroupRecord => ({ kind: 'current', key, value: null })),
    ...keys.map((key): GroupRecord => ({ kind: 'target', key, value: null })),
    { kind: 'targetEpoch', key, value: null },
    ...keys.map((key): GroupRecord => ({ kind: 'member', key, value: null })),
    ...[...group.subscriptions.resolved.keys()].map((regex) => regexTombstone(groupId, regex)),
    partitionsTombstone(groupId),
    { kind: 'groupEpoch', key, value: null },
  ]
}

/** Everything that a group is, for a group that was another kind before. */
export function wholeGroup(group: ConsumerGroup): GroupRecord[] {
  const { groupId } = group
  const members = [...group.members.values()]
  return [
    ...members.map((member) => memberRecord(groupId, member)),
    epochRecord(groupId, group.groupEpoch, group.metadataHash),
    ...members.map(({ memberId }) => targetRecord(groupId, memberId, group.targetOf(memberId))),
    targetEpochRecord(groupId, group.assignmentEpoch, group.assignedAtMs),
    ...members.map((member) => currentRecord(groupId, member)),
  ]
}
