/**
 * Who a producer is to the brokers: its id and epoch (KIP-98), and its transactions.
 *
 * The older protocol of transactions is spoken (Produce up to 11, AddPartitionsToTxn 3,
 * EndTxn 4): every broker from 2.5 on understands it, those with transaction.version 2 too.
 */
import { AddOffsetsToTxn } from '../../protocol/messages/add-offsets-to-txn.ts'
import { AddPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { EndTxn } from '../../protocol/messages/end-txn.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { TxnOffsetCommit } from '../../protocol/messages/txn-offset-commit.ts'
import { retrying } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import { groupBy } from './group-by.ts'
import { checkError, KafkaError } from './kafka-error.ts'

/** The newest versions that do not imply transaction.version 2. */
const addPartitionsVersionMax = 3
const endTxnVersionMax = 4
const txnOffsetCommitVersionMax = 4
/** Errors after which the coordinator has to be looked up again. */
const coordinatorMoved = new Set([14, 15, 16])

export class ProducerIdentity {
  readonly #cluster: Cluster
  readonly transactionalId: string | null
  readonly #transactionTimeoutMs: number
  producerId = -1
  producerEpoch = -1

  constructor(cluster: Cluster, transactionalId: string | undefined, transactionTimeoutMs: number) {
    this.#cluster = cluster
    this.transactionalId = transactionalId ?? null
    this.#transactionTimeoutMs = transactionTimeoutMs
  }

  get known(): boolean {
    return this.producerId >= 0
  }

  /** Gets an id, or a newer epoch of the one it has (KIP-360). */
  async init(timeoutMs?: number): Promise<void> {
    await this.#retrying(async () => {
      const connection = await this.#connection()
      const version = connection.requireVersion(InitProducerId)
      const bump = version >= 3 && this.known
      const answer = await connection.send(
        InitProducerId,
        {
          transactionalId: this.transactionalId,
          transactionTimeoutMs: this.#transactionTimeoutMs,
          producerId: bump ? this.producerId : -1,
          producerEpoch: bump ? this.producerEpoch : -1,
        },
        { version },
      )
      checkError(answer.errorCode, 'Getting a producer id')
      this.producerId = answer.producerId
      this.producerEpoch = answer.producerEpoch
    }, timeoutMs)
  }

  async addPartitions(partitions: readonly { topic: string; partition: number }[]): Promise<void> {
    const byTopic = groupBy(partitions, ({ topic }) => topic)
    const topics = [...byTopic].map(([name, items]) => ({
      name,
      partitions: items.map(({ partition }) => partition),
    }))
    await this.#retrying(async () => {
      const connection = await this.#connection()
      const version = Math.min(
        connection.requireVersion(AddPartitionsToTxn),
        addPartitionsVersionMax,
      )
      const answer = await connection.send(
        AddPartitionsToTxn,
        {
          v3AndBelowTransactionalId: this.#id,
          v3AndBelowProducerId: this.producerId,
          v3AndBelowProducerEpoch: this.producerEpoch,
          v3AndBelowTopics: topics,
        },
        { version },
      )
      for (const topic of answer.resultsByTopicV3AndBelow)
        for (const { partitionErrorCode, partitionIndex } of topic.resultsByPartition)
          checkError(partitionErrorCode, `Adding ${topic.name}-${partitionIndex} to a transaction`)
    })
  }

  async end(committed: boolean, timeoutMs?: number): Promise<void> {
    await this.#retrying(async () => {
      const connection = await this.#connection()
      const version = Math.min(connection.requireVersion(EndTxn), endTxnVersionMax)
      const answer = await connection.send(
        EndTxn,
        {
          transactionalId: this.#id,
          producerId: this.producerId,
          producerEpoch: this.producerEpoch,
          committed,
        },
        { version },
      )
      checkError(answer.errorCode, committed ? 'Committing' : 'Aborting')
    }, timeoutMs)
  }

  /** Makes offsets of a group part of the transaction. */
  async sendOffsets(
    groupId: string,
    offsets: readonly { topic: string; partition: number; offset: number }[],
    member: { memberId: string; generationId: number } = { memberId: '', generationId: -1 },
  ): Promise<void> {
    const producer = { producerId: this.producerId, producerEpoch: this.producerEpoch }
    await this.#retrying(async () => {
      const connection = await this.#connection()
      const version = Math.min(connection.requireVersion(AddOffsetsToTxn), 3)
      const request = { transactionalId: this.#id, groupId, ...producer }
      const answer = await connection.send(AddOffsetsToTxn, request, { version })
      checkError(answer.errorCode, `Adding group ${groupId} to a transaction`)
    })
    const topics = [...groupBy(offsets, ({ topic }) => topic)].map(([name, items]) => ({
      name,
      partitions: items.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedMetadata: '',
      })),
    }))
    await retrying(this.#cluster.env, this.#cluster.retryOptions, async () => {
      const nodeId = await this.#cluster.coordinator('group', groupId)
      const connection = await this.#cluster.connection(nodeId)
      const version = Math.min(
        connection.requireVersion(TxnOffsetCommit),
        txnOffsetCommitVersionMax,
      )
      const answer = await connection.send(
        TxnOffsetCommit,
        { transactionalId: this.#id, groupId, ...producer, ...member, topics },
        { version },
      )
      for (const topic of answer.topics)
        for (const { errorCode, partitionIndex } of topic.partitions)
          checkError(errorCode, `Committing the offset of ${topic.name}-${partitionIndex}`)
    })
  }

  get #id(): string {
    return this.transactionalId ?? ''
  }

  async #connection() {
    if (this.transactionalId === null) return this.#cluster.any()
    const nodeId = await this.#cluster.coordinator('transaction', this.transactionalId)
    return this.#cluster.connection(nodeId)
  }

  async #retrying<T>(run: () => Promise<T>, timeoutMs?: number): Promise<T> {
    const options = { ...this.#cluster.retryOptions, ...(timeoutMs && { timeoutMs }) }
    const between = (error: unknown) => {
      const moved =
        error instanceof KafkaError && (coordinatorMoved.has(error.code) || error.code < -1)
      if (moved && this.transactionalId !== null)
        this.#cluster.forgetCoordinator('transaction', this.transactionalId)
    }
    return retrying(this.#cluster.env, { ...options, between }, run)
  }
}
