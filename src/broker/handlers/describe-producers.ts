/** DescribeProducers 0: the producers that a replica remembers, its leader's or another's (KIP-664, T-22). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DescribeProducers } from '../../../protocol/messages/describe-producers.ts'
import type { Broker } from '../broker.ts'
import { handler } from '../handler.ts'

export const describeProducers = handler(DescribeProducers, {
  handle: ({ topics }, { broker }) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => describe(broker, name, index)),
    })),
  }),
  failure: ({ topics }, errorCode, errorMessage) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        errorCode,
        errorMessage,
        activeProducers: [],
      })),
    })),
  }),
})

function describe(broker: Broker, topic: string, partitionIndex: number) {
  const partition = broker.partitions.find(topic, partitionIndex)
  if (broker.image.topic(topic) === undefined)
    return {
      partitionIndex,
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: 'This server does not host this topic-partition.',
      activeProducers: [],
    }
  const refused = (errorCode: number) => ({ partitionIndex, errorCode, activeProducers: [] })
  if (typeof partition === 'number') return refused(partition)
  const { log } = partition
  if (log === undefined || partition.isBroken) return refused(ErrorCode.KAFKA_STORAGE_ERROR)
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    activeProducers: [...log.producers.entries()].map((producer) => ({
      producerId: producer.producerId,
      producerEpoch: producer.epoch,
      lastSequence: producer.batches.at(-1)?.lastSequence ?? -1,
      lastTimestamp: producer.lastTimestamp,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTxnStartOffset: producer.transactionFirstOffset,
    })),
  }
}
