import { api, array, bool, bytes, int16, int32, string } from '../schema.ts'

/**
 * Joins or rejoins a classic group; answered when the members of the next generation are complete.
 */
export const JoinGroup = api(11, 'JoinGroup', {
  versions: [0, 9],
  flexible: 6,
  request: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32.default(-1).since(1), // The session timeout in version 0.
    memberId: string,
    groupInstanceId: string.nullable().default(null).since(5), // Static membership, KIP-345.
    protocolType: string,
    protocols: array({ name: string, metadata: bytes }),
    reason: string.nullable().default(null).since(8), // KIP-800
  },
  response: {
    throttleTimeMs: int32.default(0).since(2),
    errorCode: int16,
    generationId: int32.default(-1),
    protocolType: string.nullable().default(null).since(7),
    protocolName: string.nullable(7),
    leader: string,
    skipAssignment: bool.default(false).since(9), // KIP-814
    memberId: string,
    // Empty but for the leader.
    members: array({
      memberId: string,
      groupInstanceId: string.nullable().default(null).since(5),
      metadata: bytes,
    }),
  },
})
