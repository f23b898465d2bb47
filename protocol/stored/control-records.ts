/** Control records: their keys, and the values that have a schema. */
import { array, int16, int32, message, uuid } from '../schema.ts'

/**
 * The key: 0 abort, 1 commit, 2 leader change, 3 snapshot header, 4 snapshot footer, 5 KRaft
 * version, 6 voters.
 */
export const ControlRecordTypeSchema = message('ControlRecordTypeSchema', {
  versions: [0, 0],
  fields: {
    type: int16,
  },
})

/** The value of an abort or commit marker. */
export const EndTxnMarker = message('EndTxnMarker', {
  versions: [0, 0],
  fields: {
    coordinatorEpoch: int32,
  },
})

const voter = {
  voterId: int32,
  voterDirectoryId: uuid.since(1),
}

export const LeaderChangeMessage = message('LeaderChangeMessage', {
  versions: [0, 1],
  flexible: 0,
  fields: {
    version: int16,
    leaderId: int32,
    voters: array(voter),
    grantingVoters: array(voter),
  },
})
