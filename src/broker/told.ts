/** What is told one by one whenever somebody scrapes: so many and no more, the first of them. */
import type { Limit } from '../core/limit.ts'

export class Told {
  readonly #max: number
  #used = 0
  /** At most so far. */
  #leftOut = 0

  constructor(max: number) {
    this.#max = max
  }

  /** As it was at the last scrape. */
  get limit(): Limit {
    return { used: this.#used, max: this.#max, refused: this.#leftOut }
  }

  of<T>(all: Iterable<T>): readonly T[] {
    const told: T[] = []
    let leftOut = 0
    for (const one of all)
      if (told.length < this.#max) told.push(one)
      else leftOut++
    this.#used = told.length
    this.#leftOut = Math.max(this.#leftOut, leftOut)
    return told
  }
}
