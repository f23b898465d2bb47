/**
 * Which transactions a compaction is within, as it goes through a log from its start (Kafka's
 * CleanedTransactionMetadata). Records of aborted ones are dropped. A marker may go when no batch of its
 * transaction was met: a pass before has removed them.
 */
import {
  isTransactional,
  lastOffsetOf,
  producerIdOf,
  recordCountOf,
} from '../../protocol/record-batch.ts'
import { producerMarkerOf } from './producer-store.ts'
import type { AbortedTransaction } from './transaction-index.ts'

interface Aborted {
  readonly transaction: AbortedTransaction
  hasBatches: boolean
}

export class CompactionTransactions {
  /** Not reached yet, by first offset. */
  #ahead: AbortedTransaction[] = []
  /** By producer. */
  readonly #aborted = new Map<number, Aborted>()
  readonly #committed = new Set<number>()
  /** Told of each aborted transaction that still has batches when its marker is met. */
  onAborted: (transaction: AbortedTransaction) => void = () => {}

  /** Adds what transaction indexes tell about the part that comes next. */
  expect(transactions: readonly AbortedTransaction[]): void {
    const known = new Set(this.#ahead.map(({ lastOffset }) => lastOffset))
    this.#ahead.push(...transactions.filter(({ lastOffset }) => !known.has(lastOffset)))
    this.#ahead.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether this batch of records belongs to an aborted transaction. */
  isAborted(bytes: Buffer, at: number): boolean {
    this.#reach(lastOffsetOf(bytes, at))
    if (!isTransactional(bytes, at)) return false
    const producerId = producerIdOf(bytes, at)
    const aborted = this.#aborted.get(producerId)
    if (aborted) aborted.hasBatches = true
    else this.#committed.add(producerId)
    return aborted !== undefined
  }

  /** Whether nothing of the transaction is left that this control batch ends. */
  isObsolete(bytes: Buffer, at: number): boolean {
    this.#reach(lastOffsetOf(bytes, at))
    if (recordCountOf(bytes, at) === 0) return true
    const marker = producerMarkerOf(bytes, at)
    if (marker === undefined) return false
    const { producerId } = marker
    if (marker.commit) return !this.#committed.delete(producerId)
    const aborted = this.#aborted.get(producerId)
    this.#aborted.delete(producerId)
    if (!aborted?.hasBatches) return true
    this.onAborted(aborted.transaction)
    return false
  }

  #reach(offset: number): void {
    while (this.#ahead[0] !== undefined && this.#ahead[0].firstOffset <= offset) {
      const transaction = this.#ahead.shift()!
      if (!this.#aborted.has(transaction.producerId))
        this.#aborted.set(transaction.producerId, { transaction, hasBatches: false })
    }
  }
}
