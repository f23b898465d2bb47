/**
 * Keeps long work in the background from holding up the loop, or the disk. While clients use the logs it goes at a rate
 * that leaves most of two cores to them: what they wait for then is less the end of a slice than a core, for which both
 * sides of a connection, the thread pool and the kernel's writing compete with it.
 */
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
  /** The same while others have asked for something lately. */
  readonly bytesPerSecondBesideOthersMax: number
}

/** Others count as there for so long after the last that they asked for. */
const othersStayMs = 20
/** Who was held up catches up on no more than this: more would be a burst. */
const behindMsMax = 10

export class Pace {
  readonly #env: Env
  /** Counts what others have asked for. */
  readonly #others: () => number
  #limits: PaceLimits
  #bytesPerSecondMax = Infinity
  #sliceStartMs: number
  #windowStartMs: number
  #windowBytes = 0
  #othersSeen: number
  #othersUntilMs = -Infinity
  #isAborted = false

  constructor(env: Env, limits: PaceLimits, others: () => number = () => 0) {
    this.#env = env
    this.#limits = limits
    this.#others = others
    this.#othersSeen = others()
    this.#sliceStartMs = env.clock.monotonicMs()
    this.#windowStartMs = this.#sliceStartMs
    this.#choose(this.#sliceStartMs)
  }

  /** Other limits from now on. What was spent before does not count for them. */
  update(limits: PaceLimits): void {
    this.#limits = limits
    this.#choose(this.#env.clock.monotonicMs())
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
    const { timers, clock } = this.#env
    this.#choose(clock.monotonicMs())
    const aheadMs = this.#aheadMs()
    if (aheadMs < -behindMsMax) this.#windowStartMs -= aheadMs + behindMsMax
    await new Promise<void>((resolve) =>
      aheadMs > 0 ? timers.after(aheadMs, resolve) : timers.soon(resolve),
    )
    if (this.#isAborted) throw new AbortedError('Stopped')
    this.#sliceStartMs = clock.monotonicMs()
  }

  abort(): void {
    this.#isAborted = true
  }

  /** Which limit holds now. */
  #choose(nowMs: number): void {
    const others = this.#others()
    if (others !== this.#othersSeen) this.#othersUntilMs = nowMs + othersStayMs
    this.#othersSeen = others
    const { bytesPerSecondMax, bytesPerSecondBesideOthersMax } = this.#limits
    const max =
      nowMs < this.#othersUntilMs
        ? Math.min(bytesPerSecondMax, bytesPerSecondBesideOthersMax)
        : bytesPerSecondMax
    if (max === this.#bytesPerSecondMax) return
    this.#bytesPerSecondMax = max
    this.#windowStartMs = nowMs
    this.#windowBytes = 0
  }

  #aheadMs(): number {
    if (this.#bytesPerSecondMax === Infinity) return 0
    const passedMs = this.#env.clock.monotonicMs() - this.#windowStartMs
    return (this.#windowBytes / this.#bytesPerSecondMax) * 1000 - passedMs
  }
}
