/**
 * DescribeQuorum 0–2: Ottla's metadata has one writer, the coordinator, instead of a quorum. It is told
 * as the one voter and leader, at the revision of the metadata that this broker has; its generation
 * counts as leader epoch.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DescribeQuorum } from '../../../protocol/messages/describe-quorum.ts'
import { handler } from '../handler.ts'

const metadataTopic = '__cluster_metadata'
const noDirectory = 'AAAAAAAAAAAAAAAAAAAAAA'

export const describeQuorum = handler(DescribeQuorum, {
  handle({ topics }, { broker, listenerName }) {
    const leaderId = broker.someBrokerId()
    const { revision } = broker.image
    const nowMs = broker.env.clock.wallMs()
    const leader = {
      replicaId: leaderId,
      replicaDirectoryId: noDirectory,
      logEndOffset: revision,
      lastFetchTimestamp: nowMs,
      lastCaughtUpTimestamp: nowMs,
    }
    const known = {
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      leaderId,
      leaderEpoch: broker.session.generation,
      highWatermark: revision,
      currentVoters: [leader],
      observers: [],
    }
    const unknown = {
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: 'This server does not host this topic-partition.',
      leaderId: 0,
      leaderEpoch: 0,
      highWatermark: 0,
      currentVoters: [],
      observers: [],
    }
    const isAsked = topics.some(
      ({ topicName, partitions }) =>
        topicName === metadataTopic &&
        partitions.some(({ partitionIndex }) => partitionIndex === 0),
    )
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      topics: topics.map(({ topicName, partitions }) => ({
        topicName,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          ...(topicName === metadataTopic && partitionIndex === 0 ? known : unknown),
        })),
      })),
      nodes: broker
        .endpointsOf(new Set(isAsked ? [leaderId] : []), listenerName)
        .map(({ nodeId, host, port }) => ({
          nodeId,
          listeners: [{ name: listenerName, host, port }],
        })),
    }
  },
  failure: (_request, errorCode, errorMessage) => ({
    errorCode,
    errorMessage,
    topics: [],
    nodes: [],
  }),
})
