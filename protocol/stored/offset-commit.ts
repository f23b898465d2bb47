/** How far a group has read: records of `__consumer_offsets`. */
import { int32, int64, message, string, uuid } from '../schema.ts'

export const OffsetCommitKey = message('OffsetCommitKey', {
  versions: [0, 0],
  type: 1,
  fields: {
    group: string,
    topic: string,
    partition: int32,
  },
})

export const OffsetCommitValue = message('OffsetCommitValue', {
  versions: [0, 4],
  type: 1,
  flexible: 4,
  fields: {
    offset: int64,
    leaderEpoch: int32.default(-1).since(3),
    metadata: string,
    commitTimestamp: int64,
    expireTimestamp: int64.default(-1).since(1).until(1),
    topicId: uuid.since(4).tag(0),
  },
})
