/**
 * The part of a producer that talks: puts batches that are ready into Produce requests, one
 * request for a broker at a time, and deals with the answers.
 *
 * What each answer means for a batch:
 * - taken, or a duplicate of one taken: done;
 * - an error that may pass: back into its place in the queue, until its deadline;
 * - too large: in two halves again, a record alone is refused;
 * - a sequence error that is not explained by an earlier batch still being tried, or any final
 *   error: sequences of its partition have a gap now, so a new epoch is taken for what waits there, once
 *   nothing is in flight (KIP-360). Other partitions keep theirs for what may have been written.
 */
import { Produce } from '../../protocol/messages/produce.ts'
import type { IncomingResponseOf } from '../../protocol/schema.ts'
import type { Timer } from '../env/env.ts'
import { stamp } from './batch-builder.ts'
import { clientDefaults } from './client-options.ts'
import type { Cluster } from './cluster.ts'
import type { BrokerConnection } from './connection.ts'
import { groupBy } from './group-by.ts'
import { brokerError, isRetriable, KafkaError, localError } from './kafka-error.ts'
import { noteSent, pauseAfter } from './leader-moves.ts'
import { LeaderRefresh } from './leader-refresh.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { produceRequest } from './produce-request.ts'
import type { Delivered, ProducerBatch, Undelivered } from './producer-batch.ts'
import type { ProducerIdentity } from './producer-identity.ts'
import { watchLeader } from './silent-leader.ts'

export interface SenderOptions {
  readonly acks: -1 | 0 | 1
  readonly idempotent: boolean
  readonly queues: () => Iterable<PartitionQueue>
  readonly release: (batch: ProducerBatch, outcome: Delivered | Undelivered) => void
}

/** Requests to one broker without an answer: more would only wait in the broker. */
const requestsInFlightMax = 5
/** Below the default `socket.request.max.bytes` by far; one batch alone may be larger. */
const requestBytesMax = 4 * 1024 * 1024
const duplicateSequence = 46
/** OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, UNKNOWN_PRODUCER_ID. */
const sequenceErrors = new Set([45, 47, 59])
/** MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE. */
const tooLarge = new Set([10, 18])
const topicIdErrors = new Set([3, 100])

interface Sent {
  readonly queue: PartitionQueue
  readonly batch: ProducerBatch
}

export class ProducerSender {
  readonly #cluster: Cluster
  readonly #identity: ProducerIdentity
  readonly #options: SenderOptions
  readonly #busy = new Map<number, number>()
  readonly #connecting = new Set<number>()
  /** Brokers for which something came while their connection was opened or filled. */
  readonly #missed = new Set<number>()
  #deadline: Timer | undefined
  #kicked = false
  readonly #leaders: LeaderRefresh
  #gettingIdentity = false
  #closedBy: KafkaError | undefined
  #idleWaiters: (() => void)[] = []
  inTransaction = false

  constructor(cluster: Cluster, identity: ProducerIdentity, options: SenderOptions) {
    this.#cluster = cluster
    this.#identity = identity
    this.#options = options
    this.#leaders = new LeaderRefresh(cluster, () => this.kick())
  }

