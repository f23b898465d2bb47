/**
 * The producers of one partition, and the transactions that hold readers back.
 *
 * A transaction is *open* from its first batch to its marker. After the marker it still counts until the
 * marker is below the high watermark, because only then is its end certain. The first offset of all
 * of those bounds what a read_committed consumer sees.
 */
import { LimitOfEach } from '../limit.ts'
import {
  emptyEntry,
  type ProducerAppend,
  type ProducerEntry,
  type ProducerMarker,
  withBatch,
  withEarlier,
  withMarker,
} from './producer-entry.ts'

/** Many more than write to a partition in the day after which they are forgotten anyway. */
export const producersMax = 20_000

export interface CompletedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** The offset of the marker. */
  readonly lastOffset: number
  readonly aborted: boolean
}

interface Transaction {
  readonly producerId: number
  readonly firstOffset: number
  /** The offset of the marker; -1 while the transaction is open. */
  lastOffset: number
}

export class ProducerStates {
  readonly #limit: LimitOfEach
  readonly #entries = new Map<number, ProducerEntry>()
  /** By first offset. Invariant: in ascending order, because transactions begin in the order of the log. */
  readonly #transactions = new Map<number, Transaction>()

  constructor(limit = new LimitOfEach(producersMax)) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  entry(producerId: number): ProducerEntry | undefined {
    return this.#entries.get(producerId)
  }

  entries(): Iterable<ProducerEntry> {
    return this.#entries.values()
  }

  /** Takes over entries from a snapshot. */
  load(entries: Iterable<ProducerEntry>): void {
    this.clear()
    for (const entry of entries) this.#entries.set(entry.producerId, entry)
    const open = [...this.#entries.values()].filter((entry) => entry.transactionFirstOffset >= 0)
    open.sort((a, b) => a.transactionFirstOffset - b.transactionFirstOffset)
    for (const { producerId, transactionFirstOffset: firstOffset } of open)
      this.#transactions.set(firstOffset, { producerId, firstOffset, lastOffset: -1 })
  }

  /** Batches that a snapshot leaves out, in the order of the log: each may still be sent again. */
  rememberEarlier(appends: readonly ProducerAppend[]): void {
    const byProducer = new Map<number, ProducerAppend[]>()
    for (const append of appends) {
      const of = byProducer.get(append.producerId)
      if (of) of.push(append)
      else byProducer.set(append.producerId, [append])
    }
    for (const [producerId, earlier] of byProducer) {
      const entry = this.#entries.get(producerId)
      if (entry !== undefined) this.#entries.set(producerId, withEarlier(entry, earlier))
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#transactions.clear()
  }

  /** Takes an append without checks: they were made, or the batch comes from a leader. */
  append(append: ProducerAppend): void {
    const { producerId } = append
    const before = this.#entries.get(producerId) ?? emptyEntry(producerId)
    const after = withBatch(before, append)
    if (before.transactionFirstOffset < 0 && after.transactionFirstOffset >= 0) {
      const firstOffset = after.transactionFirstOffset
      this.#transactions.set(firstOffset, { producerId, firstOffset, lastOffset: -1 })
    }
    this.#entries.set(producerId, after)
    if (this.#entries.size > this.#limit.max) this.#forgetSome(producerId)
    this.#limit.took(this.#entries.size)
  }

  /** A tenth at one time: looking for those that were seen longest ago takes some milliseconds. */
  #forgetSome(butId: number): void {
    const idle = [...this.#entries.values()].filter(
      ({ producerId, transactionFirstOffset }) =>
        transactionFirstOffset < 0 && producerId !== butId,
    )
    idle.sort((a, b) => a.lastTimestamp - b.lastTimestamp)
    for (const { producerId } of idle.slice(0, Math.ceil(this.#limit.max / 10))) {
      this.#entries.delete(producerId)
      this.#limit.refused++
    }
  }

  /** Ends the transaction of the marker's producer; `undefined` when it had none open. */
  complete(marker: ProducerMarker): CompletedTransaction | undefined {
    const { producerId } = marker
    const before = this.#entries.get(producerId) ?? emptyEntry(producerId)
    this.#entries.set(producerId, withMarker(before, marker))
    const firstOffset = before.transactionFirstOffset
    if (firstOffset < 0) return undefined
    const transaction = this.#transactions.get(firstOffset)
    if (transaction) transaction.lastOffset = marker.offset
    return { producerId, firstOffset, lastOffset: marker.offset, aborted: !marker.commit }
  }

  /**
   * Puts back what an append replaced: `before` is the entry as it was, `undefined` when there was none.
   * To be called for the latest append first.
   */
  restore(producerId: number, before: ProducerEntry | undefined): void {
    const now = this.#entries.get(producerId)
    const opened = now?.transactionFirstOffset ?? -1
    const open = before?.transactionFirstOffset ?? -1
    if (opened >= 0 && open < 0) this.#transactions.delete(opened)
    if (opened < 0 && open >= 0) {
      const transaction = this.#transactions.get(open)
      if (transaction) transaction.lastOffset = -1
    }
    if (before === undefined) this.#entries.delete(producerId)
    else this.#entries.set(producerId, before)
  }

  /**
   * The last stable offset at the time when a transaction ends, as its entry in the transaction index
   * has it: the first offset of another open one, or the offset after the marker.
   */
  stableOffsetAfter(completed: CompletedTransaction): number {
    for (const { producerId, firstOffset, lastOffset } of this.#transactions.values())
      if (lastOffset < 0 && producerId !== completed.producerId) return firstOffset
    return completed.lastOffset + 1
  }

  /** The first offset whose fate is not certain; `undefined` when there is none. */
  firstUnstableOffset(): number | undefined {
    for (const firstOffset of this.#transactions.keys()) return firstOffset
    return undefined
  }

  /** Forgets ended transactions whose markers are below the high watermark. */
  highWatermarkReached(highWatermark: number): void {
    for (const { firstOffset, lastOffset } of this.#transactions.values())
      if (lastOffset >= 0 && lastOffset < highWatermark) this.#transactions.delete(firstOffset)
  }

  /** Forgets producers that were not seen for `expirationMs`, except in an open transaction (I-8). */
  expire(nowMs: number, expirationMs: number): void {
    for (const { producerId, transactionFirstOffset, lastTimestamp } of this.#entries.values())
      if (transactionFirstOffset < 0 && nowMs - lastTimestamp >= expirationMs)
        this.#entries.delete(producerId)
  }
}
