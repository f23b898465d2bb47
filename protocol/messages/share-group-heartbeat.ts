import { api, array, int16, int32, string, struct, uuid } from '../schema.ts'

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
}

/** Joins, stays in and leaves a share group, and carries the assignment (KIP-932). */
export const ShareGroupHeartbeat = api(76, 'ShareGroupHeartbeat', {
  versions: [1, 1],
  flexible: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32, // 0: join; -1: leave.
    rackId: string.nullable().default(null),
    subscribedTopicNames: array(string).nullable().default(null), // null: not changed.
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: struct({ topicPartitions: array(topicPartitions) })
      .nullable()
      .default(null),
  },
})
