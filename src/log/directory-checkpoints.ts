/**
 * The checkpoints of a log directory: what is known of each log, by `topic-partition`, in files of Kafka's form.
 *
 * One is written when it has changed. Those that only save work after a crash are not synced: an older one, or none,
 * is as good. But none may say more of a log than it has.
 */
import { createHash } from 'node:crypto'
import type { Env } from '../env/env.ts'
import {
  checkpointFiles,
  formatOffsets,
  type OffsetOfPartition,
  parseOffsets,
} from './checkpoint.ts'
import type { Log } from './log.ts'
import { type LogDisk, StorageError } from './log-disk.ts'
import { mayPass } from './write-failed.ts'

/** More names are not remembered: any may be in a checkpoint then. */
const deletedNamesMax = 1000

export type CheckpointName = keyof typeof checkpointFiles

export class DirectoryCheckpoints {
  /** Offsets that compaction has come to, by `topic-partition`. */
  cleanerOffsets = new Map<string, number>()
  readonly #env: Env
  readonly #disk: LogDisk
  readonly #logs: ReadonlyMap<string, Log>
  #isClosed = false
  /** Logs that are gone and may still be in a checkpoint on the disk. `undefined`: any name may, as after a crash. */
  #deletedNames: Set<string> | undefined
  /** The digest of what was written last: that itself is large where logs are many. */
  readonly #written = new Map<CheckpointName, string>()
  /** How often each was written at once. */
  readonly #writes = new Map<CheckpointName, number>()
  /** Those of which the disk has what was written last. */
  readonly #synced = new Set<CheckpointName>()
  /** Those on the thread pool go one after the other. */
  #writing: Promise<void> = Promise.resolve()

  constructor(env: Env, disk: LogDisk, logs: ReadonlyMap<string, Log>) {
    this.#env = env
    this.#disk = disk
    this.#logs = logs
  }

  /** A checkpoint by `topic-partition`. One that is missing or damaged is empty. */
  read(name: CheckpointName): Map<string, number> {
    return this.find(name) ?? new Map()
  }

