/** An Env for logs alone: a lossy disk, a clock and timers that the test moves, chance from a seed. */
import type { Env } from '../../src/env/env.ts'
import type { LossyDisk } from './lossy-disk.ts'

export interface SimulatedEnv extends Env {
  /** Lets this much time pass: timers that are due run, and all that follows from them. */
  pass(ms: number): Promise<void>
  /** The lines of the log, as `LEVEL message`. */
  readonly lines: string[]
}

export function simulatedEnv(disk: LossyDisk, seed = 1): SimulatedEnv {
  let monotonicMs = 0
  let timers: { readonly atMs: number; readonly run: () => void }[] = []
  const float = randomFrom(seed)
  const lines: string[] = []
  const line = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`)
  return {
    clock: { monotonicMs: () => monotonicMs, wallMs: () => disk.wallMs },
    timers: {
      after(delayMs, run) {
        const timer = { atMs: monotonicMs + delayMs, run }
        timers.push(timer)
        return {
          cancel() {
            timers = timers.filter((other) => other !== timer)
          },
        }
      },
      soon: (run) => void setImmediate(run),
    },
    random: {
      float,
      bytes: (size) => Buffer.from(Array.from({ length: size }, () => float() * 256)),
    },
    files: disk.files,
    net: undefined as unknown as Env['net'],
    log: { debug: line('DEBUG'), info: line('INFO'), warn: line('WARN'), error: line('ERROR') },
    lines,
    async pass(ms) {
      monotonicMs += ms
      disk.wallMs += ms
      const due = timers.filter(({ atMs }) => atMs <= monotonicMs)
      timers = timers.filter(({ atMs }) => atMs > monotonicMs)
      for (const { run } of due) run()
      await settled()
    },
  }
}

/** Gives promises and `soon` the turns that they need. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** mulberry32 */
export function randomFrom(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
