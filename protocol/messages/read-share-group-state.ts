import { api, array, int8, int16, int32, int64, string, uuid } from '../schema.ts'

const stateBatch = {
  firstOffset: int64,
  lastOffset: int64,
  deliveryState: int8,
  deliveryCount: int16,
}

const partitionResult = {
  partition: int32,
  errorCode: int16,
  errorMessage: string.nullable().default(null),
  stateEpoch: int32,
  startOffset: int64,
  stateBatches: array(stateBatch),
}

/** Reads the state of share partitions: partition leader to share coordinator (KIP-932). */
export const ReadShareGroupState = api(84, 'ReadShareGroupState', {
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({ partition: int32, leaderEpoch: int32 }),
    }),
  },
  response: {
    results: array({ topicId: uuid, partitions: array(partitionResult) }),
  },
})
