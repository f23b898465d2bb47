/** Transactional ids: records of `__transaction_state`. */
import { array, int8, int16, int32, int64, message, string } from '../schema.ts'

export const TransactionLogKey = message('TransactionLogKey', {
  versions: [0, 0],
  type: 0,
  fields: {
    transactionalId: string,
  },
})

export const TransactionLogValue = message('TransactionLogValue', {
  versions: [0, 1],
  type: 0,
  flexible: 1,
  fields: {
    producerId: int64,
    previousProducerId: int64.default(-1).since(1).tag(0),
    nextProducerId: int64.default(-1).since(1).tag(1),
    producerEpoch: int16,
    nextProducerEpoch: int16.default(-1).since(1).tag(3),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: array({ topic: string, partitionIds: array(int32) }).nullable(),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: int16.default(0).since(1).tag(2),
  },
})
