/**
 * What was staged in this turn of the event loop and is not written yet. However many requests
 * staged batches for a partition, they are stored by one write (PERFORMANCE: 1.4 of 0.8 GB/s).
 */
import type { Logger } from '../env/env.ts'
import type { Partition } from './partition.ts'

export class Appends {
  readonly #log: Logger
  readonly #staged = new Set<Partition>()
  /** Partitions whose last write failed: nothing that was staged for them is stored. */
  readonly #failed = new Set<Partition>()
  #after: (() => void)[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  add(partition: Partition): void {
    this.#staged.add(partition)
  }

  /** Runs after the next `write`; `failed` then tells whether a partition's data was lost. */
  afterWrite(run: () => void): void {
    this.#after.push(run)
  }

  failed(partition: Partition): boolean {
    return this.#failed.has(partition)
  }

  write(): void {
    while (this.#staged.size > 0 || this.#after.length > 0) {
      const partitions = [...this.#staged]
      this.#staged.clear()
      for (const partition of partitions) this.#writeOne(partition)
      const after = this.#after
      this.#after = []
      for (const run of after) run()
      this.#failed.clear()
    }
  }

  #writeOne(partition: Partition): void {
    try {
      partition.log?.writeStaged()
      partition.written()
    } catch (error) {
      this.#failed.add(partition)
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.error('A write failed', {
        partition: `${partition.topic}-${partition.index}`,
        reason,
      })
    }
  }
}
