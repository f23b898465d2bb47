import { api, array, int16, int32, int64, string } from '../schema.ts'

const transactionState = {
  errorCode: int16,
  transactionalId: string,
  transactionState: string,
  transactionTimeoutMs: int32,
  transactionStartTimeMs: int64,
  producerId: int64,
  producerEpoch: int16,
  topics: array({ topic: string, partitions: array(int32) }),
}

/** Describes transactional ids: state, producer and partitions (KIP-664). */
export const DescribeTransactions = api(65, 'DescribeTransactions', {
  versions: [0, 0],
  flexible: 0,
  request: {
    transactionalIds: array(string),
  },
  response: {
    throttleTimeMs: int32.default(0),
    transactionStates: array(transactionState),
  },
})
