/**
 * What a producer holds for one partition: the batch that is filling, those that wait, and those
 * in flight.
 *
 * Invariant: batches leave in the order of their sequences. After a failure that may pass, the
 * failed batch goes back to its place, and nothing is sent until everything in flight has been
 * answered; then one at a time until all that came back have succeeded. All that is in flight is so over one connection.
 */
import { BatchBuilder, type RecordHeader, stamp } from './batch-builder.ts'
import type { ProducerBatch, Waiter } from './producer-batch.ts'
import { splitBatch } from './split-batch.ts'

/** As many as a broker remembers for each producer and partition. */
const inFlightMax = 5

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly #batchBytesMax: number
  readonly #seal: (builder: BatchBuilder, waiters: Waiter[], openedMs: number) => ProducerBatch
  readonly waiting: ProducerBatch[] = []
  readonly inFlight = new Set<ProducerBatch>()
  nextSequence = 0
  /** Whose sequences these are: what is undecided keeps them when the producer gets new ones. */
  producerId = -1
  producerEpoch = -1
  /** A sequence was used and perhaps never written: nothing that follows it would be taken. */
  hasGap = false
  recovering = false
  /** Not before: the pause after a failure. */
  notBeforeMs = 0
  /** The leader's epoch, as it was known when something was sent last. */
  sentEpoch = -1
  /** How often the leader of that epoch refused to be one. */
  refusals = 0
  /** Part of the running transaction. */
  inTransaction = false
  openedMs = 0
  /** The connection of what is in flight. */
  #sentOver: object | undefined
  #builder: BatchBuilder | undefined
  /** Of the last batch: a stream fills the next as far. */
  #lastBytes = 0
  #waiters: Waiter[] = []

  constructor(
    topic: string,
    partition: number,
    batchBytesMax: number,
    seal: (builder: BatchBuilder, waiters: Waiter[], openedMs: number) => ProducerBatch,
  ) {
    this.topic = topic
    this.partition = partition
    this.#batchBytesMax = batchBytesMax
    this.#seal = seal
  }

  /** Appends and says whether a batch was completed by it. */
  append(
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
    headers: readonly RecordHeader[] | undefined,
    nowMs: number,
    waiter?: Omit<Waiter, 'index'>,
  ): boolean {
    let completed = false
    let builder = this.#builder
    if (!builder?.append(source, keyStart, keyEnd, valueStart, valueEnd, timestampMs, headers)) {
      if (builder) completed = this.complete()
      builder = new BatchBuilder(this.#batchBytesMax, this.#lastBytes)
      this.#builder = builder
      this.openedMs = nowMs
      builder.append(source, keyStart, keyEnd, valueStart, valueEnd, timestampMs, headers)
    }
    if (waiter) this.#waiters.push({ ...waiter, index: builder.count - 1 })
    return builder.full ? this.complete() : completed
  }

  /** A batch is filling. */
  get open(): boolean {
    return this.#builder !== undefined
  }

  /** Closes the batch that is filling and lets it wait to be sent. */
  complete(): boolean {
    const builder = this.#builder
    if (builder === undefined) return false
    this.#builder = undefined
    this.#lastBytes = builder.sizeBytes
    const waiters = this.#waiters
    this.#waiters = []
    this.waiting.push(this.#seal(builder, waiters, this.openedMs))
    return true
  }

  /** The next batch that may be sent now; it stays where it is. */
  sendable(nowMs: number, connection: object): ProducerBatch | undefined {
    if (this.waiting.length === 0 || this.hasGap || nowMs < this.notBeforeMs) return undefined
    if (this.inFlight.size >= (this.recovering ? 1 : inFlightMax)) return undefined
    // What is out at an old leader goes first: it may have to be sent again, in its place.
    if (this.inFlight.size > 0 && this.#sentOver !== connection) return undefined
    return this.waiting[0]
  }

  take(batch: ProducerBatch, connection: object): void {
    this.#sentOver = connection
    this.waiting.shift()
    this.inFlight.add(batch)
  }

  /** Puts the halves of a batch that is too large in its place; false for a record alone. */
  split(batch: ProducerBatch): boolean {
    const halves = splitBatch(batch)
    if (halves === undefined) return false
    this.putBack(batch)
    this.waiting.splice(this.waiting.indexOf(batch), 1, ...halves)
    return true
  }

  /** Puts a batch back where its sequence belongs. */
  putBack(batch: ProducerBatch): void {
    this.inFlight.delete(batch)
    this.recovering = true
    const after = this.waiting.findIndex(
      (other) => other.baseSequence < 0 || other.baseSequence > batch.baseSequence,
    )
    this.waiting.splice(after < 0 ? this.waiting.length : after, 0, batch)
  }

  /** The first deadline of what waits or is in flight; Infinity when nothing is. */
  get deadlineMs(): number {
    let first = this.waiting[0]?.deadlineMs ?? Infinity
    for (const batch of this.inFlight) if (!batch.expired) first = Math.min(first, batch.deadlineMs)
    return first
  }

  /** After a gap, once nothing is in flight: all that waits gets sequences of a new epoch. */
  startAnew(): void {
    this.hasGap = false
    this.recovering = false
    this.producerId = -1
    for (const batch of this.waiting) batch.baseSequence = -1
  }

  /** Stamps the batch that is sent next, with the producer's new id when no other can be confused with it. */
  sequence(batch: ProducerBatch, producerId: number, producerEpoch: number): void {
    const isOld = this.producerId !== producerId || this.producerEpoch !== producerEpoch
    if (isOld && this.inFlight.size === 0) {
      this.producerId = producerId
      this.producerEpoch = producerEpoch
      this.nextSequence = 0
    }
    batch.baseSequence = this.nextSequence
    this.nextSequence = (this.nextSequence + batch.count) & 0x7fffffff
    stamp(batch.bytes, this.producerId, this.producerEpoch, batch.baseSequence)
  }

  /** A batch succeeded. A broker knows the last five only: those that come again go before new ones. */
  recovered(): void {
    this.recovering = this.waiting.some(({ baseSequence }) => baseSequence >= 0)
  }

  /** Nothing filling, waiting or in flight. */
  get idle(): boolean {
    return this.#builder === undefined && this.waiting.length === 0 && this.inFlight.size === 0
  }
}
