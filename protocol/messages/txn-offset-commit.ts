import { api, array, int16, int32, int64, string } from '../schema.ts'

const txnOffsetCommitRequestPartition = {
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.default(-1).since(2),
  committedMetadata: string.nullable(),
}

const txnOffsetCommitRequestTopic = {
  name: string,
  partitions: array(txnOffsetCommitRequestPartition),
}

/** Commits the offsets of a group as part of a transaction. */
export const TxnOffsetCommit = api(28, 'TxnOffsetCommit', {
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: int32.default(-1).since(3),
    memberId: string.default('').since(3),
    groupInstanceId: string.nullable().default(null).since(3),
    topics: array(txnOffsetCommitRequestTopic),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
