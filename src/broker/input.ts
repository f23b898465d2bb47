/**
 * Memory in requests that have not come whole, over all connections. A request may be as large as
 * `socket.request.max.bytes`, so a few hundred clients that never end theirs would take all there is.
 */
import type { Limit } from '../core/limit.ts'

/** Where `queued.max.request.bytes` gives no other limit: two requests of the largest size, and room. */
const bytesMaxDefault = 256 << 20

export class Input {
  readonly bytesMax: number
  #bytes = 0
  /** Connections that were closed to make room. */
  refused = 0

  /** @param bytesMax without a limit of its own when not above 0 */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax > 0 ? bytesMax : bytesMaxDefault
  }

  get bytes(): number {
    return this.#bytes
  }

  get limit(): Limit {
    return { used: this.#bytes, max: this.bytesMax, refused: this.refused }
  }

  /** So much must go. */
  get excessBytes(): number {
    return Math.max(0, this.#bytes - this.bytesMax)
  }

  change(bytes: number): void {
    this.#bytes += bytes
  }
}
