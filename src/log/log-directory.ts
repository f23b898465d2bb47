/**
 * One directory of `log.dirs`: its lock, its identity, its checkpoints and the mark of a clean stop.
 *
 * A checkpoint is written when it has changed. Those that only save work after a crash are not synced: an
 * older one, or none, is as good.
 */
import type { Env, Lock } from '../env/env.ts'
import {
  checkpointFiles,
  formatOffsets,
  type OffsetOfPartition,
  parseOffsets,
} from './checkpoint.ts'
import {
  brokerEpochFile,
  brokerEpochIn,
  cleanShutdownFile,
  identityIn,
  markOf,
} from './directory-marks.ts'
import type { Log } from './log.ts'
import { LogDisk, type LogResources, StorageError } from './log-disk.ts'
import {
  checkMetaProperties,
  DirectoryError,
  metaPropertiesPath,
  readMetaProperties,
  writeMetaProperties,
} from './meta-properties.ts'
import { mayPass } from './write-failed.ts'

const lockFile = '.lock'
const failedFile = '.ottla_failed'
const noteAgainMs = 250

/** More names are not remembered: any may be in a checkpoint then. */
const deletedNamesMax = 1000

/** Logs that are synced at a time: more than the thread pool has threads, so that none of them waits for the loop. */
const syncedAtOnce = 32

type CheckpointName = keyof typeof checkpointFiles

export class LogDirectory {
  readonly disk: LogDisk
  readonly logs = new Set<Log>()
  /** 22 characters. */
  directoryId = ''
  /** Whether the process before stopped cleanly. */
  wasClean = false
  /** It went offline in the process before: what is read may not be on the disk. */
  hasFailed = false
  /** The last broker epoch in which something may have been written here; -1 when it is not known. */
  previousBrokerEpoch = -1
  /** It is a copy of the directory that was written last, or damage was cut out of it: it may lack records. */
  isIncomplete = false
  /** Offsets that compaction has come to, by `topic-partition`. */
  cleanerOffsets = new Map<string, number>()
  /** The epoch that is to be written down. */
  #brokerEpoch = -1
  readonly #env: Env
  #lock: Lock | undefined
  /** Logs that are gone and may still be in a checkpoint on the disk. `undefined`: any name may, as after a start. */
  #deletedNames: Set<string> | undefined
  readonly #written = new Map<CheckpointName, Buffer>()
  /** How often each was written at once. */
  readonly #writes = new Map<CheckpointName, number>()
  /** Those of which the disk has what was written last. */
  readonly #synced = new Set<CheckpointName>()
  /** Those on the thread pool go one after the other. */
  #writing: Promise<void> = Promise.resolve()

  constructor(
    env: Env,
    path: string,
    resources: LogResources,
    onFailure: (directory: LogDirectory) => void,
  ) {
    this.#env = env
    this.disk = new LogDisk(env, path, resources, () => {
      this.#noteFailure()
      onFailure(this)
    })
  }

  get path(): string {
    return this.disk.path
  }

  /** Throws DirectoryError when the directory is in use or another's, and what the file system throws. */
  async acquire(expected: { readonly clusterId: string; readonly nodeId: number }): Promise<void> {
    const { files } = this.#env
    files.makeDirectory(this.path)
    const path = `${this.path}/${lockFile}`
    this.#lock = await files.lock(path)
    if (this.#lock === undefined) {
      const holder = files.readFile(path).toString().trim()
      throw new DirectoryError(
        `Data directory ${this.path} is in use by another process${holder && ` (pid ${holder})`}`,
      )
    }
    const meta = readMetaProperties(this.#env, this.path)
    if (meta) checkMetaProperties(this.path, meta, expected)
    this.directoryId = meta?.directoryId || this.#env.random.bytes(16).toString('base64url')
    if (meta?.clusterId !== expected.clusterId || meta.directoryId !== this.directoryId)
      writeMetaProperties(this.#env, this.path, { ...expected, directoryId: this.directoryId })
    this.#takeCleanMark()
  }

  /** Reads the mark and removes it: from now on a stop is clean only when it is made anew. */
  #takeCleanMark(): void {
    const { files } = this.#env
    const path = `${this.path}/${cleanShutdownFile}`
    this.previousBrokerEpoch = brokerEpochIn(files, this.path)
    const noted = `${this.path}/${brokerEpochFile}`
    const written = files.stat(noted) && identityIn(files.readFile(noted))
    this.isIncomplete = written !== undefined && written !== this.#identity
    this.hasFailed = files.stat(`${this.path}/${failedFile}`) !== undefined
    if (files.stat(path) === undefined) return
    this.wasClean = true
    files.unlink(path)
    files.syncDirectory(this.path)
  }

  /**
   * Writes down that the broker goes on in this epoch, before it serves: an old copy of the directory
   * that comes back can then be told from what was here last. While the disk is full it is tried again: with an
   * older epoch the directory itself would be taken for a copy.
   */
  noteBrokerEpoch(brokerEpoch: number): void {
    this.#brokerEpoch = brokerEpoch
    this.#noteBrokerEpoch(brokerEpoch)
  }

  #noteBrokerEpoch(brokerEpoch: number): void {
    if (this.disk.failure || brokerEpoch !== this.#brokerEpoch) return
    const path = `${this.path}/${brokerEpochFile}`
    try {
      this.#env.files.replaceFile(path, markOf(brokerEpoch, this.#identity))
    } catch (error) {
      this.#env.log.warn('Broker epoch is not written', { path, because: (error as Error).message })
      this.disk.after(noteAgainMs, () => this.#noteBrokerEpoch(brokerEpoch))
    }
  }

  /**
   * Records that were there are cut off. Until the cluster was told (`noteBrokerEpoch`), also the next process
   * has to know: it finds nothing to cut. Throws when that cannot be written, and then nothing may be cut.
   */
  noteLoss(): void {
    if (this.isIncomplete) return
    const path = `${this.path}/${brokerEpochFile}`
    this.#env.files.replaceFile(path, markOf(this.previousBrokerEpoch, 'incomplete'))
    this.isIncomplete = true
  }

  /** For the next process. Needs no sync: with the page cache goes what is not to be believed. */
  #noteFailure(): void {
    try {
      this.#env.files.replaceFile(`${this.path}/${failedFile}`, Buffer.alloc(0), false)
    } catch (error) {
      const because = (error as Error).message
      this.#env.log.warn('Failure is not noted', { path: this.path, because })
    }
  }

  /** Everything that is read has been written again: makes it durable. Rejects with StorageError. */
  async recovered(): Promise<void> {
    await this.#eachLog((log) => log.flush())
    this.#env.files.unlink(`${this.path}/${failedFile}`)
    this.hasFailed = false
  }

  /** Of a file that is written once in the life of the directory. */
  get #identity(): string | undefined {
    return this.#env.files.stat(metaPropertiesPath(this.path))?.identity
  }

