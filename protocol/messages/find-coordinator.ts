import { api, array, int8, int16, int32, string } from '../schema.ts'

const coordinator = {
  key: string,
  nodeId: int32,
  host: string,
  port: int32,
  errorCode: int16,
  errorMessage: string.nullable(),
}

/**
 * Finds the broker that coordinates a group, a transactional id or a share partition; many at once
 * from version 4 (KIP-699).
 */
export const FindCoordinator = api(10, 'FindCoordinator', {
  versions: [0, 6],
  flexible: 3,
  request: {
    key: string.until(3),
    keyType: int8.default(0).since(1), // 0: group; 1: transactional id; 2: share partition.
    coordinatorKeys: array(string).since(4),
  },
  response: {
    throttleTimeMs: int32.default(0).since(1),
    errorCode: int16.until(3),
    errorMessage: string.nullable().since(1).until(3),
    nodeId: int32.until(3),
    host: string.until(3),
    port: int32.until(3),
    coordinators: array(coordinator).since(4),
  },
})
