/**
 * The logs of a broker, over all directories of `log.dirs`.
 *
 * It opens them (several directories at a time), makes and deletes them, writes the checkpoints, and runs
 * what goes on in the background: retention, compaction, timed syncs. A directory that fails takes its logs
 * offline and no others.
 */
import type { Limit } from '../core/limit.ts'
import type { Env } from '../env/env.ts'
import { Cleaner, type CleanerOptions } from './cleaner.ts'
import type { CheckpointName } from './directory-checkpoints.ts'
import {
  deletedDirectory,
  isDeletedDirectory,
  isTopicName,
  journalDirectory,
  parsePartitionDirectory,
  partitionDirectory,
} from './file-names.ts'
import { createLog, openLog } from './load.ts'
import type { Log } from './log.ts'
import type { LogConfig } from './log-config.ts'
import { LogDirectory } from './log-directory.ts'
import { type LogResources, logResources, StorageError } from './log-disk.ts'
import { Maintenance, type MaintenanceIntervals } from './maintenance.ts'
import { DirectoryError } from './meta-properties.ts'
import { NewLogs } from './new-logs.ts'
import { removeDirectoryLater } from './remove-directory.ts'
import { RetentionClock } from './retention-clock.ts'

export interface LogManagerOptions {
  /** Absolute paths. */
  readonly directories: readonly string[]
  readonly clusterId: string
  readonly nodeId: number
  configOf(topic: string): LogConfig
  /** `cordoned.log.dirs` as it is now: `*` for all. */
  cordonedDirectories?(): readonly string[]
  /** Called once for each directory that goes offline while running. */
  onDirectoryFailure?(path: string, error: Error): void
  readonly openFilesMax?: number
  readonly intervals?: Partial<MaintenanceIntervals>
  readonly cleaner?: Partial<CleanerOptions>
}

/** Not a partition: other programs of a Kafka node keep their things there too. */
const otherNames = new Set(['bootstrap.checkpoint', 'lost+found', journalDirectory])
const progressEveryMs = 5000
/** Of clients: what they ask for may never come. */
const preferencesMax = 100_000

export class LogManager {
  readonly #env: Env
  readonly #options: LogManagerOptions
  readonly #directories: LogDirectory[] = []
  readonly #maintenance: Maintenance
  readonly cleaner: Cleaner
  /** Shared by all directories. */
  readonly resources: LogResources
  /** Where logs that do not exist yet shall be made. */
  readonly #preferred = new Map<string, string>()
  #preferencesRefused = 0
  readonly #newLogs: NewLogs
  #isClosed = false

  /**
   * Throws DirectoryError when a directory is in use, or belongs to another cluster or node. One that cannot
   * be read is offline from the start, unless it is the only one.
   */
  static async open(env: Env, options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(env, options)
    try {
      await manager.#open()
    } catch (error) {
      for (const directory of manager.#directories) directory.release()
      throw error
    }
    return manager
  }

  private constructor(env: Env, options: LogManagerOptions) {
    this.#env = env
    this.#options = options
    this.#newLogs = new NewLogs(env)
    const { openFilesMax } = options
    this.resources = logResources(env, openFilesMax === undefined ? {} : { openFilesMax })
    const clock = new RetentionClock(env, options.directories)
    this.#maintenance = new Maintenance(env, this, clock, options.intervals)
    this.cleaner = new Cleaner(env, this, clock, options.cleaner)
  }

  async #open(): Promise<void> {
    const { directories } = this.#options
    for (const path of directories) this.#directories.push(this.#directory(path, this.resources))
    const opening = this.#directories.map((directory) => this.#openDirectory(directory))
    const failures = (await Promise.allSettled(opening)).flatMap((result) =>
      result.status === 'rejected' ? [result.reason as Error] : [],
    )
    const fatal = failures.find((error) => error instanceof DirectoryError)
    if (fatal) throw fatal
    if (failures.length === directories.length) throw failures[0]!
    this.#maintenance.start()
    this.cleaner.start()
  }

