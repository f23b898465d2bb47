/**
 * Syncs logs that were made. Nobody waits for it: what the power takes before is a log without the id of its topic, which
 * might be another's of the same name.
 */
import type { Env, Timer } from '../env/env.ts'
import type { Log } from './log.ts'

/** How many times as long as it took to sync one no other is: thousands of new ones leave the disk to those in use. */
const pausePerSync = 9

export class NewLogs {
  readonly #env: Env
  /** The oldest first. */
  readonly #unsynced: Log[] = []
  #pause: Timer | undefined
  #isClosed = false

  constructor(env: Env) {
    this.#env = env
  }

  add(log: Log): void {
    this.#unsynced.push(log)
    if (this.#unsynced.length === 1) void this.#sync()
  }

  async #sync(): Promise<void> {
    const { clock, timers } = this.#env
    for (let log = this.#unsynced[0]; log !== undefined; log = this.#unsynced[0]) {
      const startMs = clock.monotonicMs()
      // Its directory goes offline when that fails, and a log that was closed or deleted is nobody's.
      if (log.state === 'open') await log.flush().catch(() => {})
      this.#unsynced.shift()
      if (this.#isClosed) return
      const pauseMs = (clock.monotonicMs() - startMs) * pausePerSync
      if (this.#unsynced.length > 0)
        await new Promise<void>((resolve) => {
          this.#pause = timers.after(pauseMs, resolve)
        })
    }
  }

  /** Whoever closes the logs syncs what is left. */
  close(): void {
    this.#isClosed = true
    this.#pause?.cancel()
  }
}
