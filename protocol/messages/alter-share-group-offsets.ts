import { api, array, int16, int32, int64, string, uuid } from '../schema.ts'

const alterShareGroupOffsetsResponseTopic = {
  topicName: string,
  topicId: uuid,
  partitions: array({
    partitionIndex: int32,
    errorCode: int16,
    errorMessage: string.nullable().default(null),
  }),
}

/** Sets the start offsets of a share group (KIP-932). */
export const AlterShareGroupOffsets = api(91, 'AlterShareGroupOffsets', {
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string,
    topics: array({
      topicName: string,
      partitions: array({ partitionIndex: int32, startOffset: int64 }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    responses: array(alterShareGroupOffsetsResponseTopic),
  },
})
