import { api, array, bool, int16, int32, int64, string } from '../schema.ts'

const addPartitionsToTxnTopic = {
  name: string,
  partitions: array(int32),
}

const addPartitionsToTxnTransaction = {
  transactionalId: string,
  producerId: int64,
  producerEpoch: int16,
  verifyOnly: bool.default(false), // From a broker: check, do not add.
  topics: array(addPartitionsToTxnTopic),
}

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32,
  partitionErrorCode: int16,
}

const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
}

const addPartitionsToTxnResult = {
  transactionalId: string,
  topicResults: array(addPartitionsToTxnTopicResult),
}

/**
 * Adds partitions to the transaction under way; brokers verify many transactions at once from
 * version 4 (KIP-890).
 */
export const AddPartitionsToTxn = api(24, 'AddPartitionsToTxn', {
  versions: [0, 5],
  flexible: 3,
  request: {
    transactions: array(addPartitionsToTxnTransaction).since(4),
    v3AndBelowTransactionalId: string.until(3),
    v3AndBelowProducerId: int64.until(3),
    v3AndBelowProducerEpoch: int16.until(3),
    v3AndBelowTopics: array(addPartitionsToTxnTopic).until(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(4),
    resultsByTransaction: array(addPartitionsToTxnResult).since(4),
    resultsByTopicV3AndBelow: array(addPartitionsToTxnTopicResult).until(3),
  },
})
