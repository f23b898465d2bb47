import { api, array, int16, int32, int64, string } from '../schema.ts'

const deleteRecordsTopic = {
  name: string,
  partitions: array({
    partitionIndex: int32,
    offset: int64, // -1: the high watermark.
  }),
}

const deleteRecordsTopicResult = {
  name: string,
  partitions: array({
    partitionIndex: int32,
    lowWatermark: int64,
    errorCode: int16,
  }),
}

/** Moves the log start offset of partitions forward (KIP-107). */
export const DeleteRecords = api(21, 'DeleteRecords', {
  versions: [0, 2],
  flexible: 2,
  request: {
    topics: array(deleteRecordsTopic),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array(deleteRecordsTopicResult),
  },
})
