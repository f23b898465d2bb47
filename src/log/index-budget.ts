import type { Limit } from '../core/limit.ts'
import { type Linked, LinkedList } from './linked-list.ts'

/** The memory that indexes take, bounded over all logs: those loaded longest ago are dropped first. */
export interface Droppable extends Linked<Droppable> {
  /** Frees the memory and calls `remove`. False when that is not possible now. */
  drop(): boolean
}

export class IndexBudget {
  readonly #bytesMax: number
  /** The one that was loaded longest ago first. */
  readonly #loaded = new LinkedList<Droppable>()
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
    let other = this.#loaded.first
    while (other !== undefined && this.#bytes + bytes > this.#bytesMax) {
      const { next } = other
      if (other.drop()) this.#dropped++
      other = next
    }
    this.#loaded.add(index)
    this.#bytes += bytes
  }

  /** `bytes` are those that it was kept with. */
  remove(index: Droppable, bytes: number): void {
    if (this.#loaded.remove(index)) this.#bytes -= bytes
  }
}
