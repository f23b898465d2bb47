import { api, int16, int32, string } from '../schema.ts'

/** Keeps a member of a classic group alive, and tells it of a rebalance. */
export const Heartbeat = api(12, 'Heartbeat', {
  versions: [0, 4],
  flexible: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.nullable().default(null).since(3), // KIP-345
  },
  response: {
    throttleTimeMs: int32.default(0).since(1),
    errorCode: int16,
  },
})
