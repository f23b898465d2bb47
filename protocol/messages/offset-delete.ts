import { api, array, int16, int32, string } from '../schema.ts'

/** Deletes committed offsets of partitions that a group no longer reads (KIP-496). */
export const OffsetDelete = api(47, 'OffsetDelete', {
  versions: [0, 0],
  request: {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32 }),
    }),
  },
  response: {
    errorCode: int16,
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
