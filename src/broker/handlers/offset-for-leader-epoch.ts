/** OffsetForLeaderEpoch 2–4: where an epoch ends in this log (E-1, KIP-101, KIP-320). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { OffsetForLeaderEpoch } from '../../../protocol/messages/offset-for-leader-epoch.ts'
import { handler } from '../handler.ts'

export const offsetForLeaderEpoch = handler(OffsetForLeaderEpoch, {
  namesPartitions: true,
  handle(request, { broker }) {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
        const partition = broker.partitions.find(topic, index)
        if (typeof partition === 'number') return { partition: index, errorCode: partition }
        const errorCode = partition.leaderError(currentLeaderEpoch)
        if (errorCode !== ErrorCode.NONE || partition.log === undefined)
          return { partition: index, errorCode }
        const end = partition.log.endOffsetForEpoch(leaderEpoch)
        if (!partition.mayAnswer())
          return { partition: index, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }
        return {
          partition: index,
          errorCode,
          leaderEpoch: end?.epoch ?? -1,
          endOffset: end?.endOffset ?? -1,
        }
      }),
    }))
    return { topics }
  },
  failure: (request, errorCode) => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
    })),
  }),
})
