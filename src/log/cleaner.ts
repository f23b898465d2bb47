/**
 * Compacts logs in the background, the dirtiest first, one at a time (Kafka's LogCleaner).
 *
 * A log whose compaction meets a damaged batch is left alone until the process starts again: trying it over
 * and over would only read the same bytes. How far each log is compacted stands in
 * `cleaner-offset-checkpoint` of its directory.
 */
import { CompressionError } from '../../protocol/compression.ts'
import { InvalidRecordError } from '../../protocol/records.ts'
import type { Env, Timer } from '../env/env.ts'
import { type CompactionLimits, compact } from './compaction.ts'
import { type CompactionRange, compactionRange, dirtyRatio } from './compaction-range.ts'
import type { Log } from './log.ts'
import type { LogDirectory } from './log-directory.ts'
import { CorruptLogError } from './offset-lookup.ts'
import { AbortedError, Pace, type PaceLimits } from './pace.ts'
import type { RetentionClock } from './retention-clock.ts'

export interface CleanerOptions extends CompactionLimits, PaceLimits {
  /** `log.cleaner.enable` */
  readonly isEnabled: boolean
  /** `log.cleaner.backoff.ms`: how long it waits when there is nothing to do. */
  readonly backoffMs: number
}

export const defaultCleanerOptions: CleanerOptions = {
  isEnabled: true,
  backoffMs: 15_000,
  dedupeBytesMax: 128 * 1024 * 1024,
  loadFactor: 0.9,
  pieceBytes: 512 * 1024,
  bytesPerSecondMax: Infinity,
  // Long enough that giving way costs little, short beside what a produce request takes.
  sliceMs: 0.2,
  // More than 100 MB/s of a log, which is read twice. At full speed a produce beside it takes several times as long at its
  // 99th percentile.
  bytesPerSecondBesideOthersMax: 240_000_000,
}

export interface Cleanable {
  readonly directories: readonly LogDirectory[]
}

interface Candidate {
  readonly log: Log
  readonly directory: LogDirectory
  readonly range: CompactionRange
}

export class Cleaner {
  readonly #env: Env
  readonly #manager: Cleanable
  /** How old records and tombstones are. */
  readonly #clock: RetentionClock
  #options: CleanerOptions
  readonly #uncleanable = new WeakSet<Log>()
  #timer: Timer | undefined
  #pace: Pace | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false
  /** For metrics. */
  readonly totals = { compactions: 0, bytesBefore: 0, bytesAfter: 0, uncleanableLogs: 0 }

  constructor(
    env: Env,
    manager: Cleanable,
    clock: RetentionClock,
    options: Partial<CleanerOptions> = {},
  ) {
    this.#env = env
    this.#clock = clock
    this.#manager = manager
    this.#options = { ...defaultCleanerOptions, ...options }
  }

  get options(): CleanerOptions {
    return this.#options
  }

  /** The limit of bytes and the pause count at once, all else from the next compaction on. */
  updateOptions(options: Partial<CleanerOptions>): void {
    const { backoffMs, isEnabled } = this.#options
    this.#options = { ...this.#options, ...options }
    this.#pace?.update(this.#options)
    if (backoffMs === this.#options.backoffMs && isEnabled === this.#options.isEnabled) return
    if (this.#timer === undefined) return // It is at work, or was not started.
    this.#timer.cancel()
    this.start()
  }

  start(): void {
    if (this.#isStopped) return
    this.#timer = this.#env.timers.after(this.#options.backoffMs, () => {
      this.#timer = undefined
      this.runOnce().then(
        () => this.start(),
        () => this.start(),
      )
    })
  }

  /** Compacts until no log is dirty enough. */
  runOnce(): Promise<void> {
    this.#running = this.#running.then(() => this.#run())
    return this.#running
  }

  async #run(): Promise<void> {
    const failed = new Set<Log>()
    while (this.#options.isEnabled && !this.#isStopped) {
      const candidate = this.#dirtiest(failed)
      if (candidate === undefined) return
      if (!(await this.#compact(candidate))) failed.add(candidate.log)
    }
  }

  /** Whether this log was given up for damage. */
  isUncleanable(log: Log): boolean {
    return this.#uncleanable.has(log)
  }

  #dirtiest(failed: ReadonlySet<Log>): Candidate | undefined {
    const nowMs = this.#clock.now()
    let best: Candidate | undefined
    let bestRatio = -1
    for (const directory of this.#manager.directories) {
      if (directory.disk.failure !== undefined) continue
      for (const log of directory.logs.values()) {
        if (!log.config.cleanupPolicy.compact || this.#uncleanable.has(log) || failed.has(log))
          continue
        const range = this.#rangeOf(directory, log, nowMs)
        if (range === undefined) continue
        const ratio = dirtyRatio(range)
        const isDue = range.isOverdue ? ratio > 0 : ratio > log.config.minCleanableDirtyRatio
        if (!isDue || ratio <= bestRatio) continue
        best = { log, directory, range }
        bestRatio = ratio
      }
    }
    return best
  }

  #rangeOf(directory: LogDirectory, log: Log, nowMs: number): CompactionRange | undefined {
    try {
      return compactionRange(log, directory.checkpoints.cleanerOffsets.get(log.name), nowMs)
    } catch (error) {
      this.#giveUp(log, error as Error)
      return undefined
    }
  }

  /** False when it was not possible; logged. */
  async #compact({ log, directory, range }: Candidate): Promise<boolean> {
    const { clock, log: lines } = this.#env
    const startMs = clock.monotonicMs()
    this.#pace = new Pace(this.#env, this.#options, () => log.disk.resources.demand.count)
    try {
      const result = await compact(log, range, this.#options, this.#pace, this.#clock.now())
      if (result.endOffset <= range.firstDirtyOffset) {
        this.#giveUp(log, new Error('one batch has more keys than log.cleaner.dedupe.buffer.size'))
        return false
      }
      directory.checkpoints.cleanerOffsets.set(log.name, result.endOffset)
      directory.checkpoints.writeCleanerOffsets(false)
      this.totals.compactions++
      this.totals.bytesBefore += result.bytesBefore
      this.totals.bytesAfter += result.bytesAfter
      const ms = Math.round(clock.monotonicMs() - startMs)
      lines.info('Log is compacted', { log: log.name, from: range.firstDirtyOffset, ...result, ms })
      return true
    } catch (error) {
      this.#failed(log, error as Error)
      return false
    } finally {
      this.#pace = undefined
    }
  }

  #failed(log: Log, error: Error): void {
    const isDamage =
      error instanceof CorruptLogError ||
      error instanceof InvalidRecordError ||
      error instanceof CompressionError ||
      (error as NodeJS.ErrnoException).code === 'EIO'
    if (isDamage) this.#giveUp(log, error)
    else if (error instanceof AbortedError)
      this.#env.log.debug('Compaction is put off', { log: log.name, because: error.message })
    else
      this.#env.log.error('Compaction failed and is tried again later', {
        log: log.name,
        because: error.message,
      })
  }

  #giveUp(log: Log, error: Error): void {
    this.#uncleanable.add(log)
    this.totals.uncleanableLogs++
    this.#env.log.error('Log cannot be compacted and is left as it is until the next start', {
      log: log.name,
      because: error.message,
    })
  }

  /** Gives up what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#pace?.abort()
    await this.#running
  }
}
