/** The share coordinator: records of `__share_group_state` (KIP-932). */
import { array, int8, int16, int32, int64, message, string, uuid } from '../schema.ts'

export const ShareSnapshotKey = message('ShareSnapshotKey', {
  versions: [0, 0],
  type: 0,
  fields: {
    groupId: string,
    topicId: uuid,
    partition: int32,
  },
})

const stateBatch = {
  firstOffset: int64,
  lastOffset: int64,
  deliveryState: int8,
  deliveryCount: int16,
}

/** The whole state of a share partition. */
export const ShareSnapshotValue = message('ShareSnapshotValue', {
  versions: [0, 0],
  type: 0,
  flexible: 0,
  fields: {
    snapshotEpoch: int32,
    stateEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: int32.default(-1).tag(0),
    createTimestamp: int64,
    writeTimestamp: int64,
    stateBatches: array(stateBatch),
  },
})

export const ShareUpdateKey = message('ShareUpdateKey', {
  versions: [0, 0],
  type: 1,
  fields: {
    groupId: string,
    topicId: uuid,
    partition: int32,
  },
})

/** What changed since the snapshot. */
export const ShareUpdateValue = message('ShareUpdateValue', {
  versions: [0, 0],
  type: 1,
  flexible: 0,
  fields: {
    snapshotEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: int32.default(-1).tag(0),
    stateBatches: array(stateBatch),
  },
})
