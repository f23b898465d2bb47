/** DescribeTopicPartitions 0: topics page by page, sorted by name (M-18, KIP-966). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DescribeTopicPartitions } from '../../../protocol/messages/describe-topic-partitions.ts'
import type { ResponseOf } from '../../../protocol/schema.ts'
import type { TopicImage } from '../../core/cluster/image.ts'
import { isInternalTopic } from '../../core/cluster/internal-topics.ts'
import { topicNameFault } from '../../core/cluster/topic-name.ts'
import type { Broker } from '../broker.ts'
import { handler, RequestError } from '../handler.ts'

type Topic = ResponseOf<typeof DescribeTopicPartitions>['topics'][number]

const noId = 'A'.repeat(22)
const notAsked = -2147483648
const topicOperations = 0b0000_1101_1111_1000

export const describeTopicPartitions = handler(DescribeTopicPartitions, {
  handle(request, { broker, listenerName }) {
    const { cursor } = request
    const all = request.topics.length === 0
    const names = all
      ? [...broker.image.topics()].map(({ name }) => name)
      : [...new Set(request.topics.map(({ name }) => name))]
    if (cursor !== null && cursor.partitionIndex < 0)
      throw new RequestError(
        ErrorCode.INVALID_REQUEST,
        `The cursor's partition ${cursor.partitionIndex} is negative`,
      )
    if (cursor !== null && !all && !names.includes(cursor.topicName))
      throw new RequestError(
        ErrorCode.INVALID_REQUEST,
        `The cursor's topic ${cursor.topicName} is not among the topics asked for`,
      )
    const sorted = names.filter((name) => name >= (cursor?.topicName ?? '')).sort()
    const partitionsMax = broker.config.get('max.request.partition.size.limit')
    let left = Math.max(1, Math.min(request.responsePartitionLimit, partitionsMax))
    const topics: Topic[] = []
    for (const name of sorted) {
      const topic = broker.image.topic(name)
      if (topic === undefined) {
        if (!all) topics.push(unknown(name))
        continue
      }
      const from = cursor?.topicName === name ? cursor.partitionIndex : 0
      if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: from } }
      const described = describe(broker, listenerName, topic, from, left)
      topics.push(described)
      left -= described.partitions.length
      const next = from + described.partitions.length
      if (next < topic.partitions.length)
        return { topics, nextCursor: { topicName: name, partitionIndex: next } }
    }
    return { topics }
  },
  failure: (request, errorCode) => ({
    topics: request.topics.map(({ name }) => ({
      ...unknown(name),
      errorCode,
      topicAuthorizedOperations: notAsked,
    })),
  }),
})

function unknown(name: string): Topic {
  const illegal = topicNameFault(name) !== undefined
  return {
    errorCode: illegal ? ErrorCode.INVALID_TOPIC_EXCEPTION : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    name,
    topicId: noId,
    partitions: [],
    topicAuthorizedOperations: topicOperations,
  }
}

function describe(
  broker: Broker,
  listenerName: string,
  topic: TopicImage,
  from: number,
  countMax: number,
): Topic {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    topicAuthorizedOperations: topicOperations,
    partitions: topic.partitions.slice(from, from + countMax).map((partition) => {
      const reachable = broker.reachable(partition.leader, listenerName)
      return {
        errorCode: reachable ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
        partitionIndex: partition.partition,
        leaderId: reachable ? partition.leader : -1,
        leaderEpoch: partition.leaderEpoch,
        replicaNodes: partition.replicas,
        isrNodes: partition.isr,
        eligibleLeaderReplicas: partition.elr,
        lastKnownElr: partition.lastKnownElr,
        offlineReplicas: partition.replicas.filter((id) => !broker.reachable(id, listenerName)),
      }
    }),
  }
}
