/** Classic groups: records of `__consumer_offsets`. */
import { array, bytes, int32, int64, message, string } from '../schema.ts'

export const GroupMetadataKey = message('GroupMetadataKey', {
  versions: [0, 0],
  type: 2,
  fields: {
    group: string,
  },
})

const memberMetadata = {
  memberId: string,
  groupInstanceId: string.nullable().default(null).since(3),
  clientId: string,
  clientHost: string,
  rebalanceTimeout: int32.default(-1).since(1),
  sessionTimeout: int32,
  subscription: bytes,
  assignment: bytes,
}

export const GroupMetadataValue = message('GroupMetadataValue', {
  versions: [0, 4],
  type: 2,
  flexible: 4,
  fields: {
    protocolType: string,
    generation: int32,
    protocol: string.nullable(),
    leader: string.nullable(),
    currentStateTimestamp: int64.default(-1).since(2),
    members: array(memberMetadata),
  },
})
