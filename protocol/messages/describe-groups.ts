import { api, array, bool, bytes, int16, int32, string } from '../schema.ts'

const describedGroupMember = {
  memberId: string,
  groupInstanceId: string.nullable().default(null).since(4),
  clientId: string,
  clientHost: string,
  memberMetadata: bytes,
  memberAssignment: bytes,
}

const describedGroup = {
  errorCode: int16,
  errorMessage: string.nullable().default(null).since(6),
  groupId: string,
  groupState: string,
  protocolType: string,
  protocolData: string,
  members: array(describedGroupMember),
  authorizedOperations: int32.default(-2147483648).since(3),
}

/** Describes classic groups: state, protocol and members. */
export const DescribeGroups = api(15, 'DescribeGroups', {
  versions: [0, 6],
  flexible: 5,
  request: {
    groups: array(string),
    includeAuthorizedOperations: bool.since(3),
  },
  response: {
    throttleTimeMs: int32.default(0).since(1),
    groups: array(describedGroup),
  },
})
