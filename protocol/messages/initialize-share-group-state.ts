import { api, array, int16, int32, int64, string, uuid } from '../schema.ts'

const initializeStateData = {
  topicId: uuid,
  partitions: array({
    partition: int32,
    stateEpoch: int32,
    startOffset: int64,
  }),
}

const initializeStateResult = {
  topicId: uuid,
  partitions: array({
    partition: int32,
    errorCode: int16,
    errorMessage: string.nullable().default(null),
  }),
}

/** Starts the state of share partitions: group coordinator to share coordinator (KIP-932). */
export const InitializeShareGroupState = api(83, 'InitializeShareGroupState', {
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string,
    topics: array(initializeStateData),
  },
  response: {
    results: array(initializeStateResult),
  },
})
