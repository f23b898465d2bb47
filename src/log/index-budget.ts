import type { Limit } from '../core/limit.ts'

/** The memory that indexes take, bounded over all logs: those loaded longest ago are dropped first. */
export interface Droppable {
  /** Frees the memory and calls `remove`. False when that is not possible now. */
  drop(): boolean
}

export class IndexBudget {
  readonly #bytesMax: number
  readonly #loaded = new Map<Droppable, number>()
  #bytes = 0
  /** Indexes that were dropped to make room. */
  #dropped = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get limit(): Limit {
    return { used: this.#bytes, max: this.#bytesMax, refused: this.#dropped }
  }

  /** Counts `bytes` for an index that was loaded or has grown, and drops others where that is too much. */
  keep(index: Droppable, bytes: number): void {
    this.remove(index)
    for (const other of this.#loaded.keys()) {
      if (this.#bytes + bytes <= this.#bytesMax) break
      if (other.drop()) this.#dropped++
    }
    this.#loaded.set(index, bytes)
    this.#bytes += bytes
  }

  remove(index: Droppable): void {
    this.#bytes -= this.#loaded.get(index) ?? 0
    this.#loaded.delete(index)
  }
}
