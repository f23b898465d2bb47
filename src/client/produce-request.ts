import { groupBy } from './group-by.ts'
import { zeroUuid } from './zero-uuid.ts'

/** Produce from version 12 means transaction.version 2, which this client does not use. */
const transactionalVersionMax = 11
/** Topics are named by their ids from the version after. */
const namedVersionMax = 12

interface Outgoing {
  readonly queue: { readonly topic: string; readonly partition: number }
  readonly batch: { readonly bytes: Buffer }
}

export interface ProduceRequestOptions {
  readonly transactionalId: string | null
  readonly acks: number
  readonly timeoutMs: number
  /** Undefined at brokers older than 2.8. */
  readonly topicId: (topic: string) => string | undefined
}

/** A Produce request of one batch for each partition, and the highest version that may carry it. */
export function produceRequest(sent: readonly Outgoing[], options: ProduceRequestOptions) {
  const { transactionalId, acks, timeoutMs } = options
  const byTopic = [...groupBy(sent, ({ queue }) => queue.topic)]
  const ids = byTopic.map(([topic]) => options.topicId(topic))
  const topicData = byTopic.map(([name, theirs], i) => ({
    name,
    topicId: ids[i] ?? zeroUuid,
    partitionData: theirs.map(({ queue, batch }) => ({
      index: queue.partition,
      records: batch.bytes,
    })),
  }))
  return {
    request: { transactionalId, acks, timeoutMs, topicData },
    versionMax: Math.min(
      transactionalId === null ? Infinity : transactionalVersionMax,
      ids.includes(undefined) ? namedVersionMax : Infinity,
    ),
  }
}
