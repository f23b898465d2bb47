import { api, array, bool, int16, int32, int64, string, uint16, uuid } from '../schema.ts'

const partitionData = {
  partitionIndex: int32,
  replicaEpoch: int32,
  replicaId: int32,
  replicaDirectoryId: uuid.since(1),
  voterDirectoryId: uuid.since(1),
  lastOffsetEpoch: int32,
  lastOffset: int64,
  preVote: bool.since(2),
}

const answeredPartitionData = {
  partitionIndex: int32,
  errorCode: int16,
  leaderId: int32,
  leaderEpoch: int32,
  voteGranted: bool,
}

const topicData = {
  topicName: string,
  partitions: array(answeredPartitionData),
}

/**
 * Asks the voters of a KRaft quorum for their vote (KIP-595), or whether they would give it
 * (KIP-996).
 */
export const Vote = api(52, 'Vote', {
  versions: [0, 2],
  flexible: 0,
  request: {
    clusterId: string.nullable().default(null),
    voterId: int32.default(-1).since(1),
    topics: array({ topicName: string, partitions: array(partitionData) }),
  },
  response: {
    errorCode: int16,
    topics: array(topicData),
    nodeEndpoints: array({ nodeId: int32, host: string, port: uint16 }).since(1).tag(0),
  },
})
