import { api, array, int16, int32, int64, string } from '../schema.ts'

const producerState = {
  producerId: int64,
  producerEpoch: int32,
  lastSequence: int32.default(-1),
  lastTimestamp: int64.default(-1),
  coordinatorEpoch: int32,
  currentTxnStartOffset: int64.default(-1),
}

const partitionResponse = {
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: string.nullable().default(null),
  activeProducers: array(producerState),
}

/** Tells the producers that a partition remembers, to find hanging transactions (KIP-664). */
export const DescribeProducers = api(61, 'DescribeProducers', {
  versions: [0, 0],
  flexible: 0,
  request: {
    topics: array({ name: string, partitionIndexes: array(int32) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({ name: string, partitions: array(partitionResponse) }),
  },
})
