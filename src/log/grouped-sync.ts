/**
 * Groups syncs: all who ask within one turn of the event loop, on whatever connection, wait for one, which
 * runs on the thread pool so that the loop stays free. Who asks while one runs waits for the next, because
 * what it wrote may have come too late.
 */
import type { Timers } from '../env/env.ts'

export abstract class GroupedSync {
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  protected abstract readonly timers: Timers
  protected abstract sync(): Promise<void>

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
    const turn = new Promise<void>((resolve) => this.timers.soon(resolve))
    const next = Promise.all([before?.catch(() => {}), turn]).then(async () => {
      this.#running = next
      this.#next = undefined
      try {
        await this.sync()
      } finally {
        if (this.#running === next) this.#running = undefined
      }
    })
    return next
  }
}
