import { api, array, int8, int16, int32, int64, uuid } from '../schema.ts'

const partitionData = {
  partitionIndex: int32,
  leaderEpoch: int32,
  newIsr: array(int32).until(2),
  newIsrWithEpochs: array({ brokerId: int32, brokerEpoch: int64.default(-1) }).since(3),
  leaderRecoveryState: int8.default(0),
  partitionEpoch: int32,
}

const answeredPartitionData = {
  partitionIndex: int32,
  errorCode: int16,
  leaderId: int32,
  leaderEpoch: int32,
  isr: array(int32),
  leaderRecoveryState: int8.default(0),
  partitionEpoch: int32,
}

const topicData = {
  topicId: uuid,
  partitions: array(answeredPartitionData),
}

/**
 * Proposes a new set of in-sync replicas: a partition leader sends it to the controller (KIP-497).
 */
export const AlterPartition = api(56, 'AlterPartition', {
  versions: [2, 3],
  flexible: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    topics: array({ topicId: uuid, partitions: array(partitionData) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    topics: array(topicData),
  },
})
