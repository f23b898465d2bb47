/**
 * Batches that have been accepted and not yet written: all that one turn of the event loop brings for a
 * partition becomes one write.
 *
 * Producers and leader epochs are changed when a batch is staged, because the next batch of the same turn
 * is checked against them. Each staged batch remembers what it replaced, so that a write which fails
 * leaves nothing behind.
 */
import type { ProducerEntry } from '../core/producer/producer-entry.ts'
import type { CompletedTransaction, ProducerStates } from '../core/producer/producer-states.ts'
import type { EpochEntry, LeaderEpochs } from '../core/replication/leader-epochs.ts'
import type { BatchExtent } from './segment.ts'

export interface StagedBatch extends BatchExtent {
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly recordCount: number
  /** -1 when the batch has none. */
  readonly producerId: number
  /** The producer as it was before; `undefined` when it was not known. */
  readonly producerBefore: ProducerEntry | undefined
  readonly epochsBefore: readonly EpochEntry[] | undefined
  readonly aborted: (CompletedTransaction & { readonly lastStableOffset: number }) | undefined
}

/** Of all logs in which nothing is staged. */
const nothing: readonly StagedBatch[] = []

export class Staging {
  #batches: StagedBatch[] | undefined
  sizeBytes = 0

  get batches(): readonly StagedBatch[] {
    return this.#batches ?? nothing
  }

  push(batch: StagedBatch): void {
    this.#batches ??= []
    this.#batches.push(batch)
    this.sizeBytes += batch.size
  }

  /** Hands the batches over and begins anew. */
  take(): readonly StagedBatch[] {
    const { batches } = this
    this.#batches = undefined
    this.sizeBytes = 0
    return batches
  }

  /** Takes back the batches from index `from` on, the last one first. */
  undo(
    from: number,
    producers: ProducerStates,
    resetEpochs: (entries: LeaderEpochs['entries']) => void,
  ): void {
    while (this.batches.length > from) {
      const batch = this.#batches!.pop()!
      this.sizeBytes -= batch.size
      if (batch.producerId >= 0) producers.restore(batch.producerId, batch.producerBefore)
      if (batch.epochsBefore) resetEpochs(batch.epochsBefore)
    }
  }
}
