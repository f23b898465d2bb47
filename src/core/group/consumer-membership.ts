/** Who may be a member of a consumer group, and as whom a request speaks. */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Caller } from './command.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, newMember, staticLeaveEpoch } from './consumer-member.ts'
import { currentRecord, memberRecord, memberTombstones, targetRecord } from './consumer-records.ts'
import type { Draft } from './draft.ts'
import { upgrade } from './migration.ts'
import type { ReportedPartitions } from './reconcile.ts'
import { Refusal } from './refusal.ts'
import type { GroupState } from './state.ts'

/** One request to be a member, while it is decided. */
export interface Subscribing {
  readonly state: GroupState
  readonly group: ConsumerGroup
  readonly caller: Caller
  readonly draft: Draft
}

/** A group that does not exist yet gets known by its first records. */
export function groupFor(
  state: GroupState,
  groupId: string,
  isJoin: boolean,
  draft: Draft,
): ConsumerGroup {
  const group = state.groups.get(groupId)
  if (!group) {
    if (isJoin) return new ConsumerGroup(groupId)
    throw new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Consumer group ${groupId} not found.`)
  }
  if (group.type === 'consumer') return group
  if (!isJoin)
    throw new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a consumer group.`)
  if (!group.isEmpty) return upgrade(state, group, draft)
  draft.records.push({ kind: 'classicGroup', key: { group: groupId }, value: null })
  return new ConsumerGroup(groupId)
}

/** @throws Refusal GROUP_MAX_SIZE_REACHED */
export function requireRoom(state: GroupState, group: ConsumerGroup, memberId: string): void {
  const { consumerMembersMax } = state.settings
  if (group.members.size >= consumerMembersMax && !group.members.has(memberId))
    throw new Refusal(
      ErrorCode.GROUP_MAX_SIZE_REACHED,
      `The consumer group has reached its maximum capacity of ${consumerMembersMax} members.`,
    )
}

/** @throws Refusal UNKNOWN_MEMBER_ID */
export function dynamicMember(group: ConsumerGroup, memberId: string): ConsumerMember {
  const member = group.members.get(memberId)
  if (!member)
    throw new Refusal(
      ErrorCode.UNKNOWN_MEMBER_ID,
      `Member ${memberId} is not a member of group ${group.groupId}.`,
    )
  return member
}

/** The member that has the instance id. @throws Refusal 25, 82 */
export function ownerOf(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string,
): ConsumerMember {
  const owner = group.staticMember(instanceId)
  if (!owner)
    throw new Refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`)
  if (owner.memberId !== memberId)
    throw new Refusal(
      ErrorCode.FENCED_INSTANCE_ID,
      `Static member ${memberId} with instance id ${instanceId} was fenced by member ${owner.memberId}.`,
    )
  return owner
}

/** @throws Refusal 25, 82, 111 */
export function staticMember(
  { group, draft }: Subscribing,
  memberId: string,
  instanceId: string,
  isJoin: boolean,
  speaksClassic: boolean,
): ConsumerMember {
  if (!isJoin) return ownerOf(group, memberId, instanceId)
  const owner = group.staticMember(instanceId)
  if (!owner) return group.members.get(memberId) ?? newMember(memberId)
  const inUse = owner.memberEpoch !== staticLeaveEpoch
  if (inUse && !speaksClassic && owner.classic === null)
    throw new Refusal(
      ErrorCode.UNRELEASED_INSTANCE_ID,
      `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${owner.memberId} member.`,
    )
  const member = { ...owner, memberId, memberEpoch: 0, previousMemberEpoch: 0 }
  const { groupId } = group
  draft.records.push(
    ...memberTombstones(groupId, owner.memberId),
    memberRecord(groupId, member),
    targetRecord(groupId, memberId, group.targetOf(owner.memberId)),
    currentRecord(groupId, member),
  )
  return member
}

/**
 * A smaller epoch is taken once more when the answer with the new one may have been lost: it is the
 * previous one and the member has no partition that it was not given.
 * @throws Refusal FENCED_MEMBER_EPOCH
 */
export function requireEpoch(
  member: ConsumerMember,
  epoch: number,
  reported: ReportedPartitions,
): void {
  if (epoch === 0 || epoch === member.memberEpoch) return
  const smaller = epoch < member.memberEpoch
  if (smaller && epoch === member.previousMemberEpoch && isWithin(reported, member)) return
  throw new Refusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The consumer group member has a ${smaller ? 'smaller' : 'greater'} member epoch (${epoch}) than the one known by the group coordinator (${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  )
}

function isWithin(reported: ReportedPartitions, { assigned }: ConsumerMember): boolean {
  if (reported === null) return false
  return reported.every(({ topicId, partitions }) => {
    const given = assigned.get(topicId)
    return given !== undefined && partitions.every((partition) => given.has(partition))
  })
}
