import { api, array, int16, int32, string, struct, uuid } from '../schema.ts'

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
}

/** Joins, stays in and leaves a consumer group, and carries the assignment (KIP-848). */
export const ConsumerGroupHeartbeat = api(68, 'ConsumerGroupHeartbeat', {
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32, // 0: join; -1: leave; -2: a static member leaves for a while.
    instanceId: string.nullable().default(null),
    rackId: string.nullable().default(null),
    rebalanceTimeoutMs: int32.default(-1), // -1: not changed.
    subscribedTopicNames: array(string).nullable().default(null), // null: not changed.
    subscribedTopicRegex: string.nullable().default(null).since(1), // null: not changed.
    serverAssignor: string.nullable().default(null),
    // What the member owns; null: not changed.
    topicPartitions: array({ topicId: uuid, partitions: array(int32) })
      .nullable()
      .default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    // null: not changed.
    assignment: struct({ topicPartitions: array(topicPartitions) })
      .nullable()
      .default(null),
  },
})
