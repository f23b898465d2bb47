/**
 * Things in the order in which they were added, each with its neighbours in itself. A `Set` takes at least twice as much for
 * each of many thousands, and moves all of them when it grows.
 */

/** To be changed by the list alone: something is in one at a time. */
export interface Linked<T> {
  previous: T | undefined
  next: T | undefined
}

export class LinkedList<T extends Linked<T>> {
  #first: T | undefined
  #last: T | undefined
  #size = 0

  get first(): T | undefined {
    return this.#first
  }

  get size(): number {
    return this.#size
  }

  /** Behind all others. It must not be there already. */
  add(item: T): void {
    item.previous = this.#last
    if (this.#last === undefined) this.#first = item
    else this.#last.next = item
    this.#last = item
    this.#size++
  }

  /** False when it is not there. */
  remove(item: T): boolean {
    const { previous, next } = item
    if (previous === undefined && item !== this.#first) return false
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    item.previous = undefined
    item.next = undefined
    this.#size--
    return true
  }
}
