import { api, array, bool, int16, int32, string, uuid } from '../schema.ts'

const metadataResponseBroker = {
  nodeId: int32,
  host: string,
  port: int32,
  rack: string.nullable().default(null).since(1),
}

const metadataResponsePartition = {
  errorCode: int16,
  partitionIndex: int32,
  leaderId: int32,
  leaderEpoch: int32.default(-1).since(7),
  replicaNodes: array(int32),
  isrNodes: array(int32),
  offlineReplicas: array(int32).since(5),
}

const metadataResponseTopic = {
  errorCode: int16,
  name: string.nullable(12),
  topicId: uuid.since(10),
  isInternal: bool.default(false).since(1),
  partitions: array(metadataResponsePartition),
  // A bit set (KIP-430); the least int32: not asked for.
  topicAuthorizedOperations: int32.default(-2147483648).since(8),
}

/**
 * Tells topics, partitions, leaders and the brokers with their addresses; may create topics that
 * are missing.
 */
export const Metadata = api(3, 'Metadata', {
  versions: [0, 13],
  flexible: 9,
  request: {
    // null: all; version 0 asks for all with an empty list.
    topics: array({
      topicId: uuid.since(10), // KIP-516
      name: string.nullable(10),
    }).nullable(1),
    allowAutoTopicCreation: bool.default(true).since(4),
    includeClusterAuthorizedOperations: bool.since(8).until(10),
    includeTopicAuthorizedOperations: bool.since(8),
  },
  response: {
    throttleTimeMs: int32.default(0).since(3),
    brokers: array(metadataResponseBroker),
    clusterId: string.nullable().default(null).since(2),
    controllerId: int32.default(-1).since(1),
    topics: array(metadataResponseTopic),
    // A bit set (KIP-430); the least int32: not asked for.
    clusterAuthorizedOperations: int32.default(-2147483648).since(8).until(10),
    errorCode: int16.since(13),
  },
})
