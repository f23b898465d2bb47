/**
 * How much looking at records one turn of the event loop has time for, over all clients. What passes it is
 * looked at on another thread: 59 kB can unpack to gigabytes, and nobody else would be served meanwhile.
 *
 * Costs are counted in bytes that LZ4, snappy or Zstandard unpack: about a nanosecond each.
 */
import { codecs } from '../../protocol/compression.ts'
import type { Timers } from '../env/env.ts'

/** Ten to twenty milliseconds. */
const costPerTurn = 16 << 20
/** A record is looked at in 8 to 30 ns, however small it is. */
const costOfRecord = 16
/** Against a byte unpacked by the other codecs. */
const gzipFactor = 3
/** A byte packed by any codec, gzip at the worst. */
const packFactor = 24

export class CheckBudget {
  readonly #timers: Timers
  #left = costPerTurn
  #renewIsDue = false

  constructor(timers: Timers) {
    this.#timers = timers
  }

  takeRecords(count: number): boolean {
    return this.#take(count * costOfRecord)
  }

  /** How much one batch may unpack to now. */
  unpackedBytesMax(codec: number): number {
    return Math.floor(this.#left / factorOf(codec))
  }

  /** What a batch unpacked to, or the limit that it passed. */
  unpacked(codec: number, bytes: number): void {
    this.#spend(bytes * factorOf(codec))
  }

  takePacking(bytes: number): boolean {
    return this.#take(bytes * packFactor)
  }

  #take(cost: number): boolean {
    if (cost > this.#left) return false
    this.#spend(cost)
    return true
  }

  #spend(cost: number): void {
    this.#left -= cost
    // Not each turn: where little is spent the loop has nothing to be woken for.
    if (this.#renewIsDue || this.#left > costPerTurn / 2) return
    this.#renewIsDue = true
    this.#timers.soon(() => {
      this.#renewIsDue = false
      this.#left = costPerTurn
    })
  }
}

function factorOf(codec: number): number {
  return codec === codecs.gzip ? gzipFactor : 1
}
