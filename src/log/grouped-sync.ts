/**
 * Groups syncs: all who ask within one turn of the event loop, on whatever connection, wait for one, which
 * runs on the thread pool so that the loop stays free. Who asks while one runs waits for the next, because
 * what it wrote may have come too late.
 */
import type { Timers } from '../env/env.ts'

export class GroupedSync {
  readonly #timers: Timers
  readonly #sync: () => Promise<void>
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(timers: Timers, sync: () => Promise<void>) {
    this.#timers = timers
    this.#sync = sync
  }

  /** Nobody waits. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#next === undefined
  }

  /** Settles as the next sync that begins. */
  later(): Promise<void> {
    this.#next ??= this.#after(this.#running)
    return this.#next
  }

  #after(before: Promise<void> | undefined): Promise<void> {
    const turn = new Promise<void>((resolve) => this.#timers.soon(resolve))
    const next = Promise.all([before?.catch(() => {}), turn]).then(async () => {
      this.#running = next
      this.#next = undefined
      try {
        await this.#sync()
      } finally {
        if (this.#running === next) this.#running = undefined
      }
    })
    return next
  }
}
