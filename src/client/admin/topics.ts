/** Topics: create, delete, grow, trim. Each answer has one outcome for each topic. */
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DeleteRecords } from '../../../protocol/messages/delete-records.ts'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import type { TopicPartition } from '../assignors.ts'
import type { Cluster } from '../cluster.ts'
import { groupBy } from '../group-by.ts'
import { brokerError, type KafkaError } from '../kafka-error.ts'
import { zeroUuid } from '../zero-uuid.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

const timeoutMs = 30_000

export interface NewTopic {
  readonly name: string
  /** -1: the broker's default (Kafka 2.4 and later). */
  readonly partitions?: number | undefined
  readonly replicationFactor?: number | undefined
  /** Brokers of each partition, the preferred leader first; instead of the two counts. */
  readonly assignment?: readonly (readonly number[])[] | undefined
  readonly configs?: ReadonlyMap<string, string> | undefined
}

export interface CreatedTopic extends Outcome {
  readonly topicId: string
  /** -1 when the broker did not say. */
  readonly partitions: number
  readonly replicationFactor: number
}

export async function createTopics(
  cluster: Cluster,
  topics: readonly NewTopic[],
  validateOnly = false,
): Promise<CreatedTopic[]> {
  const answer = await cluster.send('controller', CreateTopics, {
    topics: topics.map((topic) => ({
      name: topic.name,
      numPartitions: topic.assignment ? -1 : (topic.partitions ?? -1),
      replicationFactor: topic.assignment ? -1 : (topic.replicationFactor ?? -1),
      assignments: (topic.assignment ?? []).map((brokerIds, partitionIndex) => ({
        partitionIndex,
        brokerIds,
      })),
      configs: [...(topic.configs ?? [])].map(([name, value]) => ({ name, value })),
    })),
    timeoutMs,
    validateOnly,
  })
  return answer.topics.map((topic) => ({
    ...outcomeOf(topic.name, topic.errorCode, `Creating topic ${topic.name}`, topic.errorMessage),
    topicId: topic.topicId,
    partitions: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
  }))
}

export async function deleteTopics(cluster: Cluster, names: readonly string[]): Promise<Outcome[]> {
  const answer = await cluster.send('controller', DeleteTopics, {
    topics: names.map((name) => ({ name, topicId: zeroUuid })),
    topicNames: names,
    timeoutMs,
  })
  return answer.responses.map(({ name, errorCode, errorMessage }) =>
    outcomeOf(name ?? '', errorCode, `Deleting topic ${name}`, errorMessage),
  )
}

export interface MorePartitions {
  readonly name: string
  /** The new count, not how many more. */
  readonly count: number
  /** Brokers of each new partition. */
  readonly assignment?: readonly (readonly number[])[] | undefined
}

export async function createPartitions(
  cluster: Cluster,
  topics: readonly MorePartitions[],
  validateOnly = false,
): Promise<Outcome[]> {
  const answer = await cluster.send('controller', CreatePartitions, {
    topics: topics.map(({ name, count, assignment }) => ({
      name,
      count,
      assignments: assignment?.map((brokerIds) => ({ brokerIds })) ?? null,
    })),
    timeoutMs,
    validateOnly,
  })
  return answer.results.map(({ name, errorCode, errorMessage }) =>
    outcomeOf(name, errorCode, `Adding partitions to ${name}`, errorMessage),
  )
}

export interface Trimmed extends TopicPartition {
  /** The first offset that is left. */
  readonly lowWatermark: number
  readonly error?: KafkaError | undefined
}

/** Deletes what is before an offset; -1 is the high watermark. */
export async function deleteRecords(
  cluster: Cluster,
  before: readonly (TopicPartition & { readonly offset: number })[],
): Promise<Trimmed[]> {
  await cluster.refresh([...new Set(before.map(({ topic }) => topic))])
  const byLeader = groupBy(
    before,
    ({ topic, partition }) => cluster.metadata.partition(topic, partition)?.leader ?? -1,
  )
  const results = [...byLeader].map(async ([leader, items]) => {
    if (leader < 0)
      return items.map(({ topic, partition }) => ({
        topic,
        partition,
        lowWatermark: -1,
        error: brokerError(3, `Trimming ${topic}-${partition}`),
      }))
    const topics = [...groupBy(items, ({ topic }) => topic)].map(([name, theirs]) => ({
      name,
      partitions: theirs.map(({ partition, offset }) => ({ partitionIndex: partition, offset })),
    }))
    const answer = await cluster.send(leader, DeleteRecords, { topics, timeoutMs })
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, lowWatermark, errorCode }) => {
        const what = `Trimming ${name}-${partitionIndex}`
        const error = errorCode === 0 ? undefined : brokerError(errorCode, what)
        return { topic: name, partition: partitionIndex, lowWatermark, error }
      }),
    )
  })
  return (await Promise.all(results)).flat()
}
