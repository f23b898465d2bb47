import { api, array, bytes, int16, int32, string } from '../schema.ts'

/** Hands the assignment from the leader of a classic group to all its members. */
export const SyncGroup = api(14, 'SyncGroup', {
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.nullable().default(null).since(3),
    protocolType: string.nullable().default(null).since(5),
    protocolName: string.nullable().default(null).since(5),
    assignments: array({ memberId: string, assignment: bytes }), // Empty but from the leader.
  },
  response: {
    throttleTimeMs: int32.default(0).since(1),
    errorCode: int16,
    protocolType: string.nullable().default(null).since(5),
    protocolName: string.nullable().default(null).since(5),
    assignment: bytes,
  },
})
