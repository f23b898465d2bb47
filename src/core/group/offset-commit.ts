/** OffsetCommit, TxnOffsetCommit and OffsetDelete (behaviours O-1 to O-6, O-11, N-10, T-11). */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { ClassicGroup } from './classic-group.ts'
import { restartSession } from './classic-session.ts'
import type { Caller, Conversations } from './command.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { dynamicMember } from './consumer-membership.ts'
import type { Draft } from './draft.ts'
import type { GroupRecord } from './record.ts'
import { Refusal } from './refusal.ts'
import { type Group, type GroupState, notFound } from './state.ts'

/** Who commits; the fields are named differently in the two requests. */
interface Committer {
  readonly groupId: string
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generation: number
  readonly isTransactional: boolean
  readonly apiVersion: number
}

/** Whether this partition may be committed. @throws Refusal */
type Check = (topic: string, topicId: string, partition: number) => void

const anyPartition: Check = () => {}
const noTopicId = 'A'.repeat(22)
/** From here on a group that is not there has an error of its own. */
const notFoundSince = 9

export function decideCommit(
  state: GroupState,
  caller: Caller,
  request: Conversations['commit']['request'],
  draft: Draft,
): void {
  const { groupId, memberId, groupInstanceId, retentionTimeMs } = request
  const committer = {
    groupId,
    memberId,
    groupInstanceId,
    generation: request.generationIdOrMemberEpoch,
    isTransactional: false,
    apiVersion: caller.apiVersion,
  }
  const group = groupOf(state, committer)
  const check = group ? authorize(group, committer) : anyPartition
  if (group?.type === 'classic') {
    const member = group.members.get(memberId)
    const isAlive = group.state === 'Stable' || group.state === 'PreparingRebalance'
    if (member && isAlive) restartSession(state, group, member, draft.nowMs)
  }
  const expiresAtMs = retentionTimeMs === -1 ? -1 : draft.nowMs + retentionTimeMs
  const topics = request.topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map((partition) => {
      const { partitionIndex, committedMetadata } = partition
      if (isTooLong(state, committedMetadata))
        return { partitionIndex, errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE }
      check(name, topicId, partitionIndex)
      draft.records.push(offsetRecord(groupId, name, topicId, partition, draft.nowMs, expiresAtMs))
      return { partitionIndex, errorCode: ErrorCode.NONE }
    }),
  }))
  draft.answer(caller.requestId, 'commit', { topics })
}

