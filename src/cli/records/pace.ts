/** Not more than so many a second, evenly. */
export class Pace {
  readonly #intervalMs: number
  #nextMs: number | undefined

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond
  }

  /** Resolves when the next one is due. */
  async wait(): Promise<void> {
    const nowMs = performance.now()
    const dueMs = this.#nextMs ?? nowMs
    this.#nextMs = Math.max(dueMs, nowMs - 100) + this.#intervalMs
    // A timer is not finer than a millisecond: sleep when it is worth it.
    if (dueMs - nowMs > 2) await new Promise((resolve) => setTimeout(resolve, dueMs - nowMs))
  }
}
