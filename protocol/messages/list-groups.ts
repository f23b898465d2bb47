import { api, array, int16, int32, string } from '../schema.ts'

const listedGroup = {
  groupId: string,
  protocolType: string,
  groupState: string.since(4),
  groupType: string.since(5),
}

/**
 * Lists the groups that this broker coordinates, filtered by state (KIP-518) and type (KIP-848).
 */
export const ListGroups = api(16, 'ListGroups', {
  versions: [0, 5],
  flexible: 3,
  request: {
    statesFilter: array(string).since(4),
    typesFilter: array(string).since(5),
  },
  response: {
    throttleTimeMs: int32.default(0).since(1),
    errorCode: int16,
    groups: array(listedGroup),
  },
})
