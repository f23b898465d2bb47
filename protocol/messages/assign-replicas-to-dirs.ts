import { api, array, int16, int32, int64, uuid } from '../schema.ts'

const directoryData = {
  id: uuid,
  topics: array({
    topicId: uuid,
    partitions: array({ partitionIndex: int32 }),
  }),
}

const answeredDirectoryData = {
  id: uuid,
  topics: array({
    topicId: uuid,
    partitions: array({ partitionIndex: int32, errorCode: int16 }),
  }),
}

/** Tells the controller in which log directory each replica lies (KIP-858). */
export const AssignReplicasToDirs = api(73, 'AssignReplicasToDirs', {
  versions: [0, 0],
  flexible: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    directories: array(directoryData),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    directories: array(answeredDirectoryData),
  },
})
