/** Share groups of KIP-932: records of `__consumer_offsets`. */
import { array, bigint64, int8, int32, int64, message, string, uuid } from '../schema.ts'

export const ShareGroupMemberMetadataKey = message('ShareGroupMemberMetadataKey', {
  versions: [0, 0],
  type: 10,
  fields: {
    groupId: string,
    memberId: string,
  },
})

/** A member and what it subscribes to. */
export const ShareGroupMemberMetadataValue = message('ShareGroupMemberMetadataValue', {
  versions: [0, 0],
  type: 10,
  flexible: 0,
  fields: {
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
  },
})

export const ShareGroupMetadataKey = message('ShareGroupMetadataKey', {
  versions: [0, 0],
  type: 11,
  fields: {
    groupId: string,
  },
})

/** The epoch of the group. */
export const ShareGroupMetadataValue = message('ShareGroupMetadataValue', {
  versions: [0, 0],
  type: 11,
  flexible: 0,
  fields: {
    epoch: int32,
    metadataHash: bigint64,
  },
})

export const ShareGroupTargetAssignmentMetadataKey = message(
  'ShareGroupTargetAssignmentMetadataKey',
  {
    versions: [0, 0],
    type: 12,
    fields: {
      groupId: string,
    },
  },
)

/** The epoch of the target assignment. */
export const ShareGroupTargetAssignmentMetadataValue = message(
  'ShareGroupTargetAssignmentMetadataValue',
  {
    versions: [0, 0],
    type: 12,
    flexible: 0,
    fields: {
      assignmentEpoch: int32,
      assignmentTimestamp: int64.default(0).tag(0),
    },
  },
)

export const ShareGroupTargetAssignmentMemberKey = message('ShareGroupTargetAssignmentMemberKey', {
  versions: [0, 0],
  type: 13,
  fields: {
    groupId: string,
    memberId: string,
  },
})

/** What a member shall own. */
export const ShareGroupTargetAssignmentMemberValue = message(
  'ShareGroupTargetAssignmentMemberValue',
  {
    versions: [0, 0],
    type: 13,
    flexible: 0,
    fields: {
      topicPartitions: array({ topicId: uuid, partitions: array(int32) }),
    },
  },
)

export const ShareGroupCurrentMemberAssignmentKey = message(
  'ShareGroupCurrentMemberAssignmentKey',
  {
    versions: [0, 0],
    type: 14,
    fields: {
      groupId: string,
      memberId: string,
    },
  },
)

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
}

/** What a member owns. */
export const ShareGroupCurrentMemberAssignmentValue = message(
  'ShareGroupCurrentMemberAssignmentValue',
  {
    versions: [0, 0],
    type: 14,
    flexible: 0,
    fields: {
      memberEpoch: int32,
      previousMemberEpoch: int32,
      state: int8,
      assignedPartitions: array(topicPartitions),
    },
  },
)

export const ShareGroupStatePartitionMetadataKey = message('ShareGroupStatePartitionMetadataKey', {
  versions: [0, 0],
  type: 15,
  fields: {
    groupId: string,
  },
})

const topicPartitionsInfo = {
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
}

const topicInfo = {
  topicId: uuid,
  topicName: string,
}

/** Which share partitions are initialized. */
export const ShareGroupStatePartitionMetadataValue = message(
  'ShareGroupStatePartitionMetadataValue',
  {
    versions: [0, 0],
    type: 15,
    flexible: 0,
    fields: {
      initializingTopics: array(topicPartitionsInfo),
      initializedTopics: array(topicPartitionsInfo),
      deletingTopics: array(topicInfo),
    },
  },
)
