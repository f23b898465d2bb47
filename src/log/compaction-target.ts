/** The segment that compaction writes: under the name `.cleaned` until it takes the place of others. */
import { lastOffsetOf, maxTimestampOf } from '../../protocol/record-batch.ts'
import { suffixes } from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogDisk } from './log-disk.ts'
import type { Pace } from './pace.ts'
import { Segment } from './segment.ts'
import { unlinkQuietly } from './segments.ts'

export class CompactionTarget {
  readonly segment: Segment
  readonly #config: LogConfig
  /** Filled before it is written. */
  readonly #chunk: Buffer
  /** Bytes in `#chunk`; what the segment's size counts beyond the file. */
  #filled = 0
  #written = 0

  constructor(
    disk: LogDisk,
    directory: string,
    baseOffset: number,
    config: LogConfig,
    chunk: Buffer,
  ) {
    this.#config = config
    this.#chunk = chunk
    this.segment = new Segment(disk, directory, baseOffset, {
      sizeBytes: 0,
      isNew: true,
      hasTransactionIndex: false,
      createdMs: disk.env.clock.wallMs(),
      jitterMs: 0,
      mark: suffixes.cleaned,
    })
    this.segment.file.create().truncate(0) // One from before may have stayed behind.
  }

  /** Takes a copy of a whole batch. */
  append(batch: Buffer): void {
    const { segment } = this
    const lastOffset = lastOffsetOf(batch, 0)
    const maxTimestamp = maxTimestampOf(batch, 0)
    segment.index({ lastOffset, maxTimestamp, size: batch.length }, this.#config.indexIntervalBytes)
    if (this.#filled + batch.length > this.#chunk.length) this.#flush()
    if (batch.length > this.#chunk.length) this.#write(batch)
    else {
      batch.copy(this.#chunk, this.#filled)
      this.#filled += batch.length
    }
  }

  #flush(): void {
    this.#write(this.#chunk.subarray(0, this.#filled))
    this.#filled = 0
  }

  #write(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.segment.file.get().write([bytes], this.#written)
    this.#written += bytes.length
  }

  /** Writes the rest, and makes all files durable. Rejects with what the sync did. */
  async finish(pace: Pace): Promise<void> {
    this.#flush()
    await pace.rest()
    this.segment.seal(this.#config.indexIntervalBytes)
    this.segment.flushIndexes()
    await this.segment.file.whileOpen((file) => file.syncLater())
    await this.segment.syncIndexesLater()
  }

  discard(): void {
    this.segment.release()
    for (const path of this.segment.paths) unlinkQuietly(this.segment.disk, path)
  }
}
