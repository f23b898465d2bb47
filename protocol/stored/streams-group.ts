/** Streams groups of KIP-1071: records of `__consumer_offsets`. */
import {
  array,
  bigint64,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
} from '../schema.ts'

export const StreamsGroupMetadataKey = message('StreamsGroupMetadataKey', {
  versions: [0, 0],
  type: 17,
  fields: {
    groupId: string,
  },
})

const lastAssignmentConfig = {
  key: string,
  value: string,
}

/** The epoch of the group. */
export const StreamsGroupMetadataValue = message('StreamsGroupMetadataValue', {
  versions: [0, 0],
  type: 17,
  flexible: 0,
  fields: {
    epoch: int32,
    metadataHash: bigint64,
    validatedTopologyEpoch: int32.default(-1).tag(0),
    lastAssignmentConfigs: array(lastAssignmentConfig).nullable().tag(1),
  },
})

export const StreamsGroupMemberMetadataKey = message('StreamsGroupMemberMetadataKey', {
  versions: [0, 0],
  type: 19,
  fields: {
    groupId: string,
    memberId: string,
  },
})

const endpoint = {
  host: string,
  port: uint16,
}

const keyValue = {
  key: string,
  value: string,
}

/** A member: its process, endpoint and tags. */
export const StreamsGroupMemberMetadataValue = message('StreamsGroupMemberMetadataValue', {
  versions: [0, 0],
  type: 19,
  flexible: 0,
  fields: {
    instanceId: string.nullable(),
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    rebalanceTimeoutMs: int32.default(-1),
    topologyEpoch: int32,
    processId: string,
    userEndpoint: struct(endpoint).nullable().default(null),
    clientTags: array(keyValue),
  },
})

export const StreamsGroupTargetAssignmentMetadataKey = message(
  'StreamsGroupTargetAssignmentMetadataKey',
  {
    versions: [0, 0],
    type: 20,
    fields: {
      groupId: string,
    },
  },
)

/** The epoch of the target assignment. */
export const StreamsGroupTargetAssignmentMetadataValue = message(
  'StreamsGroupTargetAssignmentMetadataValue',
  {
    versions: [0, 0],
    type: 20,
    flexible: 0,
    fields: {
      assignmentEpoch: int32,
      assignmentTimestamp: int64.default(0).tag(0),
    },
  },
)

export const StreamsGroupTargetAssignmentMemberKey = message(
  'StreamsGroupTargetAssignmentMemberKey',
  {
    versions: [0, 0],
    type: 21,
    fields: {
      groupId: string,
      memberId: string,
    },
  },
)

const taskIds = {
  subtopologyId: string,
  partitions: array(int32),
}

/** The tasks that a member shall own. */
export const StreamsGroupTargetAssignmentMemberValue = message(
  'StreamsGroupTargetAssignmentMemberValue',
  {
    versions: [0, 0],
    type: 21,
    flexible: 0,
    fields: {
      activeTasks: array(taskIds),
      standbyTasks: array(taskIds),
      warmupTasks: array(taskIds),
    },
  },
)

export const StreamsGroupCurrentMemberAssignmentKey = message(
  'StreamsGroupCurrentMemberAssignmentKey',
  {
    versions: [0, 0],
    type: 22,
    fields: {
      groupId: string,
      memberId: string,
    },
  },
)

const streamsGroupCurrentMemberAssignmentValueTaskIds = {
  subtopologyId: string,
  partitions: array(int32),
  assignmentEpochs: array(int32).nullable().tag(0),
}

/** The tasks that a member owns. */
export const StreamsGroupCurrentMemberAssignmentValue = message(
  'StreamsGroupCurrentMemberAssignmentValue',
  {
    versions: [0, 0],
    type: 22,
    flexible: 0,
    fields: {
      memberEpoch: int32,
      previousMemberEpoch: int32,
      state: int8,
      activeTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
      standbyTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
      warmupTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
      activeTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
      standbyTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
      warmupTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    },
  },
)

export const StreamsGroupTopologyKey = message('StreamsGroupTopologyKey', {
  versions: [0, 0],
  type: 23,
  fields: {
    groupId: string,
  },
})

const topicConfig = {
  key: string,
  value: string,
}

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(topicConfig),
}

const subtopology = {
  subtopologyId: string,
  sourceTopics: array(string),
  sourceTopicRegex: array(string),
  stateChangelogTopics: array(topicInfo),
  repartitionSinkTopics: array(string),
  repartitionSourceTopics: array(topicInfo),
  copartitionGroups: array({
    sourceTopics: array(int16),
    sourceTopicRegex: array(int16),
    repartitionSourceTopics: array(int16),
  }),
}

/** The topology that the members agreed on. */
export const StreamsGroupTopologyValue = message('StreamsGroupTopologyValue', {
  versions: [0, 0],
  type: 23,
  flexible: 0,
  fields: {
    epoch: int32,
    subtopologies: array(subtopology),
  },
})
