import { api, array, bool, int8, int16, int32, string, struct, uuid } from '../schema.ts'

const topicPartitions = {
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
}

const assignment = {
  topicPartitions: array(topicPartitions),
}

const member = {
  memberId: string,
  instanceId: string.nullable().default(null),
  rackId: string.nullable().default(null),
  memberEpoch: int32,
  clientId: string,
  clientHost: string,
  subscribedTopicNames: array(string),
  subscribedTopicRegex: string.nullable().default(null),
  assignment: struct(assignment),
  targetAssignment: struct(assignment),
  memberType: int8.default(-1).since(1),
}

const describedGroup = {
  errorCode: int16,
  errorMessage: string.nullable().default(null),
  groupId: string,
  groupState: string,
  groupEpoch: int32,
  assignmentEpoch: int32,
  assignorName: string,
  members: array(member),
  authorizedOperations: int32.default(-2147483648),
}

/** Describes consumer groups (KIP-848). */
export const ConsumerGroupDescribe = api(69, 'ConsumerGroupDescribe', {
  versions: [0, 1],
  flexible: 0,
  request: {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    groups: array(describedGroup),
  },
})
