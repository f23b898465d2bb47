/** ElectLeaders 0–2: decided by the coordinator. */
import { ElectLeaders } from '../../../protocol/messages/elect-leaders.ts'
import { forwarded } from '../forwarded.ts'

export const electLeaders = forwarded(ElectLeaders, {
  failure: ({ topicPartitions }, errorCode, errorMessage) => ({
    errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
    })),
  }),
})
