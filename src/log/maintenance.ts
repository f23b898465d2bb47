/**
 * What goes on in the background of a broker's logs, by timers: checkpoints, retention, timed syncs. Work
 * over many logs gives way to other events after each few milliseconds.
 */
import type { Env, Timer } from '../env/env.ts'
import type { Log } from './log.ts'
import type { LogDirectory } from './log-directory.ts'
import { applyRetention } from './retention.ts'
import type { RetentionClock } from './retention-clock.ts'

export interface MaintenanceIntervals {
  /** `log.retention.check.interval.ms` */
  readonly retentionMs: number
  /** `replica.high.watermark.checkpoint.interval.ms` */
  readonly highWatermarkMs: number
  /** `log.flush.offset.checkpoint.interval.ms` */
  readonly recoveryPointMs: number
  /** `log.flush.start.offset.checkpoint.interval.ms` */
  readonly logStartMs: number
  /** `log.flush.scheduler.interval.ms`, for topics with `flush.ms`. */
  readonly flushMs: number
  /** `producer.id.expiration.check.interval.ms` */
  readonly producersMs: number
  /** `log.initial.task.delay.ms`: the first of these comes after this time at the latest. */
  readonly initialMs: number
}

const defaults: MaintenanceIntervals = {
  retentionMs: 300_000,
  highWatermarkMs: 5000,
  recoveryPointMs: 60_000,
  logStartMs: 60_000,
  flushMs: 1000,
  producersMs: 600_000,
  initialMs: 30_000,
}

/** How long work over many logs may hold up the loop. */
const sliceMs = 5

export interface Maintained {
  logs(): Iterable<Log>
  readonly directories: readonly LogDirectory[]
}

export class Maintenance {
  readonly #env: Env
  readonly #manager: Maintained
  readonly #intervals: MaintenanceIntervals
  readonly #clock: RetentionClock
  readonly #timers = new Set<Timer>()
  /** Runs one at a time. */
  #running: Promise<void> = Promise.resolve()
  #isStopped = false
  #flushedMs = new WeakMap<Log, number>()

  constructor(
    env: Env,
    manager: Maintained,
    clock: RetentionClock,
    intervals: Partial<MaintenanceIntervals> = {},
  ) {
    this.#env = env
    this.#manager = manager
    this.#intervals = { ...defaults, ...intervals }
    this.#clock = clock
  }

  start(): void {
    const { retentionMs, highWatermarkMs, recoveryPointMs, logStartMs, flushMs, producersMs } =
      this.#intervals
    const { directories } = this.#manager
    this.#every(highWatermarkMs, () => {
      for (const directory of directories) directory.checkpoints.writeHighWatermarks(false)
    })
    this.#every(recoveryPointMs, () => {
      for (const directory of directories) directory.checkpoints.writeRecoveryPoints(false)
    })
    this.#every(logStartMs, () => {
      for (const directory of directories) directory.checkpoints.writeLogStarts(false)
    })
    this.#every(flushMs, () => this.#flushDue())
    this.#every(producersMs, () => {
      const nowMs = this.#clock.now()
      for (const log of this.#manager.logs()) log.expireProducers(nowMs)
    })
    this.#every(retentionMs, () => this.runOnce())
  }

  #every(intervalMs: number, run: () => void | Promise<void>): void {
    const again = () => arm(intervalMs)
    const arm = (delayMs: number) => {
      if (this.#isStopped) return
      const timer = this.#env.timers.after(delayMs, () => {
        this.#timers.delete(timer)
        // As in Kafka, an interval of 0 means once.
        const next = intervalMs > 0 ? again : () => {}
        Promise.resolve(run()).then(next, next)
      })
      this.#timers.add(timer)
    }
    arm(Math.min(intervalMs, this.#intervals.initialMs))
  }

  /** Retention of every log. */
  runOnce(): Promise<void> {
    this.#running = this.#running.then(() => this.#retain())
    return this.#running
  }

  async #retain(): Promise<void> {
    this.#clock.note(this.#manager.directories)
    let startMs = this.#env.clock.monotonicMs()
    for (const log of this.#manager.logs()) {
      if (this.#isStopped) return
      if (log.disk.failure === undefined)
        this.#guarded(log, () => applyRetention(log, this.#clock.now()))
      if (this.#env.clock.monotonicMs() - startMs < sliceMs) continue
      await new Promise<void>((resolve) => this.#env.timers.soon(resolve))
      startMs = this.#env.clock.monotonicMs()
    }
  }

  #guarded(log: Log, run: () => void): void {
    try {
      run()
    } catch (error) {
      const because = (error as Error).message
      this.#env.log.error('Retention failed', { log: log.name, because })
    }
  }

  /** Syncs logs that have waited for `flush.ms`. */
  #flushDue(): void {
    const nowMs = this.#env.clock.monotonicMs()
    for (const log of this.#manager.logs()) {
      if (log.config.flushMs === Infinity || !log.flusher.isDirty) continue
      if (nowMs - (this.#flushedMs.get(log) ?? -Infinity) < log.config.flushMs) continue
      this.#flushedMs.set(log, nowMs)
      log.flush().catch(() => {}) // The directory is offline then.
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers) timer.cancel()
    await this.#running
    this.#clock.note(this.#manager.directories, true)
  }
}
