/**
 * Memory in answers that their clients have not read yet, over all connections. A client that never
 * reads holds one answer at most; the sum over thousands of them is bounded here: a fetch gets a part
 * of what is left, so that some is left for others, and waits when there is nothing.
 */
import type { Chunk } from '../../protocol/slab.ts'
import type { Limit } from '../core/limit.ts'

/** An answer takes this part of the room at most. */
const answersPerRoom = 4

export class Output {
  readonly #bytesMax: number
  #bytes = 0
  /** Fetches that were given no records for want of room. */
  refused = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get limit(): Limit {
    return { used: this.#bytes, max: this.#bytesMax, refused: this.refused }
  }

  /** How much one more answer may hold. */
  get room(): number {
    return Math.max(0, Math.ceil((this.#bytesMax - this.#bytes) / answersPerRoom))
  }

  /** Clients that do not read take away from what others get. */
  get isShort(): boolean {
    return this.#bytes > this.#bytesMax / 2
  }

  /** Not even one batch more: so much is out that answers come without records. */
  get isOver(): boolean {
    return this.#bytes > this.#bytesMax * 2
  }

  add(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) this.#bytes += chunk.length
  }

  remove(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) this.#bytes -= chunk.length
  }
}
