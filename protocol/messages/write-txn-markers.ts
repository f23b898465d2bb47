import { api, array, bool, int8, int16, int32, int64, string } from '../schema.ts'

const writableTxnMarker = {
  producerId: int64,
  producerEpoch: int16,
  transactionResult: bool, // true: commit.
  topics: array({ name: string, partitionIndexes: array(int32) }),
  coordinatorEpoch: int32,
  transactionVersion: int8.default(0).since(2),
}

const writableTxnMarkerResult = {
  producerId: int64,
  topics: array({
    name: string,
    partitions: array({ partitionIndex: int32, errorCode: int16 }),
  }),
}

/**
 * Writes commit and abort markers: the transaction coordinator sends it to the partition leaders.
 */
export const WriteTxnMarkers = api(27, 'WriteTxnMarkers', {
  versions: [1, 2],
  flexible: 1,
  request: {
    markers: array(writableTxnMarker),
  },
  response: {
    markers: array(writableTxnMarkerResult),
  },
})
