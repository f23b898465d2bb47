/**
 * `leader-epoch-checkpoint`: the leader epochs of a log. Read with the first question, written when a
 * batch of a new epoch is. What a crash loses of it is found again in the batches.
 */
import { LeaderEpochs } from '../core/replication/leader-epochs.ts'
import { formatEpochs, parseEpochs } from './checkpoint.ts'
import { leaderEpochFile } from './file-names.ts'
import type { LogDisk } from './log-disk.ts'

export class EpochFile {
  readonly path: string
  readonly #disk: LogDisk
  #epochs: LeaderEpochs | undefined
  /** The entries that the file has. */
  #written: readonly unknown[] | undefined

  /** `exists` is false for a new log: no file is looked for. */
  constructor(disk: LogDisk, directory: string, exists: boolean) {
    this.#disk = disk
    this.path = `${directory}/${leaderEpochFile}`
    if (!exists) this.reset([])
  }

  /** A file that is missing or damaged counts as empty, with a warning: fetches tell the epochs again. */
  get epochs(): LeaderEpochs {
    if (this.#epochs === undefined) {
      try {
        this.#epochs = new LeaderEpochs(parseEpochs(this.#disk.env.files.readFile(this.path)))
      } catch (error) {
        this.#epochs = new LeaderEpochs()
        const { code, message } = error as NodeJS.ErrnoException
        if (code !== 'ENOENT')
          this.#disk.env.log.warn('Leader epochs are lost', { path: this.path, because: message })
      }
      this.#written = this.#epochs.entries
    }
    return this.#epochs
  }

  get isLoaded(): boolean {
    return this.#epochs !== undefined
  }

  /** Takes other entries, which are not in the file yet. */
  reset(entries: ConstructorParameters<typeof LeaderEpochs>[0]): void {
    this.#epochs = new LeaderEpochs(entries)
  }

  get isDirty(): boolean {
    return this.#epochs !== undefined && this.#epochs.entries !== this.#written
  }

  /** Writes what has changed. Throws what writing throws, and then it still counts as changed. */
  write(sync: boolean): void {
    if (!this.isDirty) return
    const { entries } = this.#epochs!
    this.#disk.env.files.replaceFile(this.path, formatEpochs(entries), sync)
    this.#written = entries
  }
}
