import { api, array, bool, int16, int32, int64, string, uuid } from '../schema.ts'

const offsetFetchRequestGroup = {
  groupId: string,
  memberId: string.nullable().default(null).since(9),
  memberEpoch: int32.default(-1).since(9),
  // null: all.
  topics: array({
    name: string.until(9),
    topicId: uuid.since(10),
    partitionIndexes: array(int32),
  }).nullable(),
}

const offsetFetchResponsePartition = {
  partitionIndex: int32,
  committedOffset: int64, // -1: none.
  committedLeaderEpoch: int32.default(-1).since(5),
  metadata: string.nullable(),
  errorCode: int16,
}

const offsetFetchResponseTopic = {
  name: string,
  partitions: array(offsetFetchResponsePartition),
}

const offsetFetchResponsePartitions = {
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.default(-1),
  metadata: string.nullable(),
  errorCode: int16,
}

const offsetFetchResponseTopics = {
  name: string.until(9),
  topicId: uuid.since(10),
  partitions: array(offsetFetchResponsePartitions),
}

const offsetFetchResponseGroup = {
  groupId: string,
  topics: array(offsetFetchResponseTopics),
  errorCode: int16.default(0),
}

/** Reads the committed offsets of one group, or of many from version 8. */
export const OffsetFetch = api(9, 'OffsetFetch', {
  versions: [1, 10],
  flexible: 6,
  request: {
    groupId: string.until(7),
    // null: all.
    topics: array({ name: string, partitionIndexes: array(int32) })
      .nullable(2)
      .until(7),
    groups: array(offsetFetchRequestGroup).since(8),
    // Answer UNSTABLE_OFFSET_COMMIT while a transaction is pending (KIP-447).
    requireStable: bool.default(false).since(7),
  },
  response: {
    throttleTimeMs: int32.default(0).since(3),
    topics: array(offsetFetchResponseTopic).until(7),
    errorCode: int16.default(0).since(2).until(7),
    groups: array(offsetFetchResponseGroup).since(8),
  },
})
