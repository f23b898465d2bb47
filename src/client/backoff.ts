import type { Env } from '../env/env.ts'
import { isRetriable, localError } from './kafka-error.ts'

export const sleep = (env: Env, delayMs: number): Promise<void> =>
  new Promise((resolve) => void env.timers.after(delayMs, resolve))

/** Doubles from `firstMs` to `lastMs`, a fifth more or less at random so that clients do not march in step. */
export function backoffMs(env: Env, attempt: number, firstMs: number, lastMs: number): number {
  const base = Math.min(lastMs, firstMs * 2 ** Math.min(attempt, 20))
  return base * (0.8 + 0.4 * env.random.float())
}

export interface RetryOptions {
  readonly timeoutMs: number
  readonly firstMs: number
  readonly lastMs: number
  /** Runs before the next attempt: refresh metadata, forget a coordinator. */
  readonly between?: ((error: unknown) => void | Promise<void>) | undefined
}

/** Runs until it succeeds, fails for good, or the time is over: then with the last error. */
export async function retrying<T>(
  env: Env,
  options: RetryOptions,
  run: (attempt: number) => Promise<T>,
): Promise<T> {
  const deadline = env.clock.monotonicMs() + options.timeoutMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await run(attempt)
    } catch (error) {
      const delay = backoffMs(env, attempt, options.firstMs, options.lastMs)
      if (!isRetriable(error) || env.clock.monotonicMs() + delay > deadline) throw error
      await options.between?.(error)
      await sleep(env, delay)
    }
  }
}

/** Rejects with TIMED_OUT when `promise` takes longer. */
export function within<T>(
  env: Env,
  timeoutMs: number,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = env.timers.after(timeoutMs, () =>
      reject(localError('TIMED_OUT', `${what} took longer than ${timeoutMs} ms`)),
    )
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}
