/** OffsetFetch of one group (behaviours O-7 to O-9). */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Caller, Conversations } from './command.ts'
import { dynamicMember } from './consumer-membership.ts'
import type { Draft } from './draft.ts'
import type { CommittedOffset } from './offset-store.ts'
import { Refusal } from './refusal.ts'
import type { GroupState } from './state.ts'

type Fetch = Conversations['fetch']['request']
const noTopicId = 'A'.repeat(22)

export function decideFetch(state: GroupState, caller: Caller, request: Fetch, draft: Draft): void {
  const { groupId } = request
  const exists = state.groups.has(groupId)
  if (exists) validate(state, request)
  const answer = (topic: string, partition: number, expectedId: string) =>
    partitionAnswer(
      partition,
      exists ? state.offsets.get(groupId, topic, partition) : undefined,
      request.requireStable && state.offsets.isPending(groupId, topic, partition),
      expectedId,
    )
  const topics =
    request.topics === null
      ? [...(exists ? state.offsets.ofGroup(groupId) : [])].flatMap(([name, offsets]) => {
          const present = state.topics.byName(name)?.topicId ?? noTopicId
          const own = [...offsets].filter(([, { topicId }]) => !isOfOther(topicId, present))
          const partitions = own.map(([index]) => answer(name, index, noTopicId))
          return own.length > 0 ? [{ name, topicId: noTopicId, partitions }] : []
        })
      : request.topics.map(({ name, topicId, partitionIndexes }) => ({
          name,
          topicId,
          partitions: partitionIndexes.map((index) => answer(name, index, topicId)),
        }))
  draft.answer(caller.requestId, 'fetch', { groupId, topics, errorCode: 0 })
}

/** Of a topic that had the name before. */
const isOfOther = (committedId: string, presentId: string) =>
  committedId !== noTopicId && presentId !== noTopicId && committedId !== presentId

function partitionAnswer(
  partitionIndex: number,
  committed: CommittedOffset | undefined,
  isUnstable: boolean,
  expectedId: string,
) {
  const none = { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '' }
  if (isUnstable) return { ...none, errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT }
  if (!committed || isOfOther(committed.topicId, expectedId))
    return { ...none, errorCode: ErrorCode.NONE }
  return {
    partitionIndex,
    committedOffset: committed.offset,
    committedLeaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    errorCode: ErrorCode.NONE,
  }
}

function validate(state: GroupState, { groupId, memberId, memberEpoch }: Fetch): void {
  const group = state.consumerGroup(groupId)
  if (!group || (memberId === null && memberEpoch < 0)) return
  const member = dynamicMember(group, memberId ?? '')
  if (memberEpoch === member.memberEpoch) return
  throw new Refusal(
    member.classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION,
    `The received member epoch ${memberEpoch} does not match the expected member epoch ${member.memberEpoch}.`,
  )
}
