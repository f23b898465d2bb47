import type { Limit } from '../core/limit.ts'

/**
 * Fetches that wait for records, counted by the partitions that they look at: what they hold grows with those.
 * One for which there is no room is answered at once with what there is, as if its wait were over.
 */
export class ParkedFetches {
  readonly #partitionsMax: number
  #partitions = 0
  #refused = 0

  constructor(partitionsMax = 1_000_000) {
    this.#partitionsMax = partitionsMax
  }

  get partitions(): number {
    return this.#partitions
  }

  get limit(): Limit {
    return { used: this.#partitions, max: this.#partitionsMax, refused: this.#refused }
  }

  park(partitions: number): boolean {
    if (this.#partitions + partitions > this.#partitionsMax) {
      this.#refused++
      return false
    }
    this.#partitions += partitions
    return true
  }

  leave(partitions: number): void {
    this.#partitions -= partitions
  }
}
