import {
  api,
  array,
  int8,
  int16,
  int32,
  int64,
  int64Max,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

const fetchPartition = {
  partition: int32,
  currentLeaderEpoch: int32.default(-1).since(9), // KIP-320; -1: do not check.
  fetchOffset: int64,
  // KIP-595; the leader answers with divergingEpoch.
  lastFetchedEpoch: int32.default(-1).since(12),
  logStartOffset: int64.default(-1).since(5), // Of the follower; -1 from a consumer.
  partitionMaxBytes: int32,
  replicaDirectoryId: uuid.since(17).tag(0), // KIP-853
  // What the follower knows; the leader answers at once when its own is higher (KIP-1166).
  highWatermark: int64.default(int64Max).since(18).tag(1),
}

const fetchTopic = {
  topic: string.until(12),
  topicId: uuid.since(13), // KIP-516
  partitions: array(fetchPartition),
}

const partitionData = {
  partitionIndex: int32,
  errorCode: int16,
  highWatermark: int64,
  lastStableOffset: int64.default(-1),
  logStartOffset: int64.default(-1).since(5),
  divergingEpoch: struct({ epoch: int32.default(-1), endOffset: int64.default(-1) })
    .since(12)
    .tag(0),
  // KIP-951
  currentLeader: struct({
    leaderId: int32.default(-1),
    leaderEpoch: int32.default(-1),
  })
    .since(12)
    .tag(1),
  snapshotId: struct({ endOffset: int64.default(-1), epoch: int32.default(-1) })
    .since(12)
    .tag(2),
  // null unless read_committed.
  abortedTransactions: array({ producerId: int64, firstOffset: int64 }).nullable(),
  preferredReadReplica: int32.default(-1).since(11), // KIP-392
  records: records.nullable(), // Never send null: librdkafka breaks (KAFKA-18646).
}

const fetchableTopicResponse = {
  topic: string.until(12),
  topicId: uuid.since(13),
  partitions: array(partitionData),
}

const nodeEndpoint = {
  nodeId: int32,
  host: string,
  port: int32,
  rack: string.nullable().default(null),
}

/**
 * Reads record batches from a leader or a follower (KIP-392), waiting for `minBytes`; replicas
 * copy their leader with it too. Sessions: KIP-227.
 */
export const Fetch = api(1, 'Fetch', {
  versions: [4, 18],
  flexible: 12,
  request: {
    clusterId: string.nullable().default(null).since(12).tag(0),
    replicaId: int32.default(-1).until(14), // -1: a consumer.
    // KIP-903
    replicaState: struct({
      replicaId: int32.default(-1),
      replicaEpoch: int64.default(-1),
    })
      .since(15)
      .tag(1),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    isolationLevel: int8.default(0), // 0: read_uncommitted; 1: read_committed.
    sessionId: int32.default(0).since(7), // KIP-227
    sessionEpoch: int32.default(-1).since(7), // 0: open a session; -1: none, or close it.
    topics: array(fetchTopic),
    forgottenTopicsData: array({
      topic: string.until(12),
      topicId: uuid.since(13),
      partitions: array(int32),
    }).since(7),
    rackId: string.default('').since(11), // KIP-392
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(7),
    sessionId: int32.default(0).since(7),
    responses: array(fetchableTopicResponse),
    nodeEndpoints: array(nodeEndpoint).since(16).tag(0), // KIP-951
  },
})
