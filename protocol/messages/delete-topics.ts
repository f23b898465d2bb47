import { api, array, int16, int32, string, uuid } from '../schema.ts'

const deletableTopicResult = {
  name: string.nullable(6),
  topicId: uuid.since(6),
  errorCode: int16,
  errorMessage: string.nullable().default(null).since(5),
}

/** Deletes topics by name, or by id from version 6. */
export const DeleteTopics = api(20, 'DeleteTopics', {
  versions: [1, 6],
  flexible: 4,
  request: {
    topics: array({
      name: string.nullable().default(null), // null: by id.
      topicId: uuid,
    }).since(6),
    topicNames: array(string).until(5),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: array(deletableTopicResult),
  },
})