interface CommittedPartition {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

function offsetRecord(
  group: string,
  topic: string,
  topicId: string,
  committed: CommittedPartition,
  nowMs: number,
  expiresAtMs: number,
): GroupRecord {
  return {
    kind: 'offset',
    key: { group, topic, partition: committed.partitionIndex },
    value: {
      offset: committed.committedOffset,
      leaderEpoch: committed.committedLeaderEpoch,
      metadata: committed.committedMetadata ?? '',
      commitTimestamp: nowMs,
      expireTimestamp: expiresAtMs,
      topicId,
    },
  }
}

const isTooLong = (state: GroupState, metadata: string | null) =>
  metadata !== null && metadata.length > state.settings.offsetMetadataMax

/** `undefined`: not there, and an offset without a generation will make it. */
function groupOf(
  state: GroupState,
  { groupId, generation, isTransactional, apiVersion }: Committer,
): Group | undefined {
  const group = state.groups.get(groupId)
  if (group || generation < 0) return group
  if (!isTransactional && apiVersion >= notFoundSince) throw notFound(groupId)
  throw new Refusal(
    ErrorCode.ILLEGAL_GENERATION,
    `Group ${groupId} does not exist and has no generation ${generation}`,
  )
}

function authorize(group: Group, committer: Committer): Check {
  return group.type === 'classic'
    ? authorizeClassic(group, committer)
    : authorizeConsumer(group, committer)
}

function authorizeClassic(group: ClassicGroup, committer: Committer): Check {
  const { memberId, groupInstanceId, generation, isTransactional } = committer
  if (generation < 0 && group.isEmpty) return anyPartition
  if (generation >= 0 || memberId !== '' || groupInstanceId !== null) {
    group.requireMember(memberId, groupInstanceId)
    if (generation !== group.generationId)
      throw new Refusal(
        ErrorCode.ILLEGAL_GENERATION,
        `Generation ${generation} is not ${group.generationId}, that of group ${group.groupId}`,
      )
  } else if (!isTransactional && !group.isEmpty) {
    throw new Refusal(
      ErrorCode.UNKNOWN_MEMBER_ID,
      `Group ${group.groupId} has members, and only they may commit`,
    )
  }
  if (!isTransactional && group.state === 'CompletingRebalance')
    throw new Refusal(
      ErrorCode.REBALANCE_IN_PROGRESS,
      `Group ${group.groupId} waits for the assignment of generation ${group.generationId}`,
    )
  return anyPartition
}

function authorizeConsumer(group: ConsumerGroup, committer: Committer): Check {
  const { memberId, groupInstanceId, generation, isTransactional, apiVersion } = committer
  if (generation < 0 && group.isEmpty) return anyPartition
  const isAnonymous = generation === -1 && memberId === '' && groupInstanceId === null
  if (isTransactional && isAnonymous) return anyPartition
  const member = dynamicMember(group, memberId)
  if (!isTransactional && member.classic === null && apiVersion < notFoundSince)
    throw new Refusal(
      ErrorCode.UNSUPPORTED_VERSION,
      'OffsetCommit version 9 or above must be used by members using the consumer group protocol',
    )
  const stale = (message: string) =>
    new Refusal(
      member.classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION,
      message,
    )
  if (generation === member.memberEpoch) return anyPartition
  if (generation > member.memberEpoch)
    throw stale(`Member epoch ${generation} is newer than ${member.memberEpoch}, the current one`)
  // An older epoch still owns what it was given at that epoch or before (KIP-1251).
  return (topic, topicId, partition) => {
    const givenAt =
      member.assigned.get(topicId)?.get(partition) ?? member.revoking.get(topicId)?.get(partition)
    if (givenAt === undefined)
      throw stale(`Partition ${topic}-${partition} is not assigned to member ${memberId}`)
    if (generation < givenAt)
      throw stale(
        `Member epoch ${generation} is older than ${givenAt}, at which ${topic}-${partition} was assigned`,
      )
  }
}

/** Becomes visible when the transaction commits; who journals it writes it with the producer id. */
export function decideTxnCommit(
  state: GroupState,
  caller: Caller,
  request: Conversations['txnCommit']['request'],
  draft: Draft,
): void {
  const { groupId, memberId, groupInstanceId, generationId } = request
  const committer = {
    groupId,
    memberId,
    groupInstanceId,
    generation: generationId,
    isTransactional: true,
    apiVersion: caller.apiVersion,
  }
  const check = asIllegalGeneration(() => {
    const group = groupOf(state, committer)
    return group ? authorize(group, committer) : anyPartition
  })
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => {
      const { partitionIndex, committedMetadata } = partition
      if (isTooLong(state, committedMetadata))
        return { partitionIndex, errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE }
      const topicId = state.topics.byName(name)?.topicId ?? noTopicId
      asIllegalGeneration(() => check(name, topicId, partitionIndex))
      draft.records.push(offsetRecord(groupId, name, noTopicId, partition, draft.nowMs, -1))
      return { partitionIndex, errorCode: ErrorCode.NONE }
    }),
  }))
  draft.answer(caller.requestId, 'txnCommit', { topics })
}

/** Producers do not know member epochs: a stale one is an illegal generation to them. */
function asIllegalGeneration<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal && error.errorCode === ErrorCode.STALE_MEMBER_EPOCH)
      throw new Refusal(ErrorCode.ILLEGAL_GENERATION, error.message)
    throw error
  }
}

export const offsetTombstone = (group: string, topic: string, partition: number): GroupRecord => ({
  kind: 'offset',
  key: { group, topic, partition },
  value: null,
})

export function decideOffsetDelete(
  state: GroupState,
  caller: Caller,
  request: Conversations['deleteOffsets']['request'],
  draft: Draft,
): void {
  const { groupId } = request
  if (groupId === '') throw new Refusal(ErrorCode.INVALID_GROUP_ID, 'The group id is empty')
  const group = state.requireGroup(groupId)
  if (group.type === 'classic' && !group.isEmpty && !group.ofConsumers)
    throw new Refusal(
      ErrorCode.NON_EMPTY_GROUP,
      `Group ${groupId} has ${group.members.size} members`,
    )
  const topics = request.topics.map(({ name, partitions }) => {
    const isSubscribed = group.isSubscribedTo(name)
    const errorCode = isSubscribed ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE
    for (const { partitionIndex } of isSubscribed ? [] : partitions) {
      const { offsets } = state
      const exists =
        offsets.get(groupId, name, partitionIndex) !== undefined ||
        offsets.isPending(groupId, name, partitionIndex)
      if (exists) draft.records.push(offsetTombstone(groupId, name, partitionIndex))
    }
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    }
  })
  draft.answer(caller.requestId, 'deleteOffsets', { errorCode: 0, topics })
}
