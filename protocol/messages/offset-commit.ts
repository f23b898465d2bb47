import { api, array, int16, int32, int64, string, uuid } from '../schema.ts'

const offsetCommitRequestPartition = {
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.default(-1).since(6),
  committedMetadata: string.nullable(),
}

const offsetCommitRequestTopic = {
  name: string.until(9),
  topicId: uuid.since(10),
  partitions: array(offsetCommitRequestPartition),
}

/**
 * Stores how far a group has read, for a member of either group protocol or for a consumer without
 * a group membership.
 */
export const OffsetCommit = api(8, 'OffsetCommit', {
  versions: [2, 10],
  flexible: 8,
  request: {
    groupId: string,
    // Classic generation, or member epoch (KIP-848); -1: no membership.
    generationIdOrMemberEpoch: int32.default(-1),
    memberId: string,
    groupInstanceId: string.nullable().default(null).since(7), // KIP-345
    retentionTimeMs: int64.default(-1).until(4), // -1: as the broker is configured.
    topics: array(offsetCommitRequestTopic),
  },
  response: {
    throttleTimeMs: int32.default(0).since(3),
    topics: array({
      name: string.until(9),
      topicId: uuid.since(10),
      partitions: array({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
