/** DeleteRecords 0–2: moves the log start offset forward (KIP-107). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DeleteRecords } from '../../../protocol/messages/delete-records.ts'
import { isInternalTopic } from '../../core/cluster/internal-topics.ts'
import type { Broker } from '../broker.ts'
import { handler } from '../handler.ts'

const toHighWatermark = -1

export const deleteRecords = handler(DeleteRecords, {
  handle(request, { broker }) {
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => ({
        partitionIndex,
        ...deleteBefore(broker, name, partitionIndex, offset),
      })),
    }))
    return { topics }
  },
  failure: (request, errorCode) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        lowWatermark: -1,
        errorCode,
      })),
    })),
  }),
})

function deleteBefore(
  broker: Broker,
  topic: string,
  index: number,
  offset: number,
): { errorCode: number; lowWatermark: number } {
  const failed = (errorCode: number) => ({ errorCode, lowWatermark: -1 })
  if (isInternalTopic(topic)) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION)
  const partition = broker.partitions.find(topic, index)
  if (typeof partition === 'number') return failed(partition)
  const error = partition.leaderError()
  if (error !== ErrorCode.NONE || partition.log === undefined) return failed(error)
  const { log } = partition
  if (isInternalTopic(topic)) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION)
  if (!log.config.cleanupPolicy.delete && log.config.cleanupPolicy.compact)
    return failed(ErrorCode.POLICY_VIOLATION)
  const before = offset === toHighWatermark ? log.highWatermark : offset
  if (before < 0 || before > log.highWatermark) return failed(ErrorCode.OFFSET_OUT_OF_RANGE)
  log.deleteRecordsBefore(before)
  if (!partition.mayAnswer()) return failed(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  partition.waiting.wake()
  return { errorCode: ErrorCode.NONE, lowWatermark: log.logStartOffset }
}
