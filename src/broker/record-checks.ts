/** Where clients' records are looked at: in this turn of the event loop as far as there is time, else on a thread. */
import { ErrorCode } from '../../protocol/errors.ts'
import type { Limit } from '../core/limit.ts'
import type { Env, Thread } from '../env/env.ts'
import type { Refusal } from '../log/append-outcome.ts'
import { CheckBudget } from '../log/check-budget.ts'
import { type CheckedBatch, checkRecords, type RecordCheck } from '../log/check-records.ts'

/** A file beside this one, when it is bundled as when it is not. */
const threadModule = import.meta.url.endsWith('.ts')
  ? new URL('../log/check-records-thread.ts', import.meta.url)
  : new URL('./check-records-thread.mjs', import.meta.url)

export class RecordChecks {
  readonly budget: CheckBudget
  readonly #env: Env
  readonly #thread: Thread | undefined
  /** Of batches that wait for the thread. */
  bytes = 0

  readonly #bytesMax: number
  #refused = 0

  /** @param bytesMax that may wait for the thread */
  constructor(env: Env, bytesMax: number) {
    this.#env = env
    this.#bytesMax = bytesMax
    this.budget = new CheckBudget(env.timers)
    this.#thread = env.threads?.open(threadModule)
  }

  get limit(): Limit {
    return { used: this.bytes, max: this.#bytesMax, refused: this.#refused }
  }

  /** Copies the batch, and looks at it when those before it are done. */
  async later(check: RecordCheck): Promise<CheckedBatch | Refusal> {
    const size = check.batch.length
    if (this.bytes > 0 && this.bytes + size > this.#bytesMax) {
      this.#refused++
      return tooMany(this.bytes)
    }
    const batch = Buffer.from(new Uint8Array(check.batch).buffer)
    this.bytes += size
    try {
      const checked = await this.#onThread({ ...check, batch })
      if (!('bytes' in checked)) return checked
      const { buffer, byteOffset, length } = checked.bytes
      return { ...checked, bytes: Buffer.from(buffer, byteOffset, length) }
    } catch (error) {
      const errorMessage = `The records could not be looked at: ${(error as Error).message}`
      this.#env.log.error('Records could not be looked at', {
        partition: check.partition,
        reason: (error as Error).message,
      })
      return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage }
    } finally {
      this.bytes -= size
    }
  }

  #onThread(check: RecordCheck): Promise<CheckedBatch | Refusal> {
    if (this.#thread !== undefined) {
      const asked = this.#thread.ask(check, [check.batch.buffer as ArrayBuffer])
      return asked as Promise<CheckedBatch | Refusal>
    }
    return new Promise((resolve, reject) =>
      this.#env.timers.soon(() => {
        try {
          resolve(checkRecords(check))
        } catch (error) {
          reject(error)
        }
      }),
    )
  }

  close(): void {
    this.#thread?.close()
  }
}

/** Clients try again after it. */
function tooMany(bytes: number): Refusal {
  const errorMessage = `${bytes} bytes of batches wait for a look at their records; try again later`
  return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage }
}
