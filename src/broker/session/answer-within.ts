/** An answer of the coordinator, or why there is none. */
import type { Env, Timer } from '../../env/env.ts'
import { LinkClosedError } from './link.ts'
import { CoordinatorError, codes } from './session.ts'

/** Rejects with CoordinatorError: 7 when it is silent for so long or its connection breaks, 41 when it was not asked. */
export async function answerWithin<T>(env: Env, timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: Timer | undefined
  try {
    const timeout = new Promise<never>((_, reject) => {
      timer = env.timers.after(timeoutMs, () => {
        const text = `The coordinator was silent for ${timeoutMs} ms`
        reject(new CoordinatorError(codes.requestTimedOut, text))
      })
    })
    return await Promise.race([answer, timeout])
  } catch (error) {
    // A client that is told 41 takes it that nothing was done.
    if (error instanceof LinkClosedError)
      throw new CoordinatorError(
        error.wasSent ? codes.requestTimedOut : codes.notController,
        error.message,
      )
    throw error
  } finally {
    timer?.cancel()
  }
}
