/**
 * Makes what a log has written durable.
 *
 * Syncs are grouped: all who ask within one turn of the event loop, on whatever connection, wait for one
 * sync, which runs on the thread pool so that the loop stays free. Who asks while one runs waits for
 * the next, because what it wrote may have come too late.
 *
 * A failed sync takes the directory offline, and is never tried again: the kernel has dropped the data by
 * then and would report success.
 */
import type { LogDisk } from './log-disk.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export class Flusher {
  readonly #disk: LogDisk
  readonly #directory: string
  /** Segments with bytes that no sync has seen. */
  readonly #dirty = new Set<Segment>()
  /** Directories in which something was made or renamed since the last sync, the innermost first. */
  #dirtyDirectories = new Set<string>()
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  /** Invariant: everything before this offset is on the disk. */
  #syncedTo: number
  /** What the sync that runs makes durable; lowered by a truncation, because what comes then is not in it. */
  #syncingTo = 0
  readonly #segments: Segments
  readonly #logEndOffset: () => number
  readonly #syncEpochs: () => void

  /** `syncEpochs` makes the leader epochs durable: before the recovery point, they are believed. */
  constructor(
    disk: LogDisk,
    segments: Segments,
    syncedTo: number,
    logEndOffset: () => number,
    syncEpochs: () => void,
  ) {
    this.#syncEpochs = syncEpochs
    this.#disk = disk
    this.#segments = segments
    this.#directory = segments.directory
    this.#syncedTo = syncedTo
    this.#logEndOffset = logEndOffset
  }

  get syncedTo(): number {
    return this.#syncedTo
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#dirtyDirectories.size > 0
  }

  written(segment: Segment): void {
    this.#dirty.add(segment)
  }

  directoryChanged(): void {
    this.#dirtyDirectories.add(this.#directory)
  }

  /** The directory itself is new. */
  directoryMade(): void {
    this.directoryChanged()
    this.#dirtyDirectories.add(this.#disk.path)
  }

  /** After a truncation: less is there to be synced. */
  truncated(endOffset: number): void {
    this.#syncedTo = Math.min(this.#syncedTo, endOffset)
    this.#syncingTo = Math.min(this.#syncingTo, endOffset)
  }

  removed(segment: Segment): void {
    this.#dirty.delete(segment)
  }

  /** Resolves when everything written so far is durable; rejects with StorageError. */
  later(): Promise<void> {
    if (this.#next === undefined) {
      const before = this.#running ?? Promise.resolve()
      const turn = new Promise<void>((resolve) => this.#disk.env.timers.soon(resolve))
      const next = Promise.all([before.catch(() => {}), turn]).then(() => {
        this.#running = next
        this.#next = undefined
        return this.#sync()
      })
      this.#next = next
    }
    return this.#next
  }

  async #sync(): Promise<void> {
    this.#disk.assertOnline()
    this.#syncingTo = this.#logEndOffset()
    const segments = this.#take()
    try {
      await Promise.all(segments.map((segment) => this.#syncSegment(segment)))
    } catch (error) {
      throw this.#disk.fail(`Sync of ${this.#directory} failed`, error)
    }
    this.#disk.assertOnline()
    this.#syncedTo = Math.max(this.#syncedTo, this.#syncingTo)
  }

  async #syncSegment(segment: Segment): Promise<void> {
    try {
      await segment.file.whileOpen((file) => file.syncLater())
      await segment.transactionIndex.syncLater()
      // Nothing is added to a closed segment: from now on its indexes are trusted after a crash.
      if (segment !== this.#segments.active) await segment.syncIndexesLater()
    } catch (error) {
      if (!segment.isDeleted) throw error // It was removed in the meantime.
    }
  }

  /** The same at once, holding up the loop: at a clean stop. */
  now(): void {
    this.#disk.assertOnline()
    const endOffset = this.#logEndOffset()
    try {
      for (const segment of this.#take()) {
        segment.file.get().sync()
        segment.transactionIndex.flush(true)
        if (segment !== this.#segments.active) segment.flushIndexes(true)
      }
    } catch (error) {
      throw this.#disk.fail(`Sync of ${this.#directory} failed`, error)
    }
    this.#syncedTo = endOffset
  }

  /** What is to be synced now; the entries of directories are made durable here. */
  #take(): Segment[] {
    const segments = [...this.#dirty].filter((segment) => !segment.isDeleted)
    this.#dirty.clear()
    try {
      this.#syncEpochs()
    } catch (error) {
      throw this.#disk.fail(`Sync of ${this.#directory} failed`, error)
    }
    for (const directory of this.#dirtyDirectories) {
      try {
        this.#disk.env.files.syncDirectory(directory)
      } catch (error) {
        throw this.#disk.fail(`Sync of ${directory} failed`, error)
      }
    }
    this.#dirtyDirectories.clear()
    return segments
  }
}
