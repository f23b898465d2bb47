/** An answer of the coordinator, or why there is none. */
import type { Env, Timer } from '../../env/env.ts'
import { LinkClosedError } from './link.ts'
import { CoordinatorError, codes } from './session.ts'

/** Rejects with CoordinatorError: 7 when it is silent for so long, 41 when the connection breaks. */
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
    if (error instanceof LinkClosedError)
      throw new CoordinatorError(codes.notController, error.message)
    throw error
  } finally {
    timer?.cancel()
  }
}
