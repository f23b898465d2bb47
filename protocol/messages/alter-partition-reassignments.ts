import { api, array, bool, int16, int32, string } from '../schema.ts'

const reassignableTopic = {
  name: string,
  partitions: array({
    partitionIndex: int32,
    replicas: array(int32).nullable().default(null), // null: cancel.
  }),
}

const reassignableTopicResponse = {
  name: string,
  partitions: array({
    partitionIndex: int32,
    errorCode: int16,
    errorMessage: string.nullable(),
  }),
}

/** Starts or cancels moving partitions to other replicas (KIP-455). */
export const AlterPartitionReassignments = api(45, 'AlterPartitionReassignments', {
  versions: [0, 1],
  flexible: 0,
  request: {
    timeoutMs: int32.default(60000),
    allowReplicationFactorChange: bool.default(true).since(1),
    topics: array(reassignableTopic),
  },
  response: {
    throttleTimeMs: int32.default(0),
    allowReplicationFactorChange: bool.default(true).since(1),
    errorCode: int16,
    errorMessage: string.nullable(),
    responses: array(reassignableTopicResponse),
  },
})
