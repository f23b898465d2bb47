import { api, array, int16, int32, int64, string, uint16, uuid } from '../schema.ts'

const replicaState = {
  replicaId: int32,
  replicaDirectoryId: uuid.since(2),
  logEndOffset: int64,
  lastFetchTimestamp: int64.default(-1).since(1),
  lastCaughtUpTimestamp: int64.default(-1).since(1),
}

const partitionData = {
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: string.nullable().since(2),
  leaderId: int32,
  leaderEpoch: int32,
  highWatermark: int64,
  currentVoters: array(replicaState),
  observers: array(replicaState),
}

/** Tells the voters and observers of the metadata quorum and how far they lag (KIP-836). */
export const DescribeQuorum = api(55, 'DescribeQuorum', {
  versions: [0, 2],
  flexible: 0,
  request: {
    topics: array({
      topicName: string,
      partitions: array({ partitionIndex: int32 }),
    }),
  },
  response: {
    errorCode: int16,
    errorMessage: string.nullable().since(2),
    topics: array({ topicName: string, partitions: array(partitionData) }),
    nodes: array({
      nodeId: int32,
      listeners: array({ name: string, host: string, port: uint16 }),
    }).since(2),
  },
})
