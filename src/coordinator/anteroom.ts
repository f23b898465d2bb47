/**
 * Connections that have not said anything of use yet, or not lately: each has its time, and the oldest goes when
 * there are too many. Those that carry a session are not counted, so that strangers never lock brokers out.
 */
import type { Limit } from '../core/limit.ts'
import type { Env, Timer } from '../env/env.ts'

const guestsMax = 500
const stayMaxMs = 10_000

export interface Door<T> {
  /** It need not wait any more: it is let in, or gone. */
  settled(guest: T): boolean
  /** Monotonic: when it last said something that earns it more time. */
  lastAskedMs(guest: T): number
  dismiss(guest: T): void
}

export class Anteroom<T> {
  readonly #env: Env
  readonly #door: Door<T>
  /** The oldest first. */
  readonly #guests = new Map<T, Timer>()
  #crowdedOut = 0
  /** Who said nothing of use in its time. */
  timedOut = 0

  constructor(env: Env, door: Door<T>) {
    this.#env = env
    this.#door = door
  }

  get limit(): Limit {
    return { used: this.#guests.size, max: guestsMax, refused: this.#crowdedOut }
  }

  enter(guest: T): void {
    for (const other of this.#guests.keys()) if (this.#door.settled(other)) this.#leave(other)
    const [oldest] = this.#guests.keys()
    if (this.#guests.size >= guestsMax) {
      this.#crowdedOut++
      this.#dismiss(oldest as T)
    }
    this.#wait(guest, stayMaxMs)
  }

  close(): void {
    for (const guest of this.#guests.keys()) this.#leave(guest)
  }

  #wait(guest: T, forMs: number): void {
    const timer = this.#env.timers.after(forMs, () => {
      const asked = this.#door.lastAskedMs(guest)
      const restMs = asked + stayMaxMs - this.#env.clock.monotonicMs()
      if (this.#door.settled(guest)) this.#leave(guest)
      else if (restMs > 0) this.#wait(guest, restMs)
      else {
        this.timedOut++
        this.#dismiss(guest)
      }
    })
    this.#guests.set(guest, timer)
  }

  #leave(guest: T): void {
    this.#guests.get(guest)?.cancel()
    this.#guests.delete(guest)
  }

  #dismiss(guest: T): void {
    this.#leave(guest)
    this.#door.dismiss(guest)
  }
}
