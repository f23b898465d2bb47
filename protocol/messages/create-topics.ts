import { api, array, bool, int8, int16, int32, string, uuid } from '../schema.ts'

const creatableTopic = {
  name: string,
  numPartitions: int32, // -1: with an assignment, or the broker's default (KIP-464).
  replicationFactor: int16, // -1: with an assignment, or the broker's default.
  assignments: array({ partitionIndex: int32, brokerIds: array(int32) }),
  configs: array({ name: string, value: string.nullable() }),
}

const creatableTopicConfigs = {
  name: string,
  value: string.nullable(),
  readOnly: bool,
  configSource: int8.default(-1),
  isSensitive: bool,
}

const creatableTopicResult = {
  name: string,
  topicId: uuid.since(7),
  errorCode: int16,
  errorMessage: string.nullable(),
  topicConfigErrorCode: int16.since(5).tag(0),
  numPartitions: int32.default(-1).since(5),
  replicationFactor: int16.default(-1).since(5),
  configs: array(creatableTopicConfigs).nullable().since(5),
}

/** Creates topics from counts or from a replica assignment. */
export const CreateTopics = api(19, 'CreateTopics', {
  versions: [2, 7],
  flexible: 5,
  request: {
    topics: array(creatableTopic),
    timeoutMs: int32.default(60000),
    validateOnly: bool.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array(creatableTopicResult),
  },
})
