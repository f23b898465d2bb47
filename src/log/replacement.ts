/**
 * Puts the segment that compaction has written in the place of those it was made from. What readers find is the
 * old segments or the new one, and so does the next start after a crash at any step:
 *
 * ```
 * 1  *.cleaned -> *.swap                   synced: from here on a crash finishes it (swap.ts)
 * 2  sources -> *.deleted                  synced; in memory, readers see the new segment
 * 3  *.swap -> final names                 sources are unlinked after file.delete.delay.ms
 * ```
 *
 * The syncs run on the thread pool. Whoever cuts the log or removes segments meanwhile settles it first: what
 * a swap covers is put in place by the next start, whatever was written there since.
 */
import { suffixes } from './file-names.ts'
import type { Log } from './log.ts'
import { AbortedError } from './pace.ts'
import type { Segment } from './segment.ts'

export class Replacement {
  readonly #log: Log
  readonly #cleaned: Segment
  readonly #sources: readonly Segment[]
  #isReplaced = false
  #isOver = false

  constructor(log: Log, cleaned: Segment, sources: readonly Segment[]) {
    this.#log = log
    this.#cleaned = cleaned
    this.#sources = sources
  }

  /** Rejects with AbortedError when it was taken back, with StorageError when the directory failed. */
  async run(): Promise<void> {
    const { disk, directory } = this.#log
    this.#log.replacement = this
    try {
      this.#cleaned.renameFiles(suffixes.swap)
      await disk.syncDirectoryLater(directory)
      if (this.#isMoot) throw new AbortedError('The log has changed')
      this.#replace()
      await disk.syncDirectoryLater(directory)
      if (!this.#isMoot) this.#finish()
    } catch (error) {
      if (error instanceof AbortedError || this.#log.state === 'deleted') throw error
      throw this.#failed(error)
    } finally {
      this.#log.replacement = undefined
    }
  }

  /** At once, because the segments are about to change: takes it back, or carries it to its end. */
  settle(): void {
    if (this.#isOver) return
    const { disk, directory } = this.#log
    const { files } = disk.env
    this.#isOver = true
    try {
      if (!this.#isReplaced) files.unlink(this.#cleaned.file.path)
      files.syncDirectory(directory)
      if (this.#isReplaced) this.#finish()
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** Settled, or the log is deleted: what lies in its directory means nothing any more. */
  get #isMoot(): boolean {
    return this.#isOver || this.#log.state === 'deleted'
  }

  /** In one turn of the loop. */
  #replace(): void {
    const { segments, config, producerStore } = this.#log
    for (const source of this.#sources) segments.retire(source, config)
    const others = segments.list.filter((segment) => !this.#sources.includes(segment))
    segments.set([...others, this.#cleaned])
    producerStore.removeObsolete()
    this.#isReplaced = true
  }

  #finish(): void {
    this.#isOver = true
    this.#cleaned.renameFiles('')
    this.#log.flusher.directoryChanged()
  }

  #failed(error: unknown): Error {
    return this.#log.disk.fail(`Replacing segments in ${this.#log.directory} failed`, error)
  }
}
