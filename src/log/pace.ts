/** Keeps long work in the background from holding up the loop, or the disk. */
import type { Env } from '../env/env.ts'

/** The work was given up from outside: it begins again another time. */
export class AbortedError extends Error {
  override name = 'AbortedError'
}

export interface PaceLimits {
  /** Work this long, then let others run. */
  readonly sliceMs: number
  /** Bytes read and written; Infinity for no limit. */
  readonly bytesPerSecondMax: number
}

export class Pace {
  readonly #env: Env
  #limits: PaceLimits
  #sliceStartMs: number
  #windowStartMs: number
  #windowBytes = 0
  #isAborted = false

  constructor(env: Env, limits: PaceLimits) {
    this.#env = env
    this.#limits = limits
    this.#sliceStartMs = env.clock.monotonicMs()
    this.#windowStartMs = this.#sliceStartMs
  }

  /** Other limits from now on. What was spent before does not count for them. */
  update(limits: PaceLimits): void {
    if (limits.bytesPerSecondMax !== this.#limits.bytesPerSecondMax) {
      this.#windowStartMs = this.#env.clock.monotonicMs()
      this.#windowBytes = 0
    }
    this.#limits = limits
  }

  spent(bytes: number): void {
    this.#windowBytes += bytes
  }

  /** Whether it is time to `rest`. */
  get isDue(): boolean {
    return (
      this.#isAborted ||
      this.#env.clock.monotonicMs() - this.#sliceStartMs >= this.#limits.sliceMs ||
      this.#aheadMs() > 0
    )
  }

  /** Lets others run, and waits when it was faster than it may. Throws AbortedError after `abort`. */
  async rest(): Promise<void> {
    const aheadMs = this.#aheadMs()
    const { timers, clock } = this.#env
    await new Promise<void>((resolve) =>
      aheadMs > 0 ? timers.after(aheadMs, resolve) : timers.soon(resolve),
    )
    if (this.#isAborted) throw new AbortedError('Stopped')
    this.#sliceStartMs = clock.monotonicMs()
  }

  abort(): void {
    this.#isAborted = true
  }

  #aheadMs(): number {
    const { bytesPerSecondMax } = this.#limits
    if (bytesPerSecondMax === Infinity) return 0
    const passedMs = this.#env.clock.monotonicMs() - this.#windowStartMs
    return (this.#windowBytes / bytesPerSecondMax) * 1000 - passedMs
  }
}
