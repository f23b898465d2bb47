/** Transactions: at all transaction coordinators (KIP-664). */
import { DescribeProducers } from '../../../protocol/messages/describe-producers.ts'
import { DescribeTransactions } from '../../../protocol/messages/describe-transactions.ts'
import { ListTransactions } from '../../../protocol/messages/list-transactions.ts'
import type { TopicPartition } from '../assignors.ts'
import { retrying } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import { brokerError, checkError } from '../kafka-error.ts'

export interface ListedTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly state: string
  readonly coordinator: number
}

export async function listTransactions(
  cluster: Cluster,
  states: readonly string[] = [],
): Promise<ListedTransaction[]> {
  await cluster.refresh([])
  const lists = await Promise.all(
    [...cluster.metadata.brokers.keys()].map(async (nodeId) => {
      const answer = await cluster.send(nodeId, ListTransactions, {
        stateFilters: states,
        producerIdFilters: [],
      })
      checkError(answer.errorCode, `Listing the transactions of broker ${nodeId}`)
      return answer.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
        transactionalId,
        producerId,
        state: transactionState,
        coordinator: nodeId,
      }))
    }),
  )
  return lists.flat().sort((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1))
}

export interface DescribedTransaction extends ListedTransaction {
  readonly producerEpoch: number
  readonly timeoutMs: number
  /** -1 when none is open. */
  readonly startMs: number
  readonly partitions: readonly TopicPartition[]
}

export async function describeTransaction(
  cluster: Cluster,
  transactionalId: string,
): Promise<DescribedTransaction> {
  await cluster.refresh([])
  const between = () => cluster.forgetCoordinator('transaction', transactionalId)
  return retrying(cluster.env, { ...cluster.retryOptions, between }, async () => {
    const nodeId = await cluster.coordinator('transaction', transactionalId)
    const answer = await cluster.send(nodeId, DescribeTransactions, {
      transactionalIds: [transactionalId],
    })
    const found = answer.transactionStates[0]!
    checkError(found.errorCode, `Transactional id ${transactionalId}`)
    return {
      transactionalId,
      producerId: found.producerId,
      producerEpoch: found.producerEpoch,
      state: found.transactionState,
      coordinator: nodeId,
      timeoutMs: found.transactionTimeoutMs,
      startMs: found.transactionStartTimeMs,
      partitions: found.topics.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    }
  })
}

export async function describeProducers(cluster: Cluster, { topic, partition }: TopicPartition) {
  await cluster.topic(topic)
  const leader = cluster.metadata.partition(topic, partition)?.leader
  if (leader === undefined) throw brokerError(3, `${topic}-${partition}`)
  const answer = await cluster.send(leader, DescribeProducers, {
    topics: [{ name: topic, partitionIndexes: [partition] }],
  })
  const found = answer.topics[0]!.partitions[0]!
  checkError(found.errorCode, `Producers of ${topic}-${partition}`, found.errorMessage)
  return found.activeProducers
}
