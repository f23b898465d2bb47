import { lastOffsetOf, stampBatch } from '../../../protocol/record-batch.ts'
import type { Journal } from '../../../src/broker/group/journal.ts'

/** A journal in memory, committed at once or, while `holds`, when `release` is called. */
export class MemoryJournal implements Journal {
  readonly batches: Buffer[] = []
  batchBytesMax = 1_048_588
  endOffset = 0
  holds = false
  /** Why nothing may be appended now. */
  refuses = 0
  /** What appending comes to although it was allowed: a disk that fails. */
  nextAppendError = 0
  /** While it is set, loading waits for it. */
  loading: Promise<void> | undefined
  #waiting: ((errorCode: number) => void)[] = []

  appendError(): number {
    return this.refuses
  }

  append(batch: Buffer): number {
    if (this.nextAppendError !== 0) return this.nextAppendError
    const copy = Buffer.from(batch)
    stampBatch(copy, 0, this.endOffset, 0)
    this.batches.push(copy)
    this.endOffset = lastOffsetOf(copy, 0) + 1
    return 0
  }

  whenCommitted(_offset: number, done: (errorCode: number) => void): void {
    if (this.holds) this.#waiting.push(done)
    else done(0)
  }

  release(errorCode = 0): void {
    this.holds = false
    for (const done of this.#waiting) done(errorCode)
    this.#waiting = []
  }

  async load(take: (batches: Buffer) => void): Promise<void> {
    await this.loading
    for (const batch of [...this.batches]) take(batch)
  }
}
