import { api, array, int8, int16, int32, int64, string, uuid } from '../schema.ts'

const stateBatch = {
  firstOffset: int64,
  lastOffset: int64,
  deliveryState: int8,
  deliveryCount: int16,
}

const partitionData = {
  partition: int32,
  stateEpoch: int32,
  leaderEpoch: int32,
  startOffset: int64,
  deliveryCompleteCount: int32.default(-1).since(1),
  stateBatches: array(stateBatch),
}

const writeStateResult = {
  topicId: uuid,
  partitions: array({
    partition: int32,
    errorCode: int16,
    errorMessage: string.nullable().default(null),
  }),
}

/** Writes the state of share partitions: partition leader to share coordinator (KIP-932). */
export const WriteShareGroupState = api(85, 'WriteShareGroupState', {
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string,
    topics: array({ topicId: uuid, partitions: array(partitionData) }),
  },
  response: {
    results: array(writeStateResult),
  },
})
