import { api, array, int8, int16, int32, int64, string } from '../schema.ts'

const listOffsetsPartition = {
  partitionIndex: int32,
  currentLeaderEpoch: int32.default(-1).since(4),
  // -1 latest, -2 earliest, -3 max timestamp, -4 earliest local, -5 latest tiered, -6 earliest pending upload.
  timestamp: int64,
}

const listOffsetsPartitionResponse = {
  partitionIndex: int32,
  errorCode: int16,
  timestamp: int64.default(-1),
  offset: int64.default(-1),
  leaderEpoch: int32.default(-1).since(4),
}

const listOffsetsTopicResponse = {
  name: string,
  partitions: array(listOffsetsPartitionResponse),
}

/** Finds the offset of a timestamp, or of a named place such as the end of a partition. */
export const ListOffsets = api(2, 'ListOffsets', {
  versions: [1, 11],
  flexible: 6,
  request: {
    replicaId: int32, // -1: a consumer; -2: a debugging one.
    isolationLevel: int8.since(2), // 0: read_uncommitted; 1: read_committed.
    topics: array({ name: string, partitions: array(listOffsetsPartition) }),
    timeoutMs: int32.since(10),
  },
  response: {
    throttleTimeMs: int32.default(0).since(2),
    topics: array(listOffsetsTopicResponse),
  },
})