  /** `undefined` when it is missing or damaged. */
  find(name: CheckpointName): Map<string, number> | undefined {
    const path = `${this.#disk.path}/${checkpointFiles[name]}`
    if (this.#env.files.stat(path) === undefined) return undefined
    try {
      const bytes = this.#env.files.readFile(path)
      // A power loss may leave this of a file that was full.
      if (bytes.length === 0) return undefined
      const entries = parseOffsets(bytes)
      return new Map(entries.map((entry) => [`${entry.topic}-${entry.partition}`, entry.offset]))
    } catch (error) {
      this.#env.log.warn('Checkpoint is lost', { path, because: (error as Error).message })
      return undefined
    }
  }

  /** After a clean stop the disk has what was read: it is known which logs that are gone may be in it. */
  trust(read: readonly (ReadonlyMap<string, number> | undefined)[]): void {
    const gone = new Set<string>()
    for (const offsets of read)
      for (const name of offsets?.keys() ?? []) if (!this.#logs.has(name)) gone.add(name)
    if (gone.size < deletedNamesMax) this.#deletedNames = gone
  }

  removed(log: Log): void {
    this.cleanerOffsets.delete(log.name)
    if (this.#deletedNames?.add(log.name).size === deletedNamesMax) this.#deletedNames = undefined
  }

  /**
   * Before a log is made: after a crash, what a checkpoint says of an earlier one of this name would be taken for
   * this one's, uncommitted records for committed, or all of it for deleted. Throws StorageError.
   */
  forget(name: string): void {
    if (this.#deletedNames?.has(name) === false) return
    this.cleanerOffsets.delete(name)
    this.writeAll(true)
    this.#deletedNames = new Set()
  }

  /** Up to where each log is on the disk. */
  writeRecoveryPoints(sync: boolean): void {
    this.#write('recoveryPoint', sync, recoveryPointOf)
  }

  writeRecoveryPointsLater(): Promise<void> {
    return this.#writeLater('recoveryPoint', recoveryPointOf)
  }

  writeLogStarts(sync: boolean): void {
    this.#write('logStart', sync, logStartOf)
  }

  writeLogStartsLater(): Promise<void> {
    return this.#writeLater('logStart', logStartOf)
  }

  writeHighWatermarks(sync: boolean): void {
    this.#write('highWatermark', sync, highWatermarkOf)
  }

  writeCleanerOffsets(sync: boolean): void {
    this.#write('cleaner', sync, (log) => this.cleanerOffsets.get(log.name))
  }

  /** Those that say more of a log than is believed of it, before anything is appended (see `lower`). Throws StorageError. */
  lowerAll(tooHigh: ReadonlySet<CheckpointName>): void {
    for (const { name, logEndOffset } of this.#logs.values())
      if ((this.cleanerOffsets.get(name) ?? 0) > logEndOffset)
        this.cleanerOffsets.set(name, logEndOffset)
    if (tooHigh.has('recoveryPoint')) this.writeRecoveryPoints(true)
    if (tooHigh.has('highWatermark')) this.#lowerHighWatermarks()
    if (tooHigh.has('cleaner')) this.writeCleanerOffsets(true)
  }

  /** After most crashes, on a full disk as well: none is as good as a low one there. */
  #lowerHighWatermarks(): void {
    try {
      this.writeHighWatermarks(true)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.#env.log.warn('High watermarks are forgotten', { because: error.message })
      this.#env.files.unlink(`${this.#disk.path}/${checkpointFiles.highWatermark}`)
      this.#env.files.syncDirectory(this.#disk.path)
    }
  }

  /**
   * Before a log is cut at an offset: after a crash, what a checkpoint says beyond it would be taken for what comes to
   * stand there, uncommitted records for committed, and others for synced or compacted. Throws StorageError.
   */
  lower(log: Log, offset: number): void {
    const lowered = (of: (log: Log) => number) => (each: Log) =>
      Math.min(each === log ? offset : Infinity, of(each))
    if (offset < log.recoveryPoint) this.#write('recoveryPoint', true, lowered(recoveryPointOf))
    if (offset < log.highWatermark) this.#write('highWatermark', true, lowered(highWatermarkOf))
    this.#lowerCleanerOffset(log, offset)
  }

  #lowerCleanerOffset(log: Log, offset: number): void {
    const before = this.cleanerOffsets.get(log.name) ?? 0
    if (offset >= before) return
    this.cleanerOffsets.set(log.name, offset)
    try {
      this.writeCleanerOffsets(true)
    } catch (error) {
      this.cleanerOffsets.set(log.name, before)
      throw error
    }
  }

  /** Throws StorageError when it cannot be written, where that must be known: with `sync`. */
  #write(name: CheckpointName, sync: boolean, offsetOf: (log: Log) => number | undefined): void {
    if (this.#disk.failure) return
    this.#writes.set(name, (this.#writes.get(name) ?? 0) + 1)
    const bytes = this.#format(offsetOf)
    const digest = digestOf(bytes)
    if (!sync && this.#written.get(name) === digest) return
    const path = `${this.#disk.path}/${checkpointFiles[name]}`
    try {
      this.#synced.delete(name)
      this.#env.files.replaceFile(path, bytes, sync)
      this.#written.set(name, digest)
      if (sync) this.#synced.add(name)
    } catch (error) {
      const because = (error as Error).message
      // Something that comes next would be wrong without it.
      if (sync) throw new StorageError(`${path} is not written: ${because}`, { cause: error })
      // Appends to open files would go on for ever in a directory that is gone or read-only.
      if (!mayPass(error)) this.#disk.fail(`Writing ${path} failed`, error)
      else this.#env.log.warn('Checkpoint is not written', { path, because })
    }
  }

  #format(offsetOf: (log: Log) => number | undefined): Buffer {
    const entries: OffsetOfPartition[] = []
    for (const log of this.#logs.values()) {
      const offset = offsetOf(log)
      if (offset !== undefined) entries.push({ topic: log.topic, partition: log.partition, offset })
    }
    return formatOffsets(entries)
  }

  /** As `#write` with `sync`, on the thread pool. Rejects with StorageError. */
  #writeLater(name: CheckpointName, offsetOf: (log: Log) => number | undefined): Promise<void> {
    const written = this.#writing.then(() => this.#replaceLater(name, offsetOf))
    this.#writing = written.catch(() => {})
    return written
  }

  async #replaceLater(
    name: CheckpointName,
    offsetOf: (log: Log) => number | undefined,
  ): Promise<void> {
    const path = `${this.#disk.path}/${checkpointFiles[name]}`
    const beside = `${path}.new` // Not the name that is used by writes at once.
    try {
      for (;;) {
        if (this.#disk.failure || this.#isClosed) return
        const writes = this.#writes.get(name)
        const bytes = this.#format(offsetOf)
        const digest = digestOf(bytes)
        if (this.#synced.has(name) && this.#written.get(name) === digest) return
        await this.#writeNew(beside, bytes)
        // What was written at once meanwhile is newer.
        if (writes !== this.#writes.get(name) || this.#isClosed) continue
        this.#synced.delete(name)
        this.#env.files.rename(beside, path)
        this.#written.set(name, digest)
        await this.#disk.syncDirectoryLater(this.#disk.path)
        if (writes === this.#writes.get(name)) this.#synced.add(name)
        return
      }
    } catch (error) {
      throw new StorageError(`${path} is not written: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  async #writeNew(path: string, bytes: Buffer): Promise<void> {
    const file = this.#env.files.open(path, 'create')
    try {
      file.truncate(0)
      file.write([bytes], 0)
      await file.syncLater()
    } finally {
      file.close()
    }
  }

  writeAll(sync: boolean): void {
    this.writeRecoveryPoints(sync)
    this.writeLogStarts(sync)
    this.writeHighWatermarks(sync)
    this.writeCleanerOffsets(sync)
  }

  /** Another process may have the directory from now on. */
  close(): void {
    this.#isClosed = true
  }
}

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64')

const recoveryPointOf = ({ recoveryPoint }: Log) => recoveryPoint
const highWatermarkOf = ({ highWatermark }: Log) => highWatermark
const logStartOf = ({ logStartOffset, segments }: Log) =>
  logStartOffset > segments.first.baseOffset ? logStartOffset : undefined