  #directory(path: string, resources: LogResources): LogDirectory {
    return new LogDirectory(this.#env, path, resources, ({ disk }) =>
      this.#options.onDirectoryFailure?.(path, disk.failure!),
    )
  }

  async #openDirectory(directory: LogDirectory): Promise<void> {
    const { disk, path } = directory
    try {
      await directory.acquire(this.#options)
      await this.#loadLogs(directory)
    } catch (error) {
      if (error instanceof DirectoryError) throw error
      throw disk.fail(`Opening ${path} failed`, error)
    }
  }

  async #loadLogs(directory: LogDirectory): Promise<void> {
    const { disk, path, wasClean, checkpoints } = directory
    const recoveryPoints = checkpoints.find('recoveryPoint')
    const logStarts = checkpoints.read('logStart')
    const highWatermarks = checkpoints.read('highWatermark')
    checkpoints.cleanerOffsets = checkpoints.read('cleaner')
    const names = this.#partitionsIn(directory)
    const progress = this.#progress(path, names.length)
    const tooHigh = new Set<CheckpointName>()
    for (const [i, name] of names.entries()) {
      const { topic, partition } = parsePartitionDirectory(name)!
      const other = this.#find(name)
      if (other)
        throw new DirectoryError(
          `Partition ${name} is in two data directories: ${other.disk.path} and ${path}`,
        )
      const place = {
        topic,
        partition,
        directory: `${path}/${name}`,
        config: this.#options.configOf(topic),
      }
      const recoveryPoint = recoveryPoints?.get(name) ?? 0
      const highWatermark = highWatermarks.get(name) ?? 0
      const log = await openLog(disk, place, {
        wasClean,
        isSuspect: directory.hasFailed,
        recoveryPoint,
        logStartOffset: logStarts.get(name) ?? 0,
        highWatermark,
        // Without recovery points, all that the cleaner has done since its last word is unknown.
        compactedTo:
          place.config.cleanupPolicy.compact && recoveryPoints === undefined
            ? Infinity
            : (checkpoints.cleanerOffsets.get(name) ?? 0),
        onProgress: (bytes) => progress(i, bytes),
        onLost: () => directory.noteLoss(),
      })
      this.#add(directory, log)
      if (recoveryPoint > log.recoveryPoint) tooHigh.add('recoveryPoint')
      if (highWatermark > log.highWatermark) tooHigh.add('highWatermark')
      if ((checkpoints.cleanerOffsets.get(name) ?? 0) > log.logEndOffset) tooHigh.add('cleaner')
    }
    checkpoints.lowerAll(tooHigh)
    if (wasClean)
      checkpoints.trust([recoveryPoints, logStarts, highWatermarks, checkpoints.cleanerOffsets])
    if (directory.hasFailed) await directory.recovered()
    if (names.length > 0)
      this.#env.log.info('Logs are open', { directory: path, logs: names.length, wasClean })
  }

  /** The names of partitions in a directory. What is on its way out is removed, all else left alone. */
  #partitionsIn({ disk, path }: LogDirectory): string[] {
    const names: string[] = []
    for (const { name, isDirectory } of this.#env.files.list(path)) {
      if (!isDirectory || otherNames.has(name)) continue
      if (isDeletedDirectory(name)) removeDirectoryLater(disk, `${path}/${name}`, 0)
      else if (parsePartitionDirectory(name)) names.push(name)
      else this.#env.log.warn('Directory is not known and left alone', { path: `${path}/${name}` })
    }
    return names
  }

  /** Tells now and then how far a long recovery is. */
  #progress(directory: string, logs: number): (done: number, bytes: number) => void {
    let toldMs = this.#env.clock.monotonicMs()
    let sum = 0
    return (done, bytes) => {
      sum += bytes
      const nowMs = this.#env.clock.monotonicMs()
      if (nowMs - toldMs < progressEveryMs) return
      toldMs = nowMs
      const mebibytes = Math.round(sum / 2 ** 20)
      this.#env.log.info('Recovering logs', { directory, done, logs, mebibytes })
    }
  }

  #add(directory: LogDirectory, log: Log): void {
    directory.logs.set(log.name, log)
    log.keeper = directory
  }

  get(topic: string, partition: number): Log | undefined {
    return this.#find(partitionDirectory(topic, partition))
  }

  #find(name: string): Log | undefined {
    for (const { logs } of this.#directories) {
      const log = logs.get(name)
      if (log !== undefined) return log
    }
    return undefined
  }

  *logs(): Generator<Log> {
    for (const { logs } of this.#directories) yield* logs.values()
  }

  get directories(): readonly LogDirectory[] {
    return this.#directories
  }

  directoryOf(log: Log): LogDirectory {
    return this.#directories.find(({ disk }) => disk === log.disk)!
  }

  /** Whether it takes no new logs now (`cordoned.log.dirs`, KIP-1066). */
  isCordoned({ path }: LogDirectory): boolean {
    const cordoned = this.#options.cordonedDirectories?.() ?? []
    return cordoned.includes(path) || cordoned.includes('*')
  }

  /** The oldest that a directory knows of; -1 when none does. */
  get previousBrokerEpoch(): number {
    const known = this.#directories.map((d) => d.previousBrokerEpoch).filter((epoch) => epoch >= 0)
    return known.length === 0 ? -1 : Math.min(...known)
  }

  /** See `LogDirectory.noteBrokerEpoch`. */
  noteBrokerEpoch(brokerEpoch: number): void {
    for (const directory of this.#directories) directory.noteBrokerEpoch(brokerEpoch)
  }

  /** The log of this partition, when it is made, shall lie in this directory. Forgotten with the process. */
  prefer(topic: string, partition: number, path: string): void {
    if (this.#preferred.size < preferencesMax)
      this.#preferred.set(partitionDirectory(topic, partition), path)
    else this.#preferencesRefused++
  }

  get preferenceLimit(): Limit {
    const { size: used } = this.#preferred
    return { used, max: preferencesMax, refused: this.#preferencesRefused }
  }

  /**
   * Makes the log of a partition, in the directory that it was to be in or the one with the fewest logs, and in
   * none that is cordoned while there are others. Returns the one that exists, if one does. Throws StorageError, or RangeError for a name that is no topic's.
   */
  create(topic: string, partition: number, topicId: string, config?: LogConfig): Log {
    const existing = this.get(topic, partition)
    if (existing) return identified(existing, topicId)
    if (!isTopicName(topic)) throw new RangeError(`${JSON.stringify(topic)} is no name of a topic`)
    const name = partitionDirectory(topic, partition)
    const directory = this.#directoryForNext(this.#preferred.get(name))
    if (directory === undefined) throw new StorageError('Every log directory is offline')
    this.#preferred.delete(name)
    const place = {
      topic,
      partition,
      directory: `${directory.path}/${name}`,
      config: config ?? this.#options.configOf(topic),
    }
    try {
      directory.checkpoints.forget(name)
      const log = createLog(directory.disk, place, topicId)
      this.#add(directory, log)
      this.#newLogs.add(log)
      return log
    } catch (error) {
      throw new StorageError(`Making ${place.directory} failed: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  #directoryForNext(preferred: string | undefined): LogDirectory | undefined {
    const online = this.#directories.filter(({ disk }) => disk.failure === undefined)
    const open = online.filter((directory) => !this.isCordoned(directory))
    // A replica that was assigned to this broker all the same has to be somewhere, as in Kafka.
    const fit = open.length > 0 ? open : online
    const fewest = fit.toSorted((a, b) => a.logs.size - b.logs.size)[0]
    return fit.find(({ path }) => path === preferred) ?? fewest
  }

  /** Removes the log of a partition: its directory is renamed now and emptied after `fileDeleteDelayMs`. */
  delete(topic: string, partition: number): void {
    const log = this.get(topic, partition)
    if (log === undefined) return
    const directory = this.directoryOf(log)
    directory.removed(log)
    log.abandon()
    if (directory.disk.failure) return
    const uniqueId = this.#env.random.bytes(16).toString('hex')
    const gone = `${directory.path}/${deletedDirectory(topic, partition, uniqueId)}`
    try {
      this.#env.files.rename(log.directory, gone)
      this.#env.files.syncDirectory(directory.path)
    } catch (error) {
      throw directory.disk.fail(`Deleting ${log.directory} failed`, error)
    }
    const isRead = () => log.segments.list.some(({ file }) => file.pinned)
    removeDirectoryLater(directory.disk, gone, log.config.fileDeleteDelayMs, isRead)
  }

  /** Runs retention and compaction now, instead of when their time comes. */
  async maintain(): Promise<void> {
    await this.#maintenance.runOnce()
    await this.cleaner.runOnce()
  }

  /** A clean stop: every log is closed, the checkpoints are written, the directories marked and released. */
  async close(brokerEpoch = -1): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#newLogs.close()
    await Promise.all([this.#maintenance.stop(), this.cleaner.stop()])
    await Promise.all(this.#directories.map((directory) => this.#close(directory, brokerEpoch)))
    this.resources.largeBatches.close()
  }

  async #close(directory: LogDirectory, brokerEpoch: number): Promise<void> {
    try {
      await directory.closeLogs()
      directory.markClean(brokerEpoch)
    } catch (error) {
      this.#env.log.error('Log directory is not closed cleanly', {
        path: directory.path,
        because: (error as Error).message,
      })
    }
    directory.release()
  }
}

/** A log that had lost its topic id has it again, unless that cannot be written: then it is tried with the next start. */
function identified(log: Log, topicId: string): Log {
  try {
    if (log.topicId === undefined) log.writeTopicId(topicId)
  } catch (error) {
    const because = (error as Error).message
    log.disk.env.log.warn('A log goes on without the id of its topic', { log: log.name, because })
  }
  return log
}
