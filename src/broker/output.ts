/**
 * Memory in answers that their clients have not read yet, over all connections. A client that never
 * reads holds one answer at most; the sum over thousands of them is bounded here: a fetch gets no
 * more than what is left, and waits when there is nothing.
 */
export class Output {
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How much one more answer may hold. */
  get room(): number {
    return Math.max(0, this.#bytesMax - this.#bytes)
  }

  add(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) this.#bytes += chunk.length
  }

  remove(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) this.#bytes -= chunk.length
  }
}
