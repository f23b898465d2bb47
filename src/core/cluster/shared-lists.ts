/**
 * Lists of broker ids, each kept once: thousands of partitions have the same few, and most of what a partition takes
 * would be lists else. What is shared is frozen.
 */

/** Permutations of many brokers are many: beyond so many the lists so far are shared no further. */
const listsMax = 10_000

export class SharedLists {
  readonly #lists = new Map<string, number[]>()

  of(ids: readonly number[]): number[] {
    const key = ids.join()
    const known = this.#lists.get(key)
    if (known !== undefined) return known
    if (this.#lists.size >= listsMax) this.#lists.clear()
    const list = Object.freeze([...ids]) as number[]
    this.#lists.set(key, list)
    return list
  }
}
