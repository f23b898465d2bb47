/**
 * A broker's side of its lease: may it answer for the partitions that it leads?
 *
 * It counts from when it sent the heartbeat, the coordinator from when that arrived, so no delay of
 * either message makes the broker's lease the longer one. A suspended machine stops its monotonic
 * clock, so time is the larger of what both clocks say: a wall clock that jumps forward can only
 * end a lease early.
 */
import type { Clock } from '../../env/env.ts'

/** What a timer may be late by, on top of the clocks' drift. */
const timerSlackMs = 5

export class Lease {
  readonly #clock: Clock
  #sentMonotonicMs = 0
  #sentWallMs = 0
  /** From the send time; 0 when there is none. */
  #durationMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be asked after the effect and right before an answer leaves. */
  valid(): boolean {
    return this.remainingMs() > 0
  }

  remainingMs(): number {
    if (this.#durationMs === 0) return 0
    if (this.#durationMs === Infinity) return Infinity
    const { monotonicMs, wallMs } = this.mark()
    const elapsed = Math.max(monotonicMs - this.#sentMonotonicMs, wallMs - this.#sentWallMs)
    return Math.max(0, this.#durationMs - elapsed)
  }

  /** The time to keep with a heartbeat that is sent now. */
  mark(): LeaseMark {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() }
  }

  /** `leaseMs` was granted for the heartbeat sent at `sent`; Infinity while in the coordinator's process. */
  extend(sent: LeaseMark, leaseMs: number, rhoPpm: number): void {
    const durationMs = leaseMs * (1 - (2 * rhoPpm) / 1e6) - timerSlackMs
    const until = sent.monotonicMs + durationMs
    if (until <= this.#sentMonotonicMs + this.#durationMs && this.#durationMs > 0) return
    this.#sentMonotonicMs = sent.monotonicMs
    this.#sentWallMs = sent.wallMs
    this.#durationMs = Math.max(0, durationMs)
  }

  drop(): void {
    this.#durationMs = 0
  }
}

export interface LeaseMark {
  readonly monotonicMs: number
  readonly wallMs: number
}
