/**
 * Which leader epoch wrote which offsets of a partition (KIP-101): a list of epochs and the offset at
 * which each began. Replicas find with it where their logs part.
 */
export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

const none: readonly EpochEntry[] = []
/** Of the logs in which nothing was written before their first leader: thousands are made, and begin alike. */
const firstOnly: readonly EpochEntry[] = [{ epoch: 0, startOffset: 0 }]

export class LeaderEpochs {
  /** Invariant: both numbers ascend strictly. */
  #entries: readonly EpochEntry[]

  constructor(entries: readonly EpochEntry[] = none) {
    this.#entries = entries.length === 0 ? none : entries
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  /** -1 when nothing was written. */
  get latest(): number {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  /**
   * Notes that `epoch` begins at `startOffset`. Entries that this makes impossible are dropped: those
   * of the same or a later epoch, and those that begin at the offset or behind. False when nothing changes.
   */
  assign(epoch: number, startOffset: number): boolean {
    const last = this.#entries.at(-1)
    if (last && last.epoch === epoch && startOffset >= last.startOffset) return false
    const kept = this.#entries.filter(
      (entry) => entry.epoch < epoch && entry.startOffset < startOffset,
    )
    const isFirst = kept.length === 0 && epoch === 0 && startOffset === 0
    // Of the length that it has: a list that was spread keeps room for more, in each of thousands of logs.
    this.#entries = isFirst ? firstOnly : kept.concat({ epoch, startOffset })
    return true
  }

  /** Forgets what is at `endOffset` or behind, after a truncation. False when nothing changes. */
  truncateFromEnd(endOffset: number): boolean {
    const kept = this.#entries.filter(({ startOffset }) => startOffset < endOffset)
    const changed = kept.length < this.#entries.length
    this.#entries = kept
    return changed
  }

  /** Forgets what is before the log's start; the epoch at the start begins there from now on. */
  truncateFromStart(startOffset: number): boolean {
    const before = this.#entries.filter((entry) => entry.startOffset <= startOffset)
    const first = before.at(-1)
    if (first === undefined || (before.length === 1 && first.startOffset === startOffset))
      return false
    this.#entries = [{ epoch: first.epoch, startOffset }, ...this.#entries.slice(before.length)]
    return true
  }

  /**
   * The largest epoch that is not above `epoch`, and the offset where it ends: the start of the next, or
   * `logEndOffset` for the latest. `undefined` when that cannot be known.
   */
  endOffsetFor(
    epoch: number,
    logEndOffset: number,
  ): { readonly epoch: number; readonly endOffset: number } | undefined {
    const entries = this.#entries
    const last = entries.at(-1)
    if (epoch < 0 || last === undefined || epoch > last.epoch) return undefined
    if (epoch === last.epoch) return { epoch, endOffset: logEndOffset }
    const higher = entries.findIndex((entry) => entry.epoch > epoch)
    const endOffset = entries[higher]!.startOffset
    return { epoch: entries[higher - 1]?.epoch ?? epoch, endOffset }
  }

  /** The epoch that wrote `offset`; `undefined` before the first. */
  epochAt(offset: number): number | undefined {
    return this.#entries.findLast(({ startOffset }) => startOffset <= offset)?.epoch
  }

  /** The next smaller epoch; -1 when there is none. */
  previousOf(epoch: number): number {
    return this.#entries.findLast((entry) => entry.epoch < epoch)?.epoch ?? -1
  }
}
