/** One directory of `log.dirs`: its lock, its identity, its logs and checkpoints, and the mark of a clean stop. */
import type { Env, Lock } from '../env/env.ts'
import { DirectoryCheckpoints } from './directory-checkpoints.ts'
import {
  brokerEpochFile,
  brokerEpochIn,
  cleanShutdownFile,
  identityIn,
  markOf,
} from './directory-marks.ts'
import type { Log } from './log.ts'
import { LogDisk, type LogResources } from './log-disk.ts'
import type { LogKeeper } from './log-keeper.ts'
import {
  checkMetaProperties,
  DirectoryError,
  metaPropertiesPath,
  readMetaProperties,
  writeMetaProperties,
} from './meta-properties.ts'

const lockFile = '.lock'
const failedFile = '.ottla_failed'
const noteAgainMs = 250

/** Logs that are synced at a time: more than the thread pool has threads, so that none of them waits for the loop. */
const syncedAtOnce = 32

export class LogDirectory implements LogKeeper {
  readonly disk: LogDisk
  /** By `topic-partition`. */
  readonly logs = new Map<string, Log>()
  readonly checkpoints: DirectoryCheckpoints
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
  /** The epoch that is to be written down. */
  #brokerEpoch = -1
  /** Log starts are written at the end of this turn. */
  #writesStarts = false
  #isClosing = false
  readonly #env: Env
  #lock: Lock | undefined

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
    this.checkpoints = new DirectoryCheckpoints(env, this.disk, this.logs)
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

  /** Written once for all partitions of a request. */
  startMoved(): void {
    if (this.#writesStarts) return
    this.#writesStarts = true
    this.#env.timers.soon(() => {
      this.#writesStarts = false
      if (!this.#isClosing) this.#writeStarts()
    })
  }

  #writeStarts(): void {
    // The next timer tries it again. Until then a crash would bring back what was deleted.
    this.checkpoints
      .writeLogStartsLater()
      .catch((error: Error) =>
        this.#env.log.warn('Log starts are not written', { because: error.message }),
      )
  }

  beforeTruncation(log: Log, offset: number): void {
    this.checkpoints.lower(log, offset)
  }

  beforeReplacement(): Promise<void> {
    return this.checkpoints.writeRecoveryPointsLater()
  }

  removed(log: Log): void {
    if (this.logs.get(log.name) === log) this.logs.delete(log.name)
    this.checkpoints.removed(log)
  }

  /** Closes several logs at a time, so that their syncs overlap. Rejects with StorageError. */
  closeLogs(): Promise<void> {
    this.#isClosing = true
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
    this.checkpoints.writeAll(true)
    this.#env.files.replaceFile(`${this.path}/${cleanShutdownFile}`, markOf(brokerEpoch))
  }

  release(): void {
    this.checkpoints.close()
    this.disk.close()
    this.#lock?.release()
    this.#lock = undefined
  }
}
