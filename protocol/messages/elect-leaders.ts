import { api, array, int8, int16, int32, string } from '../schema.ts'

const replicaElectionResult = {
  topic: string,
  partitionResult: array({
    partitionId: int32,
    errorCode: int16,
    errorMessage: string.nullable(),
  }),
}

/** Elects the preferred leader of partitions, or an unclean one (KIP-460). */
export const ElectLeaders = api(43, 'ElectLeaders', {
  versions: [0, 2],
  flexible: 2,
  request: {
    electionType: int8.since(1), // 0: preferred; 1: unclean.
    // null: all.
    topicPartitions: array({ topic: string, partitions: array(int32) }).nullable(),
    timeoutMs: int32.default(60000),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(1),
    replicaElectionResults: array(replicaElectionResult),
  },
})
