import { api, array, int16, int32, int64, string, uuid } from '../schema.ts'

const describeShareGroupOffsetsResponsePartition = {
  partitionIndex: int32,
  startOffset: int64,
  leaderEpoch: int32,
  lag: int64.default(-1).since(1),
  errorCode: int16,
  errorMessage: string.nullable().default(null),
}

const describeShareGroupOffsetsResponseTopic = {
  topicName: string,
  topicId: uuid,
  partitions: array(describeShareGroupOffsetsResponsePartition),
}

const describeShareGroupOffsetsResponseGroup = {
  groupId: string,
  topics: array(describeShareGroupOffsetsResponseTopic),
  errorCode: int16,
  errorMessage: string.nullable().default(null),
}

/** Tells the start offsets of share groups and how far they lag (KIP-932). */
export const DescribeShareGroupOffsets = api(90, 'DescribeShareGroupOffsets', {
  versions: [0, 1],
  flexible: 0,
  request: {
    groups: array({
      groupId: string,
      topics: array({ topicName: string, partitions: array(int32) }).nullable(),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    groups: array(describeShareGroupOffsetsResponseGroup),
  },
})
