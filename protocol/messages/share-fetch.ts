import {
  api,
  array,
  bool,
  int8,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

const fetchPartition = {
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
  acknowledgeErrorCode: int16,
  acknowledgeErrorMessage: string.nullable().default(null),
  currentLeader: struct({ leaderId: int32, leaderEpoch: int32 }),
  records: records,
  acquiredRecords: array({
    firstOffset: int64,
    lastOffset: int64,
    deliveryCount: int16,
  }),
}

const nodeEndpoint = {
  nodeId: int32,
  host: string,
  port: int32,
  rack: string.nullable().default(null),
}

/** Acquires records for a member of a share group, and acknowledges others on the way (KIP-932). */
export const ShareFetch = api(78, 'ShareFetch', {
  versions: [1, 2],
  flexible: 0,
  request: {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    shareSessionEpoch: int32, // 0: open a session; -1: close it.
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    maxRecords: int32,
    batchSize: int32,
    shareAcquireMode: int8.default(0).since(2),
    isRenewAck: bool.default(false).since(2),
    topics: array({ topicId: uuid, partitions: array(fetchPartition) }),
    forgottenTopicsData: array({ topicId: uuid, partitions: array(int32) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32,
    responses: array({ topicId: uuid, partitions: array(partitionData) }),
    nodeEndpoints: array(nodeEndpoint),
  },
})
