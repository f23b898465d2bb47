import type { Limit } from '../core/limit.ts'

/** The memory that indexes take, bounded over all logs: those loaded longest ago are dropped first. */
export interface Droppable {
  /** Frees the memory and calls `remove`. False when that is not possible now. */
  drop(): boolean
}

export class IndexBudget {
  readonly #bytesMax: number
  readonly #loaded = new Set<Droppable>()
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

  /** Counts `bytes` for an index that was loaded, and drops others where that is too much. One that grows is removed first. */
  keep(index: Droppable, bytes: number): void {
    for (const other of this.#loaded) {
      if (this.#bytes + bytes <= this.#bytesMax) break
      if (other.drop()) this.#dropped++
    }
    this.#loaded.add(index)
    this.#bytes += bytes
  }

  /** `bytes` are those that it was kept with. */
  remove(index: Droppable, bytes: number): void {
    if (this.#loaded.delete(index)) this.#bytes -= bytes
  }
}
