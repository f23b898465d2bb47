/**
 * Sends records: batches them by partition, keeps up to five batches of a partition in flight,
 * tries again what may pass, and never twice writes what it sent once (idempotence, KIP-98).
 *
 * Two ways in: `send` for one record and its promise, and `append` for a stream, which makes no
 * object for a record. Both keep within `bufferBytesMax`: `room()` waits for it.
 */
import type { Timer } from '../env/env.ts'
import type { BatchBuilder, RecordHeader } from './batch-builder.ts'
import type { Cluster } from './cluster.ts'
import { type KafkaError, localError } from './kafka-error.ts'
import type { TopicInfo } from './metadata.ts'
import { PartitionQueue } from './partition-queue.ts'
import { murmur2Partitioner, type Partitioner } from './partitioner.ts'
import type { Delivered, ProducerBatch, Undelivered, Waiter } from './producer-batch.ts'
import { ProducerIdentity } from './producer-identity.ts'
import { ProducerSender } from './producer-sender.ts'

export interface ProducerOptions {
  /** -1: every in-sync replica; 1: the leader; 0: nobody answers. */
  readonly acks?: -1 | 0 | 1 | undefined
  /** Default: true unless `acks` says otherwise. */
  readonly idempotent?: boolean | undefined
  readonly transactionalId?: string | undefined
  readonly transactionTimeoutMs?: number | undefined
  /** Kafka's codec number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly compression?: number | undefined
  readonly lingerMs?: number | undefined
  readonly batchBytesMax?: number | undefined
  readonly bufferBytesMax?: number | undefined
  readonly deliveryTimeoutMs?: number | undefined
  readonly partitioner?: Partitioner | undefined
  readonly onDelivered?: ((delivered: Delivered) => void) | undefined
  readonly onUndelivered?: ((undelivered: Undelivered) => void) | undefined
}

export interface OutgoingRecord {
  readonly topic: string
  readonly partition?: number | undefined
  readonly key?: Uint8Array | string | null | undefined
  readonly value?: Uint8Array | string | null | undefined
  readonly headers?: readonly RecordHeader[] | undefined
  readonly timestampMs?: number | undefined
}

export const producerDefaults = {
  lingerMs: 5,
  batchBytesMax: 262_144,
  bufferBytesMax: 64 * 1024 * 1024,
  deliveryTimeoutMs: 120_000,
  transactionTimeoutMs: 60_000,
} as const

const nothing = new Uint8Array()
const toBytes = (data: Uint8Array | string | null | undefined): Uint8Array | null =>
  typeof data === 'string' ? Buffer.from(data) : (data ?? null)

export class Producer {
  readonly cluster: Cluster
  readonly identity: ProducerIdentity
  readonly #options: ProducerOptions
  readonly #sender: ProducerSender
  readonly #queues = new Map<string, PartitionQueue[]>()
  readonly #sticky = new Map<string, number>()
  #linger: Timer | undefined
  /** Of completed batches; what is filling adds at most one batch for each partition. */
  #bufferedBytes = 0
  #roomWaiters: (() => void)[] = []
  #flushing = 0

  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    this.cluster = cluster
    this.#options = options
    this.identity = new ProducerIdentity(
      cluster,
      options.transactionalId,
      options.transactionTimeoutMs ?? producerDefaults.transactionTimeoutMs,
    )
    this.#sender = new ProducerSender(cluster, this.identity, {
      acks: options.acks ?? -1,
      idempotent:
        options.transactionalId !== undefined ||
        ((options.idempotent ?? true) && (options.acks ?? -1) === -1),
      queues: () => this.#allQueues(),
      release: (batch, outcome) => this.#release(batch, outcome),
    })
  }

  /** Learns a topic's partitions; `append` needs that once before. */
  async topic(name: string): Promise<TopicInfo> {
    const create = this.cluster.options.allowAutoTopicCreation ?? true
    return this.cluster.topic(name, { create })
  }

  /** Resolves when the record is acknowledged. */
  async send(
    record: OutgoingRecord,
  ): Promise<{ partition: number; offset: number; timestampMs: number }> {
    const topic = await this.topic(record.topic)
    while (this.bufferFull) await this.room()
    const key = toBytes(record.key)
    const value = toBytes(record.value)
    const source =
      key === null ? (value ?? nothing) : value === null ? key : Buffer.concat([key, value])
    const keyEnd = key?.length ?? 0
    const timestampMs = record.timestampMs ?? this.cluster.env.clock.wallMs()
    return new Promise((resolve, reject) =>
      this.append(
        topic,
        record.partition ?? -1,
        source,
        key === null ? -1 : 0,
        keyEnd,
        value === null ? -1 : keyEnd,
        keyEnd + (value?.length ?? 0),
        timestampMs,
        record.headers,
        { resolve, reject, timestampMs },
      ),
    )
  }

  /**
   * Appends a record whose key and value are ranges of `source` (a negative start is null);
   * the bytes are copied. `partition` -1 lets the partitioner choose. Returns the partition.
   */
  append(
    topic: TopicInfo,
    partition: number,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
    headers?: readonly RecordHeader[],
    waiter?: Omit<Waiter, 'index'>,
  ): number {
    const chosen = partition >= 0 ? partition : this.#choose(topic, source, keyStart, keyEnd)
    const queue = this.#queue(topic, chosen)
    const nowMs = queue.open ? 0 : this.cluster.env.clock.monotonicMs()
    const completed = queue.append(
      source,
      keyStart,
      keyEnd,
      valueStart,
      valueEnd,
      timestampMs,
      headers,
      nowMs,
      waiter,
    )
    if (completed) {
      if (partition < 0) this.#sticky.delete(topic.name)
      this.#sender.kick()
    }
    this.#startLinger()
    return chosen
  }

  /** True when `append` should wait for `room()`. */
  get bufferFull(): boolean {
    return this.#bufferedBytes >= (this.#options.bufferBytesMax ?? producerDefaults.bufferBytesMax)
  }

  room(): Promise<void> {
    if (!this.bufferFull) return Promise.resolve()
    return new Promise((resolve) => this.#roomWaiters.push(resolve))
  }

  /** Sends what is there and resolves when every record has been acknowledged or given up. */
  async flush(): Promise<void> {
    this.#flushing++
    try {
      for (const queue of this.#allQueues()) queue.complete()
      await this.#sender.idle()
    } finally {
      this.#flushing--
    }
  }

  /** Starts a transaction; the first call registers the transactional id (fencing older owners). */
  async beginTransaction(timeoutMs?: number): Promise<void> {
    if (!this.identity.known) await this.identity.init(timeoutMs)
    this.#sender.inTransaction = true
  }

  async commitTransaction(timeoutMs?: number): Promise<void> {
    await this.flush()
    await this.#endTransaction(true, timeoutMs)
  }

  async abortTransaction(timeoutMs?: number): Promise<void> {
    await this.flush()
    await this.#endTransaction(false, timeoutMs)
  }

  async #endTransaction(committed: boolean, timeoutMs?: number): Promise<void> {
    this.#sender.inTransaction = false
    const queues = [...this.#allQueues()].filter((queue) => queue.inTransaction)
    if (queues.length > 0) await this.identity.end(committed, timeoutMs)
    for (const queue of queues) queue.inTransaction = false
  }

  /** Sends the rest, then stops. The cluster stays open. */
  async close(): Promise<void> {
    await this.flush()
    this.#linger?.cancel()
    this.#sender.close(localError('DESTROY', 'The producer is closed'))
  }

  #choose(topic: TopicInfo, source: Uint8Array, keyStart: number, keyEnd: number): number {
    const partitioner = this.#options.partitioner ?? murmur2Partitioner
    const count = topic.partitions.length
    const key = keyStart < 0 ? null : source.subarray(keyStart, keyEnd)
    const chosen = partitioner(key, count)
    if (chosen !== 'sticky') return chosen
    let sticky = this.#sticky.get(topic.name)
    if (sticky === undefined) {
      const led = topic.partitions.filter((partition) => partition.leader >= 0)
      const among = led.length > 0 ? led : topic.partitions
      sticky = among[Math.floor(this.cluster.env.random.float() * among.length)]!.partition
      this.#sticky.set(topic.name, sticky)
    }
    return sticky
  }

  #queue(topic: TopicInfo, partition: number): PartitionQueue {
    let queues = this.#queues.get(topic.name)
    if (queues === undefined) {
      queues = []
      this.#queues.set(topic.name, queues)
    }
    const queue = queues[partition]
    if (queue) return queue
    if (partition >= topic.partitions.length)
      throw localError(
        'UNKNOWN_PARTITION',
        `Topic ${topic.name} has ${topic.partitions.length} partitions, not partition ${partition}`,
      )
    const batchBytesMax = this.#options.batchBytesMax ?? producerDefaults.batchBytesMax
    const made = new PartitionQueue(
      topic.name,
      partition,
      batchBytesMax,
      (builder, waiters, openedMs) => this.#seal(builder, waiters, openedMs),
    )
    queues[partition] = made
    return made
  }

  #seal(builder: BatchBuilder, waiters: Waiter[], openedMs: number): ProducerBatch {
    const timeoutMs = this.#options.deliveryTimeoutMs ?? producerDefaults.deliveryTimeoutMs
    const transactional = this.#options.transactionalId !== undefined
    this.#bufferedBytes += builder.sizeBytes
    return {
      bytes: builder.seal(this.#options.compression ?? 0, transactional),
      count: builder.count,
      chargedBytes: builder.sizeBytes,
      deadlineMs: openedMs + timeoutMs,
      baseSequence: -1,
      attempts: 0,
      expired: false,
      waiters,
    }
  }

  /** One timer for all partitions: the first record starts it. */
  #startLinger(): void {
    if (this.#linger) return
    const run = () => {
      this.#linger = undefined
      for (const queue of this.#allQueues()) queue.complete()
      this.#sender.kick()
    }
    const lingerMs = this.#flushing > 0 ? 0 : (this.#options.lingerMs ?? producerDefaults.lingerMs)
    this.#linger = this.cluster.env.timers.after(lingerMs, run)
  }

  *#allQueues(): Generator<PartitionQueue> {
    for (const queues of this.#queues.values()) for (const queue of queues) if (queue) yield queue
  }

  #release(batch: ProducerBatch, outcome: Delivered | Undelivered): void {
    this.#bufferedBytes -= batch.chargedBytes
    if ('error' in outcome) {
      for (const waiter of batch.waiters) waiter.reject(outcome.error as KafkaError)
      this.#options.onUndelivered?.(outcome)
    } else {
      const { partition, baseOffset, logAppendTimeMs } = outcome
      for (const { index, resolve, timestampMs } of batch.waiters)
        resolve({
          partition,
          offset: baseOffset < 0 ? -1 : baseOffset + index,
          timestampMs: logAppendTimeMs >= 0 ? logAppendTimeMs : timestampMs,
        })
      this.#options.onDelivered?.(outcome)
    }
    if (!this.bufferFull) for (const resume of this.#roomWaiters.splice(0)) resume()
  }
}
