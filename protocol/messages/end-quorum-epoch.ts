import { api, array, int16, int32, string, uint16, uuid } from '../schema.ts'

const partitionData = {
  partitionIndex: int32,
  leaderId: int32,
  leaderEpoch: int32,
  preferredSuccessors: array(int32).until(0),
  preferredCandidates: array({ candidateId: int32, candidateDirectoryId: uuid }).since(1),
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

/** Announces that the leader of a KRaft quorum resigns (KIP-595). */
export const EndQuorumEpoch = api(54, 'EndQuorumEpoch', {
  versions: [0, 1],
  flexible: 1,
  request: {
    clusterId: string.nullable().default(null),
    topics: array({ topicName: string, partitions: array(partitionData) }),
    leaderEndpoints: array({ name: string, host: string, port: uint16 }).since(1),
  },
  response: {
    errorCode: int16,
    topics: array(topicData),
    nodeEndpoints: array({ nodeId: int32, host: string, port: uint16 }).since(1).tag(0),
  },
})
