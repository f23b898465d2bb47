/**
 * Metadata 0–13: topics, partitions, leaders, brokers (rules M-1 to M-17).
 *
 * Better than Kafka: a topic that is created by this request is answered as it then is, where
 * Kafka answers UNKNOWN_TOPIC_OR_PARTITION and has the client ask again.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { Metadata } from '../../../protocol/messages/metadata.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { PartitionImage, TopicImage } from '../../core/cluster/image.ts'
import { isInternalTopic } from '../../core/cluster/internal-topics.ts'
import { topicNameFault } from '../../core/cluster/topic-name.ts'
import { handler, type RequestContext, RequestError } from '../handler.ts'

type Topics = ResponseOf<typeof Metadata>['topics']
type Topic = Topics[number]

const noId = 'A'.repeat(22)
/** Every operation that a topic or a cluster knows: nothing is forbidden without an authorizer. */
const topicOperations = 0b0000_1101_1111_1000
const clusterOperations = 0b0001_1111_1010_0000
/** Of all partitions whose replicas are there. */
const nobody: number[] = []
const notAsked = -2147483648

export const metadata = handler(Metadata, {
  namesPartitions: true,
  async handle(request, context) {
    const { broker, apiVersion } = context
    refuseBadTopics(request, apiVersion)
    const topics = await wantedTopics(request, context)
    return {
      brokers: broker.endpointsFor(context.listenerName),
      clusterId: broker.image.clusterId,
      controllerId: broker.someBrokerId(),
      topics: topics.map((topic) =>
        request.includeTopicAuthorizedOperations && topic.errorCode === ErrorCode.NONE
          ? { ...topic, topicAuthorizedOperations: topicOperations }
          : topic,
      ),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? clusterOperations
        : notAsked,
    }
  },
  failure: (request, errorCode) => ({
    brokers: [],
    topics: (request.topics ?? []).map(({ name, topicId }) => ({
      errorCode,
      name: name ?? '',
      topicId,
      partitions: [],
    })),
    errorCode,
  }),
})

function refuseBadTopics({ topics }: RequestOf<typeof Metadata>, apiVersion: number): void {
  for (const { name, topicId } of topics ?? []) {
    if (name === null && (apiVersion < 12 || topicId === noId))
      throw new RequestError(ErrorCode.INVALID_REQUEST, 'A topic has neither a name nor an id')
    if (topicId !== noId && apiVersion < 12)
      throw new RequestError(
        ErrorCode.INVALID_REQUEST,
        `Topic ids can be asked for from version 12 on, not in ${apiVersion}`,
      )
  }
}

async function wantedTopics(
  request: RequestOf<typeof Metadata>,
  context: RequestContext,
): Promise<Topic[]> {
  const { broker, apiVersion } = context
  const { topics } = request
  if (topics === null || (apiVersion === 0 && topics.length === 0))
    return [...broker.image.topics()].map((topic) => known(topic, context))
  // If any id is given, names are ignored (M-3).
  const ids = topics.filter(({ topicId }) => topicId !== noId)
  if (ids.length > 0)
    return [...new Set(ids.map(({ topicId }) => topicId))].map((id) => byId(id, context))
  const names = [...new Set(topics.map(({ name }) => name as string))]
  const missing = names.filter(
    (name) => broker.image.topic(name) === undefined && topicNameFault(name) === undefined,
  )
  const create = broker.config.get('auto.create.topics.enable') && request.allowAutoTopicCreation
  const errors =
    create && missing.length > 0 ? await broker.autoCreate(missing) : new Map<string, number>()
  return names.map((name) => byName(name, context, errors.get(name)))
}

function byId(topicId: string, context: RequestContext): Topic {
  const topic = context.broker.image.topicById(topicId)
  if (topic !== undefined) return known(topic, context)
  return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId, partitions: [] }
}

function byName(name: string, context: RequestContext, createError: number | undefined): Topic {
  const topic = context.broker.image.topic(name)
  if (topic !== undefined) return known(topic, context)
  const illegal = topicNameFault(name) !== undefined
  const errorCode = illegal
    ? ErrorCode.INVALID_TOPIC_EXCEPTION
    : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return { errorCode: createError || errorCode, name, topicId: noId, partitions: [] }
}

function known(topic: TopicImage, context: RequestContext): Topic {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition) => describe(partition, context)),
  }
}

function describe(
  partition: PartitionImage,
  { broker, apiVersion, listenerName }: RequestContext,
): Topic['partitions'][number] {
  const { leader, replicas } = partition
  const isOffline = (id: number) => !broker.reachable(id, listenerName)
  const reachable = broker.reachable(leader, listenerName)
  const leaderless = leader < 0 || !broker.image.brokers.has(leader)
  const missing =
    leaderless || apiVersion < 6 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.LISTENER_NOT_FOUND
  return {
    errorCode: reachable ? ErrorCode.NONE : missing,
    partitionIndex: partition.partition,
    leaderId: reachable ? leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: replicas,
    isrNodes: partition.isr,
    offlineReplicas: replicas.some(isOffline) ? replicas.filter(isOffline) : nobody,
  }
}