  /** Sends what can be sent at the end of this turn of the event loop. */
  kick(): void {
    if (this.#kicked) return
    this.#kicked = true
    this.#cluster.env.timers.soon(() => {
      this.#kicked = false
      this.#drain()
    })
  }

  /** Resolves when no batch waits or is in flight. */
  idle(): Promise<void> {
    this.kick()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  /** Gives up what waits, and what comes yet. */
  close(error: KafkaError): void {
    this.#closedBy = error
    this.#drain()
  }

  #drain(): void {
    if (this.#cluster.closed) this.#closedBy ??= localError('DESTROY', 'The client is closed')
    const queues = [...this.#options.queues()]
    const nowMs = this.#cluster.env.clock.monotonicMs()
    for (const queue of queues) this.#expire(queue, nowMs)
    if (this.#closedBy) this.#giveUpWaiting(queues, this.#closedBy)
    this.#armDeadline(queues, nowMs)
    if (this.#idleWaiters.length > 0 && queues.every((queue) => queue.idle))
      for (const resolve of this.#idleWaiters.splice(0)) resolve()
    if (this.#closedBy) return
    const waiting = queues.filter((queue) => queue.waiting.length > 0)
    if (waiting.length === 0 || !this.#identityReady(waiting)) return
    const byLeader = groupBy(waiting, (queue) => this.#leader(queue))
    for (const [nodeId, theirs] of byLeader) {
      if (nodeId < 0) this.#refreshLater(theirs)
      else this.#sendTo(nodeId, theirs)
    }
  }

  #leader(queue: PartitionQueue): number {
    return this.#cluster.metadata.partition(queue.topic, queue.partition)?.leader ?? -1
  }

  /**
   * Whatever else goes on, a batch is settled at its deadline. One in flight keeps its place until
   * its request ends: what follows must not overtake it.
   */
  #expire(queue: PartitionQueue, nowMs: number): void {
    const age = `${queue.topic}-${queue.partition} was not acknowledged in time`
    const error = () => localError('MSG_TIMED_OUT', `Local: Message timed out: ${age}`)
    while (queue.waiting[0] && queue.waiting[0].deadlineMs <= nowMs)
      this.#giveUp(queue, queue.waiting.shift()!, error())
    for (const batch of queue.inFlight) {
      if (batch.expired || batch.deadlineMs > nowMs) continue
      batch.expired = true
      const { topic, partition } = queue
      this.#options.release(batch, { topic, partition, count: batch.count, error: error() })
    }
  }

  /** Wakes at the next deadline: nothing else may ever happen to a batch. */
  #armDeadline(queues: readonly PartitionQueue[], nowMs: number): void {
    const next = queues.reduce((first, queue) => Math.min(first, queue.deadlineMs), Infinity)
    if (next === Infinity) {
      this.#deadline?.cancel()
      this.#deadline = undefined
    } else
      this.#deadline ??= this.#cluster.env.timers.after(next - nowMs, () => {
        this.#deadline = undefined
        this.kick()
      })
  }

  /** Gets an id first, and a new epoch where sequences have a gap. */
  #identityReady(waiting: readonly PartitionQueue[]): boolean {
    if (!this.#options.idempotent) return true
    const { known } = this.#identity
    const isWanted = known
      ? waiting.some(({ hasGap, inFlight }) => hasGap && inFlight.size === 0)
      : waiting.length > 0
    if (isWanted && !this.#gettingIdentity) this.#getIdentity()
    return known
  }

  #getIdentity(): void {
    this.#gettingIdentity = true
    const concerned = () =>
      [...this.#options.queues()].filter((queue) => !this.#identity.known || queue.hasGap)
    this.#identity
      .init()
      .then(
        () => {
          for (const queue of concerned()) if (queue.inFlight.size === 0) queue.startAnew()
        },
        (error) => this.#giveUpWaiting(concerned(), error),
      )
      .finally(() => {
        this.#gettingIdentity = false
        this.kick()
      })
  }

  #sendTo(nodeId: number, queues: readonly PartitionQueue[]): void {
    // One at a time: joining a transaction waits, and a batch must not be taken twice.
    if (this.#connecting.has(nodeId)) this.#missed.add(nodeId)
    else {
      this.#connecting.add(nodeId)
      void this.#connectAndFill(nodeId, queues)
    }
  }

  async #connectAndFill(nodeId: number, queues: readonly PartitionQueue[]): Promise<void> {
    try {
      await this.#fill(nodeId, await this.#cluster.connection(nodeId), queues)
    } catch (error) {
      if (!isRetriable(error)) this.#giveUpWaiting(queues, error)
      this.#refreshLater(queues)
    } finally {
      this.#connecting.delete(nodeId)
      if (this.#missed.delete(nodeId)) this.kick()
    }
  }

  /** Requests until the broker has enough, or nothing is ready. */
  async #fill(
    nodeId: number,
    connection: BrokerConnection,
    queues: readonly PartitionQueue[],
  ): Promise<void> {
    const nowMs = this.#cluster.env.clock.monotonicMs()
    while ((this.#busy.get(nodeId) ?? 0) < requestsInFlightMax) {
      const ready: Sent[] = []
      let bytes = 0
      for (const queue of queues) {
        const batch = queue.sendable(nowMs, connection)
        if (!batch || (bytes > 0 && bytes + batch.bytes.length > requestBytesMax)) continue
        bytes += batch.bytes.length
        ready.push({ queue, batch })
      }
      if (ready.length === 0) {
        this.#wakeFor(queues, nowMs)
        return
      }
      if (this.inTransaction && !(await this.#joinTransaction(ready))) return
      if (connection.closed) return this.#refreshLater(queues)
      this.#request(nodeId, connection, ready)
    }
  }

  /** Partitions become part of the transaction before the first batch is sent to them. */
  async #joinTransaction(ready: readonly Sent[]): Promise<boolean> {
    const fresh = ready.map(({ queue }) => queue).filter((queue) => !queue.inTransaction)
    if (fresh.length === 0) return true
    for (const queue of fresh) queue.inTransaction = true
    try {
      await this.#identity.addPartitions(fresh)
      return true
    } catch (error) {
      for (const queue of fresh) queue.inTransaction = false
      this.#giveUpWaiting(fresh, error)
      this.kick()
      return false
    }
  }

  #request(nodeId: number, connection: BrokerConnection, ready: readonly Sent[]): void {
    const { producerId, producerEpoch, transactionalId } = this.#identity
    const highest = connection.requireVersion(Produce)
    for (const { queue, batch } of ready) {
      if (this.#options.idempotent && batch.baseSequence < 0)
        queue.sequence(batch, producerId, producerEpoch)
      else if (!this.#options.idempotent && batch.attempts === 0) stamp(batch.bytes, -1, -1, -1)
      batch.attempts++
      queue.take(batch, connection)
      noteSent(this.#cluster.metadata, queue)
    }
    const timeoutMs = this.#cluster.options.requestTimeoutMs ?? clientDefaults.requestTimeoutMs
    const { request, versionMax } = produceRequest(ready, {
      transactionalId,
      acks: this.#options.acks,
      timeoutMs,
      topicId: (topic) => this.#cluster.metadata.topics.get(topic)?.topicId,
    })
    const version = Math.min(highest, versionMax)
    if (this.#options.acks === 0) {
      connection.sendWithoutAnswer(Produce, request, version)
      for (const sent of ready) this.#succeed(nodeId, sent, -1, -1)
      return
    }
    this.#busy.set(nodeId, (this.#busy.get(nodeId) ?? 0) + 1)
    const partitions = ready.map(({ queue }) => queue)
    const watch = watchLeader(this.#cluster, connection, nodeId, partitions)
    const topicIds = new Map(request.topicData.map(({ name, topicId }) => [name, topicId]))
    connection
      .send(Produce, request, { version, timeoutMs: timeoutMs + 1_000 })
      .then(
        (answer) => this.#onAnswer(nodeId, ready, topicIds, answer),
        (error) => {
          for (const sent of ready) this.#failed(sent, error)
        },
      )
      .finally(() => {
        watch.cancel()
        this.#busy.set(nodeId, (this.#busy.get(nodeId) ?? 1) - 1)
        this.kick()
      })
  }

  #onAnswer(
    nodeId: number,
    ready: readonly Sent[],
    /** As they were asked: an error for one partition makes the others' metadata old. */
    topicIds: ReadonlyMap<string, string | undefined>,
    answer: IncomingResponseOf<typeof Produce>,
  ): void {
    this.#cluster.metadata.learnBrokers(
      (answer.nodeEndpoints ?? []).map((node) => ({ ...node, rack: node.rack ?? null })),
    )
    for (const sent of ready) {
      const { topic, partition } = sent.queue
      const topicId = topicIds.get(topic)
      const theirs = answer.responses.find(
        (response) => response.name === topic || (topicId && response.topicId === topicId),
      )
      const result = theirs?.partitionResponses.find(({ index }) => index === partition)
      if (result === undefined) {
        this.#failed(sent, localError('BAD_MSG', `${topic}-${partition} is not in the answer`))
        continue
      }
      if (result.errorCode === 0 || result.errorCode === duplicateSequence) {
        this.#succeed(nodeId, sent, result.baseOffset, result.logAppendTimeMs ?? -1)
        continue
      }
      const leader = result.currentLeader
      if (leader && (leader.leaderId ?? -1) >= 0)
        this.#cluster.metadata.learnLeader(topic, partition, leader.leaderId!, leader.leaderEpoch!)
      const detail = result.errorMessage ?? result.recordErrors?.[0]?.batchIndexErrorMessage
      this.#failed(
        sent,
        brokerError(result.errorCode, `Producing to ${topic}-${partition}`, detail),
      )
    }
  }

  #succeed(nodeId: number, { queue, batch }: Sent, baseOffset: number, logAppendTimeMs: number) {
    queue.inFlight.delete(batch)
    queue.recovered()
    if (batch.expired) return
    const { topic, partition } = queue
    const { count } = batch
    this.#options.release(batch, { topic, partition, baseOffset, count, nodeId, logAppendTimeMs })
  }

  #failed({ queue, batch }: Sent, error: KafkaError): void {
    if (batch.expired) {
      queue.inFlight.delete(batch)
      this.#noteGap(queue, batch)
      return
    }
    if (tooLarge.has(error.code) && queue.split(batch)) return
    const unexplained =
      this.#options.idempotent && sequenceErrors.has(error.code) && !this.inTransaction
    const earlier = [...queue.inFlight, ...queue.waiting].some(
      (other) =>
        other !== batch && other.baseSequence >= 0 && other.baseSequence < batch.baseSequence,
    )
    if (error.retriable || unexplained) {
      queue.putBack(batch)
      if (unexplained && !earlier) queue.hasGap = true
      pauseAfter(this.#cluster, queue, batch.attempts, error.code)
      if (topicIdErrors.has(error.code)) this.#cluster.metadata.topics.delete(queue.topic)
      this.#refreshLater([queue])
      return
    }
    queue.inFlight.delete(batch)
    this.#giveUp(queue, batch, error)
  }

  #giveUp(queue: PartitionQueue, batch: ProducerBatch, error: KafkaError): void {
    this.#noteGap(queue, batch)
    const { topic, partition } = queue
    this.#options.release(batch, { topic, partition, count: batch.count, error })
  }

  #giveUpWaiting(queues: Iterable<PartitionQueue>, error: unknown): void {
    const reason = error instanceof KafkaError ? error : localError('TRANSPORT', String(error))
    for (const queue of queues)
      for (const batch of queue.waiting.splice(0)) this.#giveUp(queue, batch, reason)
  }

  #noteGap(queue: PartitionQueue, batch: ProducerBatch): void {
    if (batch.baseSequence >= 0 && !this.#identity.transactionalId) queue.hasGap = true
  }

  #refreshLater(queues: readonly PartitionQueue[]): void {
    if (!this.#closedBy && !this.#cluster.closed) this.#leaders.later(queues)
  }

  /** Comes back when the pause of a partition is over, and nothing in flight will do it. */
  #wakeFor(queues: readonly PartitionQueue[], nowMs: number): void {
    const pauses = queues
      .filter((queue) => queue.waiting.length > 0 && queue.notBeforeMs > nowMs)
      .map((queue) => queue.notBeforeMs - nowMs)
    if (pauses.length > 0) this.#cluster.env.timers.after(Math.min(...pauses), () => this.kick())
  }
}
