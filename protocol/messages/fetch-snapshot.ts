import {
  api,
  array,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

const partitionSnapshot = {
  partition: int32,
  currentLeaderEpoch: int32,
  snapshotId: struct({ endOffset: int64, epoch: int32 }),
  position: int64,
  replicaDirectoryId: uuid.since(1).tag(0),
}

const answeredPartitionSnapshot = {
  index: int32,
  errorCode: int16,
  snapshotId: struct({ endOffset: int64, epoch: int32 }),
  currentLeader: struct({ leaderId: int32, leaderEpoch: int32 }).tag(0),
  size: int64,
  position: int64,
  unalignedRecords: records,
}

const topicSnapshot = {
  name: string,
  partitions: array(answeredPartitionSnapshot),
}

/** Reads a piece of a metadata snapshot (KIP-630). */
export const FetchSnapshot = api(59, 'FetchSnapshot', {
  versions: [0, 1],
  flexible: 0,
  request: {
    clusterId: string.nullable().default(null).tag(0),
    replicaId: int32.default(-1),
    maxBytes: int32.default(0x7fffffff),
    topics: array({ name: string, partitions: array(partitionSnapshot) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    topics: array(topicSnapshot),
    nodeEndpoints: array({ nodeId: int32, host: string, port: uint16 }).since(1).tag(0),
  },
})
