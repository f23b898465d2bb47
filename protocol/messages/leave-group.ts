import { api, array, int16, int32, string } from '../schema.ts'

/** Takes members out of a classic group, several at once from version 3 (KIP-345). */
export const LeaveGroup = api(13, 'LeaveGroup', {
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string,
    memberId: string.until(2),
    members: array({
      memberId: string,
      groupInstanceId: string.nullable().default(null),
      reason: string.nullable().default(null).since(5), // KIP-800
    }).since(3),
  },
  response: {
    throttleTimeMs: int32.default(0).since(1),
    errorCode: int16,
    members: array({
      memberId: string,
      groupInstanceId: string.nullable(),
      errorCode: int16,
    }).since(3),
  },
})
