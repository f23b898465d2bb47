/**
 * Makes what a log has written durable: on the thread pool, and for all who ask at the same time at once
 * (`grouped-sync.ts`).
 *
 * A failed sync takes the directory offline, and is never tried again: the kernel has dropped the data by
 * then and would report success.
 */
import type { EpochFile } from './epoch-file.ts'
import { GroupedSync } from './grouped-sync.ts'
import { type LogDisk, StorageError } from './log-disk.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export class Flusher {
  readonly #disk: LogDisk
  readonly #directory: string
  /** Segments with bytes that no sync has seen. */
  readonly #dirty = new Set<Segment>()
  /** Small files that were written whole since the last sync. */
  readonly #dirtyFiles = new Set<string>()
  /** Directories in which something was made or renamed since the last sync, the innermost first. */
  readonly #dirtyDirectories = new Set<string>()
  readonly #grouped: GroupedSync
  /** The log ends: the indexes of its active segment are to be durable, too. */
  #isFinishing = false
  #isAbandoned = false
  /** Invariant: everything before this offset is on the disk. */
  #syncedTo: number
  /** What the sync that runs makes durable; lowered by a truncation, because what comes then is not in it. */
  #syncingTo = 0
  readonly #segments: Segments
  /** Durable with the rest: before the recovery point, the epochs are believed. */
  readonly #epochFile: EpochFile
  readonly #logEndOffset: () => number

  constructor(
    disk: LogDisk,
    segments: Segments,
    epochFile: EpochFile,
    syncedTo: number,
    logEndOffset: () => number,
  ) {
    this.#grouped = new GroupedSync(disk.env.timers, () => this.#sync())
    this.#epochFile = epochFile
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
    return this.#dirty.size + this.#dirtyFiles.size + this.#dirtyDirectories.size > 0
  }

  /** Everything is on the disk, and no sync is under way that could still fail. */
  get isSettled(): boolean {
    return !this.isDirty && !this.#epochFile.isUnsynced && this.#grouped.isIdle
  }

  written(segment: Segment): void {
    this.#dirty.add(segment)
  }

  /** A file of the directory was written whole. */
  replaced(path: string): void {
    this.#dirtyFiles.add(path)
    this.directoryChanged()
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
    return this.#grouped.later()
  }

  /** As `later`, for the last time: nothing is written any more. */
  finish(): Promise<void> {
    this.#isFinishing = true
    return this.later()
  }

  /** The log is deleted: its syncs reject, and mean nothing for the directory. */
  abandon(): void {
    this.#isAbandoned = true
  }

  async #sync(): Promise<void> {
    this.#disk.assertOnline()
    if (this.#isAbandoned) throw this.#deleted()
    this.#syncingTo = this.#logEndOffset()
    try {
      await Promise.all(this.#syncsOfAll())
    } catch (error) {
      if (this.#isAbandoned) throw this.#deleted()
      throw this.#disk.fail(`Sync of ${this.#directory} failed`, error)
    }
    this.#disk.assertOnline()
    this.#syncedTo = Math.max(this.#syncedTo, this.#syncingTo)
  }

  #deleted(): StorageError {
    return new StorageError(`${this.#directory} is deleted`)
  }

  /** Begins the syncs of all that has changed. */
  #syncsOfAll(): Promise<void>[] {
    const syncs: Promise<void>[] = []
    // What a full disk has no room for is found in the batches, as long as the recovery point stays before them. A stop that
    // leaves it behind is no clean one.
    if (this.#isFinishing) this.#epochFile.write()
    if (!this.#epochFile.writeIfPossible()) this.#syncingTo = this.#syncedTo
    else {
      if (this.#epochFile.isUnsynced) this.directoryChanged()
      syncs.push(this.#epochFile.syncLater())
    }
    for (const segment of this.#dirty)
      if (!segment.isDeleted) syncs.push(this.#syncSegment(segment))
    this.#dirty.clear()
    for (const path of this.#dirtyFiles) syncs.push(this.#disk.syncFileLater(path))
    this.#dirtyFiles.clear()
    if (this.#isFinishing) syncs.push(this.#segments.active.syncIndexesLater())
    for (const directory of this.#dirtyDirectories)
      syncs.push(this.#disk.syncDirectoryLater(directory))
    this.#dirtyDirectories.clear()
    return syncs
  }

  async #syncSegment(segment: Segment): Promise<void> {
    try {
      await segment.file.whileOpen((file) => file.syncLater())
      // Nothing is added to a closed segment: from now on its indexes are trusted after a crash.
      if (segment === this.#segments.active) await segment.transactionIndex.syncLater()
      else await segment.syncIndexesLater()
    } catch (error) {
      if (!segment.isDeleted) throw error // It was removed in the meantime.
    }
  }
}
