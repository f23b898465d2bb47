import { api, array, int8, int16, int32, string } from '../schema.ts'

/**
 * Lists resources that have configurations (KIP-1142); in version 0 client metrics only
 * (KIP-1000).
 */
export const ListConfigResources = api(74, 'ListConfigResources', {
  versions: [0, 1],
  flexible: 0,
  request: {
    resourceTypes: array(int8).since(1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    configResources: array({
      resourceName: string,
      resourceType: int8.default(16).since(1),
    }),
  },
})
