/** Long work in pieces, so that others have their turn between them. */
import type { Env } from '../env/env.ts'

/** How long a piece may take, in milliseconds. */
const pieceMs = 10

export class TimeSlice {
  readonly #env: Env
  #endMs: number

  constructor(env: Env) {
    this.#env = env
    this.#endMs = env.clock.monotonicMs() + pieceMs
  }

  get isOver(): boolean {
    return this.#env.clock.monotonicMs() >= this.#endMs
  }

  /** Resolves when others had their turn. Whatever was true before may not be true any more. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => this.#env.timers.soon(resolve))
    this.#endMs = this.#env.clock.monotonicMs() + pieceMs
  }
}
