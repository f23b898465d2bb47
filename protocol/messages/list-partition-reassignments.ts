import { api, array, int16, int32, string } from '../schema.ts'

const ongoingPartitionReassignment = {
  partitionIndex: int32,
  replicas: array(int32),
  addingReplicas: array(int32),
  removingReplicas: array(int32),
}

const ongoingTopicReassignment = {
  name: string,
  partitions: array(ongoingPartitionReassignment),
}

/** Lists the partitions that are moving to other replicas (KIP-455). */
export const ListPartitionReassignments = api(46, 'ListPartitionReassignments', {
  versions: [0, 0],
  flexible: 0,
  request: {
    timeoutMs: int32.default(60000),
    // null: all.
    topics: array({ name: string, partitionIndexes: array(int32) })
      .nullable()
      .default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    topics: array(ongoingTopicReassignment),
  },
})
