/** Requests of members of a consumer group `g` that reads topic `t`, with what most have in common filled in. */
import type { Conversations } from '../../../src/core/group/command.ts'
import { Conversation } from './conversation.ts'
import { SomeTopics } from './some-topics.ts'

export const topicId = `${'A'.repeat(21)}Q`
const topic = { name: 't', topicId, partitionCount: 4 }

export const joiningNew = (memberId: string, rest: object = {}) => ({
  groupId: 'g',
  memberId,
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: 30_000,
  subscribedTopicNames: ['t'],
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: [],
  ...rest,
})

export const beatingNew = (
  memberId: string,
  memberEpoch: number,
  owned?: readonly number[],
  rest: object = {},
) => ({
  ...joiningNew(memberId),
  memberEpoch,
  rebalanceTimeoutMs: -1,
  subscribedTopicNames: null,
  topicPartitions: owned ? (owned.length > 0 ? [{ topicId, partitions: [...owned] }] : []) : null,
  ...rest,
})

/** A group whose target follows every change at once. */
export const talkOfNew = (settings = {}, topics = new SomeTopics([topic])) =>
  new Conversation({ consumerAssignmentIntervalMs: 0, ...settings }, topics)

/** `epoch: partitions of t`, or what else came. */
export function brief(answer: any): string {
  if (answer.refused !== undefined) return `error ${answer.refused}`
  const partitions = answer.assignment?.topicPartitions.flatMap((each: any) => each.partitions)
  return `${answer.memberEpoch}: ${partitions ? partitions.sort().join(',') : 'same'}`
}

/** Asks, and tells in brief. */
export const beatIn =
  (talk: Conversation, version = 1) =>
  (request: Conversations['consumerHeartbeat']['request']) =>
    brief(talk.ask('consumerHeartbeat', request, { version }))
