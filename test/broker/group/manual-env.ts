import type { Env, Timer } from '../../../src/env/env.ts'

/** An Env whose time only moves when told to; files and sockets are not there. */
export class ManualEnv {
  nowMs = 1_000_000
  #timers: { atMs: number; run: () => void }[] = []
  #entropy = 0

  readonly env = {
    clock: { monotonicMs: () => this.nowMs, wallMs: () => 1_700_000_000_000 + this.nowMs },
    timers: {
      after: (delayMs: number, run: () => void): Timer => {
        const timer = { atMs: this.nowMs + delayMs, run }
        this.#timers.push(timer)
        const cancel = () => {
          this.#timers = this.#timers.filter((other) => other !== timer)
        }
        return { cancel }
      },
      soon: (run: () => void) => queueMicrotask(run),
    },
    random: {
      float: () => 0.5,
      bytes: (size: number) => {
        const bytes = Buffer.alloc(size)
        bytes.writeUInt32BE(++this.#entropy)
        return bytes
      },
    },
    log: {
      debug() {},
      info() {},
      warn() {},
      error: (...args: unknown[]) => console.error(...args),
    },
  } as unknown as Env

  /** Runs what is due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      await settle()
      const next = this.#timers
        .filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs)[0]
      if (!next) break
      this.nowMs = Math.max(this.nowMs, next.atMs)
      this.#timers = this.#timers.filter((timer) => timer !== next)
      next.run()
    }
    this.nowMs = endMs
    await settle()
  }
}

/** Lets promises that are settled run on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
