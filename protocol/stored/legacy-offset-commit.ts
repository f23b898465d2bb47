/** Key version 0 of the records of `__consumer_offsets`: read still, never written. */
import { int32, int64, message, string } from '../schema.ts'

export const LegacyOffsetCommitKey = message('LegacyOffsetCommitKey', {
  versions: [0, 0],
  type: 0,
  fields: {
    group: string,
    topic: string,
    partition: int32,
  },
})

export const LegacyOffsetCommitValue = message('LegacyOffsetCommitValue', {
  versions: [0, 0],
  type: 0,
  fields: {
    offset: int64,
    metadata: string,
    commitTimestamp: int64,
  },
})
