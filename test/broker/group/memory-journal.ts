import { lastOffsetOf, stampBatch } from '../../../protocol/record-batch.ts'
import type { Journal } from '../../../src/broker/group/journal.ts'

/** A journal in memory, committed at once or, while `holds`, when `release` is called. */
export class MemoryJournal implements Journal {
  readonly batches: Buffer[] = []
  batchBytesMax = 1_048_588
  endOffset = 0
  holds = false
  nextAppendError = 0
  #waiting: (() => void)[] = []

  appendError(): number {
    return 0
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
    if (this.holds) this.#waiting.push(() => done(0))
    else done(0)
  }

  release(): void {
    this.holds = false
    for (const done of this.#waiting) done()
    this.#waiting = []
  }

  async load(take: (batches: Buffer) => void): Promise<void> {
    for (const batch of [...this.batches]) take(batch)
  }
}
