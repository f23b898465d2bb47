/**
 * Keeps long work in the background from holding up the loop, or the disk. While clients use the logs it works a part of
 * the time only: what they wait for then is less the end of a slice than a core, for which both sides of a connection,
 * the thread pool and the kernel's writing compete with it.
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
  /** The part of the time to work in while others have asked for something lately, above 0 and up to 1. */
  readonly shareBesideOthers: number
}

/** Others count as there for so long after the last that they asked for. */
const othersStayMs = 20
/** The shortest pause that a timer makes. */
const timerMs = 1

export class Pace {
  readonly #env: Env
  /** Counts what others have asked for. */
  readonly #others: () => number
  #limits: PaceLimits
  #sliceStartMs: number
  #windowStartMs: number
  #windowBytes = 0
  #othersSeen: number
  #othersUntilMs = 0
  /** How long to pause for what was worked; below 0 where the last pause was too long. */
  #owedMs = 0
  #isAborted = false

  constructor(env: Env, limits: PaceLimits, others: () => number = () => 0) {
    this.#env = env
    this.#limits = limits
    this.#others = others
    this.#othersSeen = others()
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
    const { timers, clock } = this.#env
    const fromMs = clock.monotonicMs()
    this.#owe(fromMs)
    const owedMs = this.#owedMs < timerMs ? 0 : this.#owedMs
    const pauseMs = Math.max(this.#aheadMs(), owedMs)
    await new Promise<void>((resolve) =>
      pauseMs > 0 ? timers.after(pauseMs, resolve) : timers.soon(resolve),
    )
    if (this.#isAborted) throw new AbortedError('Stopped')
    this.#sliceStartMs = clock.monotonicMs()
    this.#owedMs = Math.max(this.#owedMs - (this.#sliceStartMs - fromMs), -timerMs)
  }

  /** Waits for something that does not need the loop: that is no work, and no pause. */
  async wait<T>(elsewhere: Promise<T>): Promise<T> {
    const { clock } = this.#env
    const workedMs = clock.monotonicMs() - this.#sliceStartMs
    try {
      return await elsewhere
    } finally {
      this.#sliceStartMs = clock.monotonicMs() - workedMs
    }
  }

  abort(): void {
    this.#isAborted = true
  }

  #owe(nowMs: number): void {
    const others = this.#others()
    if (others !== this.#othersSeen) this.#othersUntilMs = nowMs + othersStayMs
    this.#othersSeen = others
    if (nowMs >= this.#othersUntilMs) this.#owedMs = 0
    else this.#owedMs += (nowMs - this.#sliceStartMs) * (1 / this.#limits.shareBesideOthers - 1)
  }

  #aheadMs(): number {
    const { bytesPerSecondMax } = this.#limits
    if (bytesPerSecondMax === Infinity) return 0
    const passedMs = this.#env.clock.monotonicMs() - this.#windowStartMs
    return (this.#windowBytes / bytesPerSecondMax) * 1000 - passedMs
  }
}
