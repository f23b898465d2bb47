import { api, array, int16, int32, string } from '../schema.ts'

/** Moves replicas between the log directories of one broker (KIP-113). */
export const AlterReplicaLogDirs = api(34, 'AlterReplicaLogDirs', {
  versions: [1, 2],
  flexible: 2,
  request: {
    dirs: array({
      path: string,
      topics: array({ name: string, partitions: array(int32) }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({
      topicName: string,
      partitions: array({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
