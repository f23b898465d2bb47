/**
 * Makes what a log has written durable: on the thread pool, and for all who ask at the same time at once
 * (`grouped-sync.ts`).
 *
 * A failed sync takes the directory offline, and is never tried again: the kernel has dropped the data by
 * then and would report success.
 *
 * What no sync has seen is marked where it is, by flags: a broker has many logs, and each is behind most of the time.
 */
import type { Timers } from '../env/env.ts'
import { GroupedSync } from './grouped-sync.ts'
import type { Log } from './log.ts'
import { StorageError } from './log-disk.ts'
import type { Segment } from './segment.ts'
import { topicIdPath } from './topic-id-file.ts'

export class Flusher extends GroupedSync {
  readonly #log: Log
  /** Some segment may have bytes that no sync has seen. */
  #isSegmentUnsynced = false
  /** The file with the topic's id was written since the last sync. */
  #isTopicIdUnsynced = false
  /** Something was made or renamed in the log's directory since the last sync. */
  #isDirectoryUnsynced = false
  /** The directory itself was made since the last sync. */
  #isDirectoryNew = false
  /** The log ends: the indexes of its active segment are to be durable, too. */
  #isFinishing = false
  #isAbandoned = false
  /** What the next sync is to make durable: the segments that begin before this offset. (A field that was a number at first would be a double for each log.) */
  #wantedTo: number | undefined
  /** Invariant: everything before this offset is on the disk. */
  #syncedTo: number
  /** What the sync that runs makes durable; lowered by a truncation, because what comes then is not in it. */
  #syncingTo = 0

  constructor(log: Log, syncedTo: number) {
    super()
    this.#log = log
    this.#syncedTo = syncedTo
  }

  protected override get timers(): Timers {
    return this.#log.disk.env.timers
  }

  get syncedTo(): number {
    return this.#syncedTo
  }

  get isDirty(): boolean {
    return (
      this.#isTopicIdUnsynced ||
      this.#isDirectoryUnsynced ||
      (this.#isSegmentUnsynced && this.#log.segments.list.some(({ isUnsynced }) => isUnsynced))
    )
  }

  /** Everything is on the disk, and no sync is under way that could still fail. */
  get isSettled(): boolean {
    return !this.isDirty && !this.#log.epochFile.isUnsynced && this.isIdle
  }

  written(segment: Segment): void {
    segment.isUnsynced = true
    this.#isSegmentUnsynced = true
  }

  topicIdWritten(): void {
    this.#isTopicIdUnsynced = true
    this.directoryChanged()
  }

  directoryChanged(): void {
    this.#isDirectoryUnsynced = true
  }

  /** The directory itself is new. */
  directoryMade(): void {
    this.directoryChanged()
    this.#isDirectoryNew = true
  }

  /** After a truncation: less is there to be synced. */
  truncated(endOffset: number): void {
    this.#syncedTo = Math.min(this.#syncedTo, endOffset)
    this.#syncingTo = Math.min(this.#syncingTo, endOffset)
  }

  override later(): Promise<void> {
    this.#wantedTo = Infinity
    return super.later()
  }

  /** As `later`, for the segments that begin before `offset`; `undefined` when all of them that are left are synced. */
  closedLater(offset: number): Promise<void> | undefined {
    const { list } = this.#log.segments
    const isDue = list.some(({ isUnsynced, baseOffset }) => isUnsynced && baseOffset < offset)
    if (!isDue) return undefined
    this.#wantedTo = Math.max(this.#wantedTo ?? 0, offset)
    return super.later()
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

  protected override async sync(): Promise<void> {
    const { disk, directory, logEndOffset } = this.#log
    disk.assertOnline()
    if (this.#isAbandoned) throw this.#deleted()
    const upTo = this.#wantedTo ?? 0
    this.#wantedTo = undefined
    this.#syncingTo = Math.min(upTo, logEndOffset)
    try {
      await Promise.all(this.#syncs(upTo))
    } catch (error) {
      if (this.#isAbandoned) throw this.#deleted()
      throw disk.fail(`Sync of ${directory} failed`, error)
    }
    disk.assertOnline()
    this.#syncedTo = Math.max(this.#syncedTo, this.#syncingTo)
  }

  #deleted(): StorageError {
    return new StorageError(`${this.#log.directory} is deleted`)
  }

  /** Begins the syncs of all that has changed, segments that begin at `upTo` or behind left out. */
  #syncs(upTo: number): Promise<void>[] {
    const { disk, directory, epochFile, segments } = this.#log
    const syncs: Promise<void>[] = []
    // What a full disk has no room for is found in the batches, as long as the recovery point stays before them. A stop that
    // leaves it behind is no clean one.
    if (this.#isFinishing) epochFile.write()
    if (!epochFile.writeIfPossible()) this.#syncingTo = this.#syncedTo
    else {
      if (epochFile.isUnsynced) this.directoryChanged()
      syncs.push(epochFile.syncLater())
    }
    const unsynced = this.#isSegmentUnsynced ? segments.list.filter((each) => each.isUnsynced) : []
    const due = unsynced.filter(({ baseOffset }) => baseOffset < upTo)
    for (const segment of due) syncs.push(this.#syncSegment(segment))
    this.#isSegmentUnsynced = due.length < unsynced.length
    if (this.#isTopicIdUnsynced) syncs.push(disk.syncFileLater(topicIdPath(directory)))
    this.#isTopicIdUnsynced = false
    if (this.#isFinishing) syncs.push(segments.active.syncIndexesLater())
    if (this.#isDirectoryUnsynced) syncs.push(disk.syncDirectoryLater(directory))
    if (this.#isDirectoryNew) syncs.push(disk.syncDirectoryLater(disk.path))
    this.#isDirectoryUnsynced = false
    this.#isDirectoryNew = false
    return syncs
  }

  async #syncSegment(segment: Segment): Promise<void> {
    segment.isUnsynced = false
    try {
      await segment.file.whileOpen((file) => file.syncLater())
      if (segment === this.#log.segments.active) await segment.syncAbortedLater()
      else if (!segment.isDeleted) {
        // Nothing is added to a closed segment: from now on its indexes are trusted after a crash. They are not written when it is
        // closed, because a log that is kept short has removed it by now.
        segment.flushIndexesIfPossible()
        await segment.syncIndexesLater()
      }
    } catch (error) {
      if (!segment.isDeleted) throw error // It was removed in the meantime.
    }
  }
}
