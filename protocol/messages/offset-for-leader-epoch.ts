import { api, array, int16, int32, int64, string } from '../schema.ts'

const offsetForLeaderTopic = {
  topic: string,
  partitions: array({
    partition: int32,
    currentLeaderEpoch: int32.default(-1),
    leaderEpoch: int32,
  }),
}

const epochEndOffset = {
  errorCode: int16,
  partition: int32,
  leaderEpoch: int32.default(-1),
  endOffset: int64.default(-1),
}

/** Tells where a leader epoch ends in a log, to detect truncation (KIP-101, KIP-320). */
export const OffsetForLeaderEpoch = api(23, 'OffsetForLeaderEpoch', {
  versions: [2, 4],
  flexible: 4,
  request: {
    replicaId: int32.default(-2).since(3), // -1: a consumer; -2: a debugging one.
    topics: array(offsetForLeaderTopic),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({ topic: string, partitions: array(epochEndOffset) }),
  },
})
