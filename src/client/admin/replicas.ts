/** Who has copies of a partition, who of them is in sync, who leads; and requests that change it. */
import { AlterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import { DescribeTopicPartitions } from '../../../protocol/messages/describe-topic-partitions.ts'
import { ElectLeaders } from '../../../protocol/messages/elect-leaders.ts'
import { ListPartitionReassignments } from '../../../protocol/messages/list-partition-reassignments.ts'
import type { TopicPartition } from '../assignors.ts'
import type { Cluster } from '../cluster.ts'
import { groupBy } from '../group-by.ts'
import { brokerError, checkError, type KafkaError } from '../kafka-error.ts'

const timeoutMs = 30_000
const partitionsPerPage = 2000
const electionNotNeeded = 84
const noReassignment = 85
const electionTypes = { preferred: 0, unclean: 1 } as const
export type ElectionType = keyof typeof electionTypes

export interface ReplicaState extends TopicPartition {
  /** -1 when there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offline: readonly number[]
  /** KIP-966; null where the broker does not tell (before 4.0). */
  readonly elr: readonly number[] | null
  readonly lastKnownElr: readonly number[] | null
}

/** All partitions of these topics, or of every one. Throws for a topic that does not exist. */
export async function describeReplicas(
  cluster: Cluster,
  topics: readonly string[] | 'all',
): Promise<ReplicaState[]> {
  const connection = await cluster.any()
  // Of no topics the request says: of all of them.
  if (connection.version(DescribeTopicPartitions) === undefined || topics.length === 0)
    return fromMetadata(cluster, topics)
  const states: ReplicaState[] = []
  let cursor: { topicName: string; partitionIndex: number } | null = null
  do {
    const answer: Awaited<ReturnType<typeof page>> = await page(cluster, topics, cursor)
    for (const { errorCode, name, partitions } of answer.topics) {
      checkError(errorCode, `Topic ${name}`)
      for (const partition of partitions)
        states.push({
          topic: name ?? '',
          partition: partition.partitionIndex,
          leader: partition.leaderId,
          leaderEpoch: partition.leaderEpoch,
          replicas: partition.replicaNodes,
          isr: partition.isrNodes,
          offline: partition.offlineReplicas,
          elr: partition.eligibleLeaderReplicas,
          lastKnownElr: partition.lastKnownElr,
        })
    }
    cursor = answer.nextCursor
  } while (cursor !== null)
  return states.sort(byPlace)
}

function page(
  cluster: Cluster,
  topics: readonly string[] | 'all',
  cursor: { topicName: string; partitionIndex: number } | null,
) {
  return cluster.send('any', DescribeTopicPartitions, {
    topics: topics === 'all' ? [] : topics.map((name) => ({ name })),
    responsePartitionLimit: partitionsPerPage,
    cursor,
  })
}

async function fromMetadata(
  cluster: Cluster,
  topics: readonly string[] | 'all',
): Promise<ReplicaState[]> {
  const found = await cluster.refresh(topics)
  for (const { name, errorCode } of found) checkError(errorCode, `Topic ${name}`)
  const states = found.flatMap(({ name, partitions }) =>
    partitions.map(({ partition, leader, leaderEpoch, replicas, isr, offlineReplicas }) => {
      const place = { topic: name, partition, leader, leaderEpoch, replicas, isr }
      return { ...place, offline: offlineReplicas, elr: null, lastKnownElr: null }
    }),
  )
  return states.sort(byPlace)
}

const byPlace = (a: TopicPartition, b: TopicPartition) =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1

export interface Elected extends TopicPartition {
  /** False: it was led as asked for already. */
  readonly changed: boolean
  readonly error?: KafkaError | undefined
}

/** `partitions` null: all of the cluster; those that need no election are then left out. */
export async function electLeaders(
  cluster: Cluster,
  type: ElectionType,
  partitions: readonly TopicPartition[] | null,
): Promise<Elected[]> {
  const answer = await cluster.send('controller', ElectLeaders, {
    electionType: electionTypes[type],
    topicPartitions:
      partitions &&
      [...groupBy(partitions, ({ topic }) => topic)].map(([topic, theirs]) => ({
        topic,
        partitions: theirs.map(({ partition }) => partition),
      })),
    timeoutMs,
  })
  checkError(answer.errorCode, 'Electing leaders')
  const results = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode, errorMessage }): Elected => {
      const place = { topic, partition: partitionId }
      if (errorCode === 0) return { ...place, changed: true }
      if (errorCode === electionNotNeeded) return { ...place, changed: false }
      const error = brokerError(errorCode, `Electing ${topic}-${partitionId}`, errorMessage)
      return { ...place, changed: false, error }
    }),
  )
  return results.sort(byPlace)
}

export interface Reassignment extends TopicPartition {
  /** In order of preference; null cancels what is going on. */
  readonly replicas: readonly number[] | null
}

export interface Reassigned extends TopicPartition {
  readonly error?: KafkaError | undefined
}

/** Starts, replaces or cancels moves. Cancelling where nothing moves is no error. */
export async function alterReassignments(
  cluster: Cluster,
  wanted: readonly Reassignment[],
): Promise<Reassigned[]> {
  const answer = await cluster.send('controller', AlterPartitionReassignments, {
    timeoutMs,
    topics: [...groupBy(wanted, ({ topic }) => topic)].map(([name, theirs]) => ({
      name,
      partitions: theirs.map(({ partition, replicas }) => ({
        partitionIndex: partition,
        replicas,
      })),
    })),
  })
  checkError(answer.errorCode, 'Reassigning partitions', answer.errorMessage)
  return answer.responses.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, errorMessage }) => {
      const place = { topic: name, partition: partitionIndex }
      if (errorCode === 0 || errorCode === noReassignment) return place
      const what = `Reassigning ${name}-${partitionIndex}`
      return { ...place, error: brokerError(errorCode, what, errorMessage) }
    }),
  )
}

export interface OngoingReassignment extends TopicPartition {
  readonly replicas: readonly number[]
  readonly adding: readonly number[]
  readonly removing: readonly number[]
}

export async function listReassignments(cluster: Cluster): Promise<OngoingReassignment[]> {
  const answer = await cluster.send('controller', ListPartitionReassignments, {
    timeoutMs,
    topics: null,
  })
  checkError(answer.errorCode, 'Listing reassignments', answer.errorMessage)
  const ongoing = answer.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
      topic: name,
      partition: partitionIndex,
      replicas,
      adding: addingReplicas,
      removing: removingReplicas,
    })),
  )
  return ongoing.sort(byPlace)
}
