/**
 * Leader epochs as the batches tell them. The checksum does not cover the epoch of a batch: one that was not
 * checked otherwise is believed when the next batch bears it out, because epochs never go back.
 */
import { leaderEpochOf } from '../../protocol/record-batch.ts'
import { type EpochEntry, LeaderEpochs } from '../core/replication/leader-epochs.ts'
import { BatchScanner } from './batch-scanner.ts'
import type { Segments } from './segments.ts'

export class FoundEpochs {
  readonly #epochs: LeaderEpochs
  readonly #trustedFrom: number
  #doubtful: { readonly epoch: number; readonly offset: number } | undefined

  /** Adds to `epochs`. Batches from `trustedFrom` on were checked. */
  constructor(epochs: LeaderEpochs, trustedFrom: number) {
    this.#epochs = epochs
    this.#trustedFrom = trustedFrom
  }

  get latest(): number {
    return this.#epochs.latest
  }

  /** The batches have to come in their order. */
  next(epoch: number, offset: number): void {
    if (this.#doubtful && epoch >= this.#doubtful.epoch)
      this.#epochs.assign(this.#doubtful.epoch, this.#doubtful.offset)
    this.#doubtful = undefined
    if (epoch <= this.#epochs.latest) return
    if (offset >= this.#trustedFrom) this.#epochs.assign(epoch, offset)
    else this.#doubtful = { epoch, offset }
  }

  finish(endOffset: number): void {
    if (this.#doubtful) this.#epochs.assign(this.#doubtful.epoch, this.#doubtful.offset)
    this.#epochs.truncateFromEnd(endOffset)
  }
}

/** Reads the headers of the whole log. */
export function epochsIn(segments: Segments): readonly EpochEntry[] {
  const epochs = new LeaderEpochs()
  const found = new FoundEpochs(epochs, Infinity)
  for (const segment of segments.list) {
    if (segment.sizeBytes === 0) continue
    const scanner = new BatchScanner(segment.file.get(), 0, segment.sizeBytes, 1024 * 1024)
    while (scanner.next() || (scanner.problem !== undefined && scanner.resync()))
      found.next(leaderEpochOf(scanner.bytes, scanner.at), scanner.baseOffset)
  }
  found.finish(Infinity)
  return epochs.entries
}
