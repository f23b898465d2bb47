/** Consumer groups of KIP-848: records of `__consumer_offsets`. */
import {
  array,
  bigint64,
  bytes,
  int8,
  int32,
  int64,
  message,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const ConsumerGroupMetadataKey = message('ConsumerGroupMetadataKey', {
  versions: [0, 0],
  type: 3,
  fields: {
    groupId: string,
  },
})

/** The epoch of the group. */
export const ConsumerGroupMetadataValue = message('ConsumerGroupMetadataValue', {
  versions: [0, 0],
  type: 3,
  flexible: 0,
  fields: {
    epoch: int32,
    metadataHash: bigint64.default(0n).tag(0),
  },
})

export const ConsumerGroupPartitionMetadataKey = message('ConsumerGroupPartitionMetadataKey', {
  versions: [0, 0],
  type: 4,
  fields: {
    groupId: string,
  },
})

const topicMetadata = {
  topicId: uuid,
  topicName: string,
  numPartitions: int32,
  partitionMetadata: array({ partition: int32, racks: array(string) }),
}

/** Partitions of the subscribed topics: read still, no longer written since Kafka 4.1. */
export const ConsumerGroupPartitionMetadataValue = message('ConsumerGroupPartitionMetadataValue', {
  versions: [0, 0],
  type: 4,
  flexible: 0,
  fields: {
    topics: array(topicMetadata),
  },
})

export const ConsumerGroupMemberMetadataKey = message('ConsumerGroupMemberMetadataKey', {
  versions: [0, 0],
  type: 5,
  fields: {
    groupId: string,
    memberId: string,
  },
})

/** A member and what it subscribes to. */
export const ConsumerGroupMemberMetadataValue = message('ConsumerGroupMemberMetadataValue', {
  versions: [0, 0],
  type: 5,
  flexible: 0,
  fields: {
    instanceId: string.nullable(),
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
    subscribedTopicRegex: string.nullable(),
    rebalanceTimeoutMs: int32.default(-1),
    serverAssignor: string.nullable(),
    // null: a member of the consumer protocol. When left out it is not null but an empty struct.
    classicMemberMetadata: struct({
      sessionTimeoutMs: int32,
      supportedProtocols: array({ name: string, metadata: bytes }),
    })
      .nullable()
      .tag(0),
  },
})

export const ConsumerGroupTargetAssignmentMetadataKey = message(
  'ConsumerGroupTargetAssignmentMetadataKey',
  {
    versions: [0, 0],
    type: 6,
    fields: {
      groupId: string,
    },
  },
)

/** The epoch of the target assignment. */
export const ConsumerGroupTargetAssignmentMetadataValue = message(
  'ConsumerGroupTargetAssignmentMetadataValue',
  {
    versions: [0, 0],
    type: 6,
    flexible: 0,
    fields: {
      assignmentEpoch: int32,
      assignmentTimestamp: int64.default(0).tag(0),
    },
  },
)

export const ConsumerGroupTargetAssignmentMemberKey = message(
  'ConsumerGroupTargetAssignmentMemberKey',
  {
    versions: [0, 0],
    type: 7,
    fields: {
      groupId: string,
      memberId: string,
    },
  },
)

/** What a member shall own. */
export const ConsumerGroupTargetAssignmentMemberValue = message(
  'ConsumerGroupTargetAssignmentMemberValue',
  {
    versions: [0, 0],
    type: 7,
    flexible: 0,
    fields: {
      topicPartitions: array({ topicId: uuid, partitions: array(int32) }),
    },
  },
)

export const ConsumerGroupCurrentMemberAssignmentKey = message(
  'ConsumerGroupCurrentMemberAssignmentKey',
  {
    versions: [0, 0],
    type: 8,
    fields: {
      groupId: string,
      memberId: string,
    },
  },
)

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
  assignmentEpochs: array(int32).nullable().tag(0),
}

/** What a member owns. */
export const ConsumerGroupCurrentMemberAssignmentValue = message(
  'ConsumerGroupCurrentMemberAssignmentValue',
  {
    versions: [0, 0],
    type: 8,
    flexible: 0,
    fields: {
      memberEpoch: int32,
      previousMemberEpoch: int32,
      state: int8,
      assignedPartitions: array(topicPartitions),
      partitionsPendingRevocation: array(topicPartitions),
    },
  },
)

export const ConsumerGroupRegularExpressionKey = message('ConsumerGroupRegularExpressionKey', {
  versions: [0, 0],
  type: 16,
  fields: {
    groupId: string,
    regularExpression: string,
  },
})

/** The topics that a regular expression resolved to. */
export const ConsumerGroupRegularExpressionValue = message('ConsumerGroupRegularExpressionValue', {
  versions: [0, 0],
  type: 16,
  flexible: 0,
  fields: {
    topics: array(string),
    version: int64,
    timestamp: int64,
  },
})
