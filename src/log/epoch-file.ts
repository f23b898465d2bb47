/**
 * `leader-epoch-checkpoint`: the leader epochs of a log. Read with the first question, written with the next sync,
 * and durable before the recovery point passes a later epoch. What it lacks is found again in the batches: replacing
 * it takes a millisecond, and there may be thousands of logs in which a new leader begins an epoch.
 */
import { type EpochEntry, LeaderEpochs } from '../core/replication/leader-epochs.ts'
import { formatEpochs, parseEpochs } from './checkpoint.ts'
import { leaderEpochFile } from './file-names.ts'
import { epochsIn } from './found-epochs.ts'
import type { Segments } from './segments.ts'
import { mayPass } from './write-failed.ts'

export class EpochFile {
  readonly #segments: Segments
  readonly #startOffset: number
  readonly #mayBeInBatches: boolean
  #epochs: LeaderEpochs | undefined
  /** The entries that the file has, and those that it has durably. */
  #written: readonly EpochEntry[] | undefined
  #synced: readonly EpochEntry[] | undefined

  /**
   * @param startOffset of the log: the file may know what was before it
   * @param mayBeInBatches they are looked for there, where the file is missing or damaged
   */
  constructor(segments: Segments, startOffset: number, mayBeInBatches: boolean) {
    this.#segments = segments
    this.#startOffset = startOffset
    this.#mayBeInBatches = mayBeInBatches
  }

  /** Of a log that was just made: there is no file. */
  static ofNew(segments: Segments): EpochFile {
    const file = new EpochFile(segments, 0, false)
    const epochs = new LeaderEpochs()
    file.#epochs = epochs
    file.#written = file.#synced = epochs.entries
    return file
  }

  get path(): string {
    return `${this.#segments.directory}/${leaderEpochFile}`
  }

  get epochs(): LeaderEpochs {
    this.#epochs ??= this.#load()
    return this.#epochs
  }

  #rebuild(): readonly EpochEntry[] {
    return this.#mayBeInBatches ? epochsIn(this.#segments) : []
  }

  #load(): LeaderEpochs {
    const { env } = this.#segments.disk
    try {
      const entries = parseEpochs(env.files.readFile(this.path))
      // An empty file says nothing: a power loss may have left it of a full one.
      if (entries.length === 0) return new LeaderEpochs(this.#rebuild())
      const epochs = new LeaderEpochs(entries)
      epochs.truncateFromStart(this.#startOffset)
      this.#written = this.#synced = epochs.entries
      return epochs
    } catch (error) {
      const entries = this.#rebuild()
      const { code, message: because } = error as NodeJS.ErrnoException
      const epochs = new LeaderEpochs(entries)
      if (code === 'ENOENT' && entries.length === 0) this.#written = this.#synced = epochs.entries
      else env.log.warn('Leader epochs are made anew', { path: this.path, because })
      return epochs
    }
  }

  /** Takes other entries, which are not in the file yet. */
  reset(entries: readonly EpochEntry[]): void {
    this.#epochs = new LeaderEpochs(entries)
  }

  /**
   * Forgets what is before the log's start. The file need not follow: whoever reads it leaves that out, and replacing
   * it with each segment that retention removes would wait for a disk that is busy.
   */
  truncateFromStart(startOffset: number): void {
    const { epochs } = this
    const before = epochs.entries
    epochs.truncateFromStart(startOffset)
    if (before === this.#written) this.#written = epochs.entries
    if (before === this.#synced) this.#synced = epochs.entries
  }

  /** Whether entries are not known to be on the disk. */
  get isUnsynced(): boolean {
    return this.#epochs !== undefined && this.#epochs.entries !== this.#synced
  }

  /** On a full disk the file stays behind, and false is returned. Throws when the disk cannot be relied on. */
  writeIfPossible(): boolean {
    try {
      this.write()
      return true
    } catch (error) {
      if (!mayPass(error)) throw error
      const because = (error as Error).message
      this.#segments.disk.env.log.warn('Side file is behind', { path: this.path, because })
      return false
    }
  }

  /** Writes what has changed. Throws what writing throws, and then it still counts as changed. */
  write(sync = false): void {
    if (this.#epochs === undefined) return
    const { entries } = this.#epochs
    if (entries === (sync ? this.#synced : this.#written)) return
    this.#segments.disk.env.files.replaceFile(this.path, formatEpochs(entries), sync)
    this.#written = entries
    if (sync) this.#synced = entries
  }

  /** Makes what was written durable, on the thread pool; the directory has to be synced besides. */
  async syncLater(): Promise<void> {
    if (!this.isUnsynced) return
    const entries = this.#written!
    await this.#segments.disk.syncFileLater(this.path)
    this.#synced = entries
  }
}
