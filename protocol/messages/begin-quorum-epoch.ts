import { api, array, int16, int32, string, uint16, uuid } from '../schema.ts'

const partitionData = {
  partitionIndex: int32,
  voterDirectoryId: uuid.since(1),
  leaderId: int32,
  leaderEpoch: int32,
}

const answeredPartitionData = {
  partitionIndex: int32,
  errorCode: int16,
  leaderId: int32,
  leaderEpoch: int32,
}

const topicData = {
  topicName: string,
  partitions: array(answeredPartitionData),
}

/** Announces a new leader to the voters of a KRaft quorum (KIP-595). */
export const BeginQuorumEpoch = api(53, 'BeginQuorumEpoch', {
  versions: [0, 1],
  flexible: 1,
  request: {
    clusterId: string.nullable().default(null),
    voterId: int32.default(-1).since(1),
    topics: array({ topicName: string, partitions: array(partitionData) }),
    leaderEndpoints: array({ name: string, host: string, port: uint16 }).since(1),
  },
  response: {
    errorCode: int16,
    topics: array(topicData),
    nodeEndpoints: array({ nodeId: int32, host: string, port: uint16 }).since(1).tag(0),
  },
})
