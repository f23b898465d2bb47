import { api, array, bool, int8, int16, int32, int64, string, struct, uuid } from '../schema.ts'

const acknowledgePartition = {
  partitionIndex: int32,
  acknowledgementBatches: array({
    firstOffset: int64,
    lastOffset: int64,
    acknowledgeTypes: array(int8),
  }),
}

const partitionData = {
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: string.nullable().default(null),
  currentLeader: struct({ leaderId: int32, leaderEpoch: int32 }),
}

const nodeEndpoint = {
  nodeId: int32,
  host: string,
  port: int32,
  rack: string.nullable().default(null),
}

/** Acknowledges, releases or rejects acquired records (KIP-932). */
export const ShareAcknowledge = api(79, 'ShareAcknowledge', {
  versions: [1, 2],
  flexible: 0,
  request: {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    shareSessionEpoch: int32,
    isRenewAck: bool.default(false).since(2),
    topics: array({ topicId: uuid, partitions: array(acknowledgePartition) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32.since(2),
    responses: array({ topicId: uuid, partitions: array(partitionData) }),
    nodeEndpoints: array(nodeEndpoint),
  },
})
