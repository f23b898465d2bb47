/**
 * Requests that wait for something to happen to partitions (Kafka's purgatory): a fetch for enough
 * bytes, a produce for its replicas. Nothing polls: whoever changes a partition wakes its list.
 */
import type { Timer, Timers } from '../env/env.ts'

const nobody: ReadonlySet<Waiting> = new Set()

/** The requests that wait for one partition. */
export class WaitList {
  /** Made with the first: for most partitions nobody ever waits. */
  #waiting: Set<Waiting> | undefined

  get size(): number {
    return this.#waiting?.size ?? 0
  }

  [Symbol.iterator](): Iterator<Waiting> {
    return (this.#waiting ?? nobody).values()
  }

  wake(): void {
    if (this.#waiting === undefined || this.#waiting.size === 0) return
    for (const waiting of [...this.#waiting]) waiting.attempt()
  }

  add(waiting: Waiting): void {
    this.#waiting ??= new Set()
    this.#waiting.add(waiting)
  }

  remove(waiting: Waiting): void {
    this.#waiting?.delete(waiting)
  }
}

/** For many partitions at once: who waits for several of them looks once. */
export function wakeAll(lists: Iterable<WaitList>): void {
  const all = new Set<Waiting>()
  for (const list of lists) for (const waiting of list) all.add(waiting)
  for (const waiting of all) waiting.attempt()
}

/** What waits. */
export interface Waiter {
  /** Something has changed: true when there is nothing more to wait for, and then it has been told. */
  tryFinish(): boolean
  /** The time has run out. */
  expire(): void
}

/** One waiting request. It ends once, by `tryFinish` returning true or by its time running out. */
export class Waiting {
  readonly #lists: readonly WaitList[]
  readonly #waiter: Waiter
  readonly #timer: Timer
  #ended = false

  constructor(timers: Timers, lists: readonly WaitList[], waitMs: number, waiter: Waiter) {
    this.#lists = lists
    this.#waiter = waiter
    for (const list of lists) list.add(this)
    this.#timer = timers.after(waitMs, () => {
      if (this.#ended) return
      this.cancel()
      waiter.expire()
    })
  }

  attempt(): void {
    if (!this.#ended && this.#waiter.tryFinish()) this.cancel()
  }

  cancel(): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer.cancel()
    for (const list of this.#lists) list.remove(this)
  }
}