  /** A checkpoint by `topic-partition`. One that is missing or damaged is empty. */
  readCheckpoint(name: CheckpointName): Map<string, number> {
    return this.findCheckpoint(name) ?? new Map()
  }

  /** `undefined` when it is missing or damaged. */
  findCheckpoint(name: CheckpointName): Map<string, number> | undefined {
    const path = `${this.path}/${checkpointFiles[name]}`
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

  removed(log: Log): void {
    this.logs.delete(log)
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
    this.writeCheckpoints(true)
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

  /** Where logs end before what checkpoints say of them, before anything is appended (see `lower`). Throws StorageError. */
  lowerAll(): void {
    for (const { name, logEndOffset } of this.logs)
      if ((this.cleanerOffsets.get(name) ?? 0) > logEndOffset)
        this.cleanerOffsets.set(name, logEndOffset)
    this.writeRecoveryPoints(true)
    this.writeHighWatermarks(true)
    this.writeCleanerOffsets(true)
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
    if (this.disk.failure) return
    this.#writes.set(name, (this.#writes.get(name) ?? 0) + 1)
    const bytes = this.#format(offsetOf)
    if (!sync && this.#written.get(name)?.equals(bytes)) return
    const path = `${this.path}/${checkpointFiles[name]}`
    try {
      this.#synced.delete(name)
      this.#env.files.replaceFile(path, bytes, sync)
      this.#written.set(name, bytes)
      if (sync) this.#synced.add(name)
    } catch (error) {
      const because = (error as Error).message
      // Something that comes next would be wrong without it.
      if (sync) throw new StorageError(`${path} is not written: ${because}`, { cause: error })
      // Appends to open files would go on for ever in a directory that is gone or read-only.
      if (!mayPass(error)) this.disk.fail(`Writing ${path} failed`, error)
      else this.#env.log.warn('Checkpoint is not written', { path, because })
    }
  }

  #format(offsetOf: (log: Log) => number | undefined): Buffer {
    const entries: OffsetOfPartition[] = []
    for (const log of this.logs) {
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
    const path = `${this.path}/${checkpointFiles[name]}`
    const beside = `${path}.new` // Not the name that is used by writes at once.
    try {
      for (;;) {
        if (this.disk.failure || this.#lock === undefined) return
        const writes = this.#writes.get(name)
        const bytes = this.#format(offsetOf)
        if (this.#synced.has(name) && this.#written.get(name)?.equals(bytes)) return
        await this.#writeNew(beside, bytes)
        // What was written at once meanwhile is newer.
        if (writes !== this.#writes.get(name) || this.#lock === undefined) continue
        this.#synced.delete(name)
        this.#env.files.rename(beside, path)
        this.#written.set(name, bytes)
        await this.disk.syncDirectoryLater(this.path)
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

  writeCheckpoints(sync: boolean): void {
    this.writeRecoveryPoints(sync)
    this.writeLogStarts(sync)
    this.writeHighWatermarks(sync)
    this.writeCleanerOffsets(sync)
  }

  /** Closes several logs at a time, so that their syncs overlap. Rejects with StorageError. */
  closeLogs(): Promise<void> {
    return this.#eachLog((log) => log.close())
  }

  async #eachLog(run: (log: Log) => Promise<void>): Promise<void> {
    const logs = this.logs.values()
    const running = Array.from({ length: syncedAtOnce }, async () => {
      for (const log of logs) await run(log)
    })
    const failed = (await Promise.allSettled(running)).find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason
  }

  /** The last step of a clean stop, when every log is closed. */
  markClean(brokerEpoch: number): void {
    if (this.disk.failure) return
    this.writeCheckpoints(true)
    this.#env.files.replaceFile(`${this.path}/${cleanShutdownFile}`, markOf(brokerEpoch))
  }

  release(): void {
    this.disk.close()
    this.#lock?.release()
    this.#lock = undefined
  }
}

const recoveryPointOf = ({ recoveryPoint }: Log) => recoveryPoint
const highWatermarkOf = ({ highWatermark }: Log) => highWatermark
const logStartOf = ({ logStartOffset, segments }: Log) =>
  logStartOffset > segments.first.baseOffset ? logStartOffset : undefined
