import { api, array, int16, int32, string } from '../schema.ts'

/** Deletes groups that have no members (KIP-229). */
export const DeleteGroups = api(42, 'DeleteGroups', {
  versions: [0, 2],
  flexible: 2,
  request: {
    groupsNames: array(string),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({ groupId: string, errorCode: int16 }),
  },
})
