/**
 * DeleteRecords 0–2: moves the log start offset forward (KIP-107, A-6). The answer waits until all
 * replicas that live, or that may be elected, have moved theirs: what is deleted then comes back with no leader.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DeleteRecords } from '../../../protocol/messages/delete-records.ts'
import { isInternalTopic } from '../../core/cluster/internal-topics.ts'
import type { Broker } from '../broker.ts'
import { handler, type RequestContext } from '../handler.ts'
import type { Partition } from '../partition.ts'
import { Waiting } from '../waiting.ts'

const toHighWatermark = -1

/** One partition of a request. */
interface Deletion {
  readonly partitionIndex: number
  errorCode: number
  lowWatermark: number
  /** As long as it is waited for. */
  pending?: { readonly partition: Partition; readonly offset: number } | undefined
}

export const deleteRecords = handler(DeleteRecords, {
  async handle(request, context) {
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) =>
        deleteBefore(context.broker, name, partitionIndex, offset),
      ),
    }))
    const deletions = topics.flatMap(({ partitions }) => partitions)
    await untilSettled(deletions, Math.max(0, request.timeoutMs), context)
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ pending: _, ...told }) => told),
      })),
    }
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
  partitionIndex: number,
  offset: number,
): Deletion {
  const failed = (errorCode: number) => ({ partitionIndex, errorCode, lowWatermark: -1 })
  if (isInternalTopic(topic)) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION)
  const partition = broker.partitions.find(topic, partitionIndex)
  if (typeof partition === 'number') return failed(partition)
  const error = partition.leaderError()
  if (error !== ErrorCode.NONE || partition.log === undefined) return failed(error)
  const { log } = partition
  if (!log.config.cleanupPolicy.delete && log.config.cleanupPolicy.compact)
    return failed(ErrorCode.POLICY_VIOLATION)
  const before = offset === toHighWatermark ? log.highWatermark : offset
  if (before < 0 || before > log.highWatermark) return failed(ErrorCode.OFFSET_OUT_OF_RANGE)
  log.deleteRecordsBefore(before)
  partition.waiting.wake()
  const pending = { partition, offset: before }
  return { ...failed(ErrorCode.REQUEST_TIMED_OUT), lowWatermark: partition.lowWatermark, pending }
}

/** Resolves when nothing is waited for any more, or the time is over: what was not settled keeps its error 7. */
function untilSettled(
  deletions: readonly Deletion[],
  timeoutMs: number,
  { broker, whenClosed }: RequestContext,
): Promise<void> {
  const settled = () => {
    for (const deletion of deletions) settle(deletion)
    return deletions.every(({ pending }) => pending === undefined)
  }
  if (settled()) return Promise.resolve()
  const lists = deletions.flatMap(({ pending }) => pending?.partition.waiting ?? [])
  return new Promise((resolve) => {
    const done = () => {
      stayed()
      resolve()
    }
    const waiting = new Waiting(broker.env.timers, lists, timeoutMs, {
      tryFinish() {
        if (!settled()) return false
        done()
        return true
      },
      expire() {
        settled()
        done()
      },
    })
    const stayed = whenClosed(() => waiting.cancel())
  })
}

function settle(deletion: Deletion): void {
  if (deletion.pending === undefined) return
  const { partition, offset } = deletion.pending
  const error = partition.leaderError()
  if (error !== ErrorCode.NONE) {
    deletion.errorCode = error
    deletion.lowWatermark = -1
    deletion.pending = undefined
    return
  }
  deletion.lowWatermark = partition.lowWatermark
  if (deletion.lowWatermark < offset || !partition.mayAnswer()) return
  deletion.errorCode = ErrorCode.NONE
  deletion.pending = undefined
}
