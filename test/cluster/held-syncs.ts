/** A log whose syncs do not begin before the test lets them, one after the other. */
import type { Log } from '../../src/log/log.ts'

export class HeldSyncs {
  readonly #held: (() => void)[] = []
  #open = false

  constructor({ flusher }: Log) {
    const later = flusher.later.bind(flusher)
    flusher.later = () =>
      this.#open ? later() : new Promise<void>((go) => this.#held.push(go)).then(later)
  }

  get waiting(): number {
    return this.#held.length
  }

  letOneGo(): void {
    this.#held.shift()?.()
  }

  /** Also those that are still to come. */
  letAllGo(): void {
    this.#open = true
    for (const go of this.#held.splice(0)) go()
  }
}
