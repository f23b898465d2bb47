/** The loop of every reading command: poll, filter, print, and know when to stop. */
import type { Consumer } from '../../client/consumer.ts'
import { type Fetched, FetchedRecords } from '../../client/fetched-records.ts'
import type { Output } from '../output.ts'
import type { Filter } from './grep.ts'
import type { Printer } from './printer.ts'
import { Unprintable } from './unpack.ts'

export interface LoopOptions {
  readonly printer: Printer
  readonly out: Output
  readonly filter?: Filter | undefined
  /** Stops after so many printed records; 0 for no limit. */
  readonly countMax: number
  /** A partition stops before the first record as late as this. */
  readonly stopTimeMs?: number | undefined
  /** A partition stops before this offset. */
  readonly stopOffset?: ((topic: string, partition: number) => number | undefined) | undefined
  /** Waited for before what was fetched is printed: what the printer will need. */
  readonly prepare?: ((fetched: Fetched) => Promise<void>) | undefined
  /** Write after each record, not when the fetched ones are through. */
  readonly unbuffered?: boolean | undefined
  readonly checkCrcs?: boolean | undefined
  /** A partition has been read to its end, and had not before. True ends the reading of it. */
  readonly onEnd?: ((fetched: Fetched) => boolean) | undefined
  /** A partition reached the stop time. */
  readonly onStopTime?: ((fetched: Fetched, offset: number) => void) | undefined
  /** A record cannot be shown; thrown on when there is nobody to hear it. */
  readonly onUnprintable?: ((error: Error, fetched: Fetched, offset: number) => void) | undefined
}

/** How long a poll waits: signals end it at once. */
const pollMs = 1_000

export class ReadLoop {
  readonly #consumer: Consumer
  readonly #options: LoopOptions
  readonly #ends = new Map<string, number>()
  #printed = 0
  stopped = false

  constructor(consumer: Consumer, options: LoopOptions) {
    this.#consumer = consumer
    this.#options = options
  }

  /** Records printed. */
  get printed(): number {
    return this.#printed
  }

  stop(): void {
    this.stopped = true
    this.#consumer.interrupt()
  }

  /** Until `stop`, the count, or `onEnd` and its like call `stop`. */
  async run(): Promise<void> {
    while (!this.stopped) {
      const fetched = await this.#consumer.poll(pollMs)
      if (fetched === undefined || this.stopped) continue
      await this.#options.prepare?.(fetched)
      const finished = this.#print(fetched)
      this.#options.out.flush()
      if (finished) this.#consumer.unassign(fetched.topic, fetched.partition)
      else this.#atEnd(fetched)
    }
  }

  /** True when the partition is through. */
  #print(fetched: Fetched): boolean {
    const { filter, countMax, stopTimeMs, out, unbuffered } = this.#options
    const { topic, partition } = fetched
    const stopOffset = this.#options.stopOffset?.(topic, partition) ?? Infinity
    const records = new FetchedRecords(fetched, this.#options.checkCrcs ?? true)
    while (records.next()) {
      if (
        records.offset >= stopOffset ||
        (stopTimeMs !== undefined && records.timestampMs >= stopTimeMs)
      ) {
        this.#consumer.consumed(topic, partition, records.offset)
        this.#options.onStopTime?.(fetched, records.offset)
        return true
      }
      if (filter && !filter(records)) continue
      this.#printOne(fetched, records)
      if (unbuffered) out.flush()
      if (++this.#printed === countMax) {
        this.#consumer.consumed(topic, partition, records.offset + 1)
        this.stopped = true
        return false
      }
    }
    return false
  }

  #printOne(fetched: Fetched, records: FetchedRecords): void {
    try {
      this.#options.printer(this.#options.out, fetched, records)
    } catch (error) {
      if (!(error instanceof Unprintable) || !this.#options.onUnprintable) throw error
      this.#options.onUnprintable(error, fetched, records.offset)
    }
  }

  #atEnd(fetched: Fetched): void {
    if (!fetched.atEnd || this.stopped) return
    const { topic, partition, nextOffset } = fetched
    const key = `${topic}/${partition}`
    if (this.#ends.get(key) === nextOffset) return
    this.#ends.set(key, nextOffset)
    if (this.#options.onEnd?.(fetched)) this.#consumer.unassign(topic, partition)
  }
}
