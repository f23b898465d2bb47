/**
 * The life of a log on a lossy disk, beside a plain model of what must be in it: the batches that were written,
 * where the log starts, what was synced.
 */
import { expect } from 'vitest'
import { errors } from '../../protocol/errors.ts'
import { batchSizeOf, stampBatch } from '../../protocol/record-batch.ts'
import { defaultCleanerOptions } from '../../src/log/cleaner.ts'
import { closedSyncDelayMs } from '../../src/log/closed-segments.ts'
import { compact } from '../../src/log/compaction.ts'
import { compactionRange } from '../../src/log/compaction-range.ts'
import { createLog, type LogPlace, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import type { LogConfig } from '../../src/log/log-config.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { Pace } from '../../src/log/pace.ts'
import { applyRetention } from '../../src/log/retention.ts'
import { type Finding, verify } from '../../src/log/verify.ts'
import { batchesIn, batchOf, readAll } from './batches.ts'
import { compactModel, type ModelRecord } from './compaction-model.ts'
import { type Batch, batchFrom, dataOf, type Kind, LifeProducers } from './log-life-batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, settled, simulatedEnv } from './simulated-env.ts'
import { clean, place } from './temporary-disk.ts'

const deleteRetentionMs = 400
const config = {
  segmentBytes: 600,
  indexIntervalBytes: 150,
  retentionBytes: 1500,
  retentionMs: Infinity,
  messageTimestampAfterMaxMs: Infinity,
  fileDeleteDelayMs: 100,
  deleteRetentionMs,
}

/** What lives differ in. */
export interface Setting {
  readonly compact: boolean
  readonly delete: boolean
  readonly preallocate: boolean
  /** Every append is synced. */
  readonly durable: boolean
}

export class LogLife {
  readonly disk = new LossyDisk()
  readonly random: () => number
  readonly setting: Setting
  readonly #place: LogPlace
  readonly producers: LifeProducers
  env = simulatedEnv(this.disk)
  log: Log
  batches: Batch[] = []
  /** All that was ever handed to a write. */
  readonly history: Batch[] = []
  start = 0
  end = 0
  synced = 0
  epoch = 0
  highWatermark = 0
  timestamp = 1000
  /** What the checkpoints of a directory would say. */
  recoveryPoint = 0
  startWritten = 0
  compactedTo = 0
  compactedToWritten = 0
  /** What the next start does not find any more. */
  #lost: readonly string[] = []

  constructor(seed: number, setting: Setting) {
    this.random = randomFrom(seed)
    this.setting = setting
    this.producers = new LifeProducers(this.random)
    const { compact, preallocate, durable } = setting
    this.#place = place('/', {
      ...config,
      preallocate,
      cleanupPolicy: { compact, delete: setting.delete },
      ...(durable && { flushMessages: 1 }),
    })
    this.log = createLog(new LogDisk(this.env, '/'), this.#place)
    this.disk.files.syncDirectory('/')
    this.watch()
  }

  watch(): void {
    this.log.keeper = {
      beforeTruncation: (_, offset) => {
        this.recoveryPoint = Math.min(this.recoveryPoint, offset)
      },
      startMoved: ({ logStartOffset }) => {
        this.startWritten = logStartOffset
      },
      beforeReplacement: ({ recoveryPoint }) => {
        this.recoveryPoint = recoveryPoint
      },
    }
  }

  /** Builds batches, stages them in one turn and writes them with one call. */
  async append(kinds: readonly Kind[], fails: boolean): Promise<void> {
    const { log } = this
    const staged: Batch[] = []
    let isRefused = false
    if (fails)
      this.disk.faults = [{ at: this.disk.calls, kind: 'error', code: 'ENOSPC', partBytes: 70 }]
    for (const kind of kinds) {
      const first = (staged.at(-1)?.last ?? this.end - 1) + 1
      const batch = this.producers.batch(kind, first, this.epoch)
      const origin = batch.commits === undefined ? 'client' : 'coordinator'
      const outcome = log.stageAsLeader(batch.bytes, { leaderEpoch: this.epoch, origin })
      // A segment could not be rolled for it; those before it may have been written.
      isRefused = fails && outcome.errorCode === errors.KAFKA_STORAGE_ERROR.code
      if (isRefused) break
      expect(outcome).toMatchObject({
        errorCode: 0,
        baseOffset: batch.first,
        lastOffset: batch.last,
      })
      staged.push(batch)
    }
    await this.#write(staged, fails)
    if (isRefused) this.producers.recount(this.batches)
  }

  /** Batches as a leader has them, perhaps with offsets missing before each where the topic is compacted. */
  async follow(kinds: readonly Kind[], holes: readonly number[]): Promise<void> {
    const batches: Batch[] = []
    for (const [i, kind] of kinds.entries()) {
      const first =
        (batches.at(-1)?.last ?? this.end - 1) + 1 + (this.setting.compact ? (holes[i] ?? 0) : 0)
      const batch = this.producers.batch(kind, first, this.epoch)
      stampBatch(batch.bytes, 0, first, this.epoch)
      batches.push(batch)
    }
    const outcome = this.log.stageAsFollower(Buffer.concat(batches.map(({ bytes }) => bytes)))
    expect(outcome).toMatchObject({ errorCode: 0, lastOffset: batches.at(-1)!.last })
    await this.#write(batches, false)
  }

  async #write(staged: readonly Batch[], mayFail: boolean): Promise<void> {
    const { log } = this
    let isFailed = false
    try {
      log.writeStaged()
    } catch (error) {
      // Only what was made to fail does.
      if (!mayFail) throw error
      isFailed = true
    }
    this.disk.faults = []
    const written = staged.filter(({ last }) => last < log.logEndOffset)
    if (written.length < staged.length) expect(isFailed).toBe(true)
    this.batches.push(...written)
    // The tail of a write that failed may be on the disk, too.
    this.history.push(...staged)
    if (isFailed) this.producers.recount(this.batches)
    this.end = written.length > 0 ? written.at(-1)!.last + 1 : this.end
    const durable = log.durable()
    if (durable === undefined) return
    await durable
    this.synced = this.end
  }

  /** A client sends again what it sent before, or something that cannot follow. */
  retry(what: 'again' | 'gap' | 'oldEpoch', producerId: number): void {
    const newest = this.batches.findLast(
      (batch) => batch.producerId === producerId && batch.sequence >= 0,
    )
    if (newest === undefined || newest.last < this.start) return
    if (what === 'oldEpoch' && newest.producerEpoch === 0) return
    const bytes = this.producers.retried(what, newest)
    const outcome = this.log.stageAsLeader(bytes, { leaderEpoch: this.epoch, origin: 'client' })
    this.log.writeStaged()
    const { INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER } = errors
    expect(outcome).toMatchObject(
      {
        again: {
          errorCode: 0,
          isDuplicate: true,
          baseOffset: newest.first,
          lastOffset: newest.last,
        },
        gap: { errorCode: OUT_OF_ORDER_SEQUENCE_NUMBER.code },
        oldEpoch: { errorCode: INVALID_PRODUCER_EPOCH.code },
      }[what],
    )
  }

  /** Until the next restart. */
  configure(change: Partial<LogConfig>): void {
    this.log.updateConfig({ ...this.log.config, ...change })
  }

  commit(part: number): void {
    const target = this.highWatermark + Math.floor(part * (this.end - this.highWatermark + 1))
    const at = this.batches.findLast(({ last }) => last < target)
    this.highWatermark = Math.max(this.highWatermark, at === undefined ? 0 : at.last + 1)
    this.log.highWatermark = this.highWatermark
  }

  truncate(part: number): void {
    const offset = this.highWatermark + Math.floor(part * (this.end - this.highWatermark + 1))
    this.log.truncateTo(offset)
    this.#cutAt(this.log.logEndOffset)
    expect(this.log.logEndOffset).toBeLessThanOrEqual(offset)
  }

  #cutAt(end: number): void {
    this.batches = this.batches.filter(({ last }) => last < end)
    this.end = end
    this.synced = Math.min(this.synced, end)
    this.recoveryPoint = Math.min(this.recoveryPoint, end)
    this.producers.recount(this.batches)
  }

  deleteRecords(part: number): void {
    const offset = this.start + Math.floor(part * (this.highWatermark - this.start + 1))
    this.log.deleteRecordsBefore(offset)
    this.start = Math.max(this.start, offset)
  }

  retain(): void {
    applyRetention(this.log, this.disk.wallMs)
    expect(this.log.logStartOffset).toBeLessThanOrEqual(this.highWatermark)
    this.start = Math.max(this.start, this.log.logStartOffset)
  }

  /** Long enough for what was closed to be removed or synced. */
  async pass(): Promise<void> {
    await this.env.pass(closedSyncDelayMs)
    this.start = Math.max(this.start, this.log.logStartOffset)
  }

  async flush(): Promise<void> {
    const end = this.end
    await this.log.flush()
    this.synced = end
  }

  /** What compaction leaves is what the plain model of it leaves. */
  async compact(): Promise<void> {
    const { log, start } = this
    if (!this.setting.compact) return
    const nowMs = this.env.clock.wallMs()
    const range = compactionRange(log, this.compactedTo, nowMs)
    if (range.dirtyBytes === 0) return
    const limits = { ...defaultCleanerOptions, dedupeBytesMax: 4096 }
    const { endOffset } = await compact(log, range, limits, new Pace(this.env, limits), nowMs)
    const model = compactModel(dataOf(this.batches), endOffset, nowMs, deleteRetentionMs)
    const left = await this.#found()
    const records = (batches: readonly { readonly records: readonly ModelRecord[] }[]) =>
      batches.flatMap((batch) => batch.records).filter(({ offset }) => offset >= start)
    expect(records(left)).toEqual(records(model))
    this.batches = [...this.batches.filter(({ last }) => last < start), ...left]
    this.history.push(...left)
    this.compactedTo = endOffset
    this.synced = Math.max(this.synced, log.recoveryPoint)
  }

  checkpoint(): void {
    this.compactedToWritten = this.compactedTo
    this.recoveryPoint = this.log.recoveryPoint
    this.startWritten = this.log.logStartOffset
  }

  /** A failed sync: the directory is offline, and only a new process goes on, from what was synced. */
  async failSync(): Promise<void> {
    this.log.updateConfig({ ...this.log.config, flushMessages: Infinity })
    await this.append([{ producerId: -1, count: 1, ends: undefined, bumps: false }], false)
    const call = this.disk.calls
    // Names and epochs may be written before the data is synced: one of the calls fails.
    this.disk.faults = [0, 1, 2, 3].map((i) => ({ at: call + i, kind: 'error', code: 'EIO' }))
    await expect(this.log.flush()).rejects.toThrow('EIO')
    this.disk.faults = []
    expect(
      this.log.stageAsLeader(batchOf(['x']), { leaderEpoch: this.epoch, origin: 'client' })
        .errorCode,
    ).toBe(errors.KAFKA_STORAGE_ERROR.code)
    await expect(this.log.flush()).rejects.toThrow()
    await this.crash(true)
  }

  /** As `restart` or `crash`, and files are gone that the log can be told without. */
  async restartWithout(suffixes: readonly string[], isClean: boolean): Promise<void> {
    this.#lost = suffixes
    await (isClean ? this.restart() : this.crash(false))
    this.#lost = []
  }

  async restart(): Promise<void> {
    await this.log.close()
    const sum = { logs: 0, segments: 0, batches: 0, bytes: 0 }
    const found = [...verify(this.disk.files, this.log.directory, sum, () => {})]
    // A snapshot is not synced: what a power loss has left of one stays until it would be used.
    const isWrong = ({ isRemark, path }: Finding) => !isRemark && !path.endsWith('.snapshot')
    expect(found.filter(isWrong)).toEqual([])
    this.compactedToWritten = this.compactedTo
    this.recoveryPoint = this.log.recoveryPoint
    expect(this.recoveryPoint).toBe(this.end)
    this.synced = this.end
    await this.#open(true)
    expect(this.log.logEndOffset).toBe(this.end)
  }

  async crash(losesPower: boolean): Promise<void> {
    this.disk.kill()
    await settled()
    this.disk.restart()
    if (losesPower) this.disk.losePower(this.random)
    await this.#open(false)
    if (losesPower) await this.#takeOver()
    expect(this.log.logEndOffset).toBe(this.end)
    this.synced = Math.min(this.synced, this.end)
    this.highWatermark = Math.min(this.highWatermark, this.end)
  }

  /**
   * After a power loss: what was synced is there. Behind it may be anything that was written once, also what
   * a truncation had removed that was not synced.
   */
  async #takeOver(): Promise<void> {
    const left = await this.#found()
    const first = Math.min(left[0]?.first ?? Infinity, this.log.logStartOffset)
    const found = left.map(({ bytes }) => this.history.find((one) => one.bytes.equals(bytes)))
    expect(found).not.toContain(undefined)
    const before = this.batches.filter(({ last }) => last < first)
    const now = [...before, ...(found as Batch[])]
    const isSynced = ({ last }: Batch) => last < this.synced
    expect(now.filter(isSynced)).toEqual(this.batches.filter(isSynced))
    this.batches = now
    this.end = this.log.logEndOffset
    const last = (now.at(-1)?.last ?? this.end - 1) + 1
    expect(this.setting.compact ? this.end >= last : this.end === last).toBe(true)
    this.producers.recount(this.batches)
  }

  /** Every batch that the log has. */
  async #found(): Promise<Batch[]> {
    const bytes = await readAll(this.log)
    return [...batchesIn(bytes)].map((at) =>
      batchFrom(Buffer.from(bytes.subarray(at, at + batchSizeOf(bytes, at)))),
    )
  }

  async #open(wasClean: boolean): Promise<void> {
    for (const path of this.disk.paths)
      if (this.#lost.some((suffix) => path.endsWith(suffix))) this.disk.files.unlink(path)
    this.env = simulatedEnv(this.disk)
    const { recoveryPoint, startWritten: logStartOffset, highWatermark } = this
    this.log = await openLog(new LogDisk(this.env, '/'), this.#place, {
      ...clean,
      wasClean,
      recoveryPoint,
      logStartOffset,
      highWatermark,
      compactedTo: this.compactedToWritten,
    })
    this.compactedTo = this.compactedToWritten
    this.watch()
    // What was not written down comes back, as after a crash of Kafka.
    expect(this.log.logStartOffset).toBeLessThanOrEqual(Math.max(this.start, this.startWritten))
    this.start = this.log.logStartOffset
    this.highWatermark = this.log.highWatermark
    this.epoch += 1
    this.log.assignEpoch(this.epoch)
  }
}
