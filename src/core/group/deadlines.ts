/**
 * Things that are due at a time, each under a key. Setting a key again moves it.
 *
 * A heartbeat moves its member's deadline every few seconds and hardly ever lets it pass, so moving
 * one further away touches the map alone: the heap keeps the old time, and an entry that comes up
 * before its time goes back in.
 */
export class Deadlines<What> {
  readonly #entries = new Map<string, Entry<What>>()
  /** Binary heap by `queuedMs`. Entries no longer in the map are dropped when they come up. */
  readonly #heap: Entry<What>[] = []

  set(key: string, atMs: number, what: What): void {
    const known = this.#entries.get(key)
    if (known && known.queuedMs <= atMs) {
      known.atMs = atMs
      known.what = what
      return
    }
    const entry = { key, atMs, queuedMs: atMs, what }
    this.#entries.set(key, entry)
    this.#push(entry)
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  get(key: string): What | undefined {
    return this.#entries.get(key)?.what
  }

  cancel(key: string): void {
    this.#entries.delete(key)
  }

  /** Infinity when nothing is due. */
  nextMs(): number {
    this.#settle()
    return this.#heap[0]?.atMs ?? Infinity
  }

  /** Takes the next one that is due by `nowMs`. */
  take(nowMs: number): What | undefined {
    if (this.nextMs() > nowMs) return undefined
    const entry = this.#pop()!
    this.#entries.delete(entry.key)
    return entry.what
  }

  get size(): number {
    return this.#entries.size
  }

  /** Leaves an entry on top that is in the map and due at the time it is queued for. */
  #settle(): void {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      const isCurrent = this.#entries.get(top.key) === top
      if (isCurrent && top.queuedMs === top.atMs) return
      this.#pop()
      if (isCurrent) {
        top.queuedMs = top.atMs
        this.#push(top)
      }
    }
  }

  #push(entry: Entry<What>): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.queuedMs <= entry.queuedMs) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Entry<What> | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (!last || last === top) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.queuedMs < heap[child]!.queuedMs) child++
      if (heap[child]!.queuedMs >= last.queuedMs) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return top
  }
}

interface Entry<What> {
  readonly key: string
  atMs: number
  queuedMs: number
  what: What
}
