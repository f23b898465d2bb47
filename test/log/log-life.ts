/**
 * The life of a log on a lossy disk, beside a plain model of what must be in it: the batches that were written,
 * where the log starts, what was synced.
 */
import { expect } from 'vitest'
import { buildTransactionMarker } from '../../protocol/control-record.ts'
import { errors } from '../../protocol/errors.ts'
import { batchSizeOf } from '../../protocol/record-batch.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { applyRetention } from '../../src/log/retention.ts'
import { batchesIn, batchOf, headersIn, readAll } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, settled, simulatedEnv } from './simulated-env.ts'
import { clean, place } from './temporary-disk.ts'

interface Batch {
  readonly first: number
  readonly last: number
  readonly bytes: Buffer
  readonly epoch: number
  readonly timestamp: number
  readonly producerId: number
  readonly sequence: number
  readonly transactional: boolean
  /** Of a marker. */
  readonly commits?: boolean
}

const at = place('/', {
  segmentBytes: 600,
  indexIntervalBytes: 150,
  retentionBytes: 1500,
  retentionMs: Infinity,
  messageTimestampAfterMaxMs: Infinity,
  fileDeleteDelayMs: 100,
})

export class LogLife {
  readonly disk = new LossyDisk()
  readonly random: () => number
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
  readonly sequences = new Map<number, number>()
  timestamp = 1000
  /** What the checkpoints of a directory would say. */
  recoveryPoint = 0
  startWritten = 0

  constructor(seed: number) {
    this.random = randomFrom(seed)
    this.log = createLog(new LogDisk(this.env, '/'), at)
    this.disk.files.syncDirectory('/')
    this.watch()
  }

  watch(): void {
    this.log.onTruncate = (offset) => {
      this.recoveryPoint = Math.min(this.recoveryPoint, offset)
    }
    this.log.onLogStart = () => {
      this.startWritten = this.log.logStartOffset
    }
  }

  /** Builds batches, stages them in one turn and writes them with one call. */
  append(kinds: readonly Kind[], fails: boolean): void {
    const { log } = this
    const staged: Batch[] = []
    if (fails)
      this.disk.faults = [{ at: this.disk.calls, kind: 'error', code: 'ENOSPC', partBytes: 70 }]
    for (const kind of kinds) {
      const batch = this.#batch(kind, staged.at(-1)?.last ?? this.end - 1)
      const origin = batch.commits === undefined ? 'client' : 'coordinator'
      const outcome = log.stageAsLeader(batch.bytes, { leaderEpoch: this.epoch, origin })
      if (outcome.errorCode === errors.KAFKA_STORAGE_ERROR.code) break
      expect(outcome).toMatchObject({
        errorCode: 0,
        baseOffset: batch.first,
        lastOffset: batch.last,
      })
      staged.push(batch)
    }
    let isFailed = false
    try {
      log.writeStaged()
    } catch {
      isFailed = true
    }
    this.disk.faults = []
    if (isFailed) expect(fails).toBe(true)
    const written = staged.filter(({ last }) => last < log.logEndOffset)
    this.batches.push(...written)
    // The tail of a write that failed may be on the disk, too.
    this.history.push(...staged)
    if (staged.some(({ last }) => last >= log.logEndOffset)) expect(isFailed).toBe(true)
    if (isFailed) this.#recountSequences()
    this.end = (this.batches.at(-1)?.last ?? this.end - 1) + 1
  }

  #batch({ producerId, count, transactional, ends }: Kind, before: number): Batch {
    this.timestamp += 1 + Math.floor(this.random() * 20)
    const { timestamp, epoch } = this
    const first = before + 1
    const common = { first, epoch, timestamp, producerId }
    if (ends !== undefined && producerId >= 0) {
      const bytes = buildTransactionMarker({
        commit: ends,
        timestamp,
        producerId,
        producerEpoch: 0,
        coordinatorEpoch: 0,
      })
      return { ...common, last: first, bytes, sequence: -1, transactional: true, commits: ends }
    }
    const sequence = producerId < 0 ? -1 : (this.sequences.get(producerId) ?? 0)
    if (producerId >= 0) this.sequences.set(producerId, sequence + count)
    const isTransactional = producerId >= 0 && (transactional || this.#isOpen(producerId))
    const values = Array.from(
      { length: count },
      (_, i) => `${first + i} ${'x'.repeat(this.random() * 40)}`,
    )
    const bytes = batchOf(values, {
      maxTimestamp: timestamp,
      codec: Math.floor(this.random() * 5),
      ...(producerId >= 0 && {
        producerId,
        producerEpoch: 0,
        baseSequence: sequence,
        transactional: isTransactional,
      }),
    })
    return { ...common, last: first + count - 1, bytes, sequence, transactional: isTransactional }
  }

  /** Conservative: once transactional, a producer stays so. */
  #isOpen(producerId: number): boolean {
    return producerId % 2 === 1
  }

  #recountSequences(): void {
    this.sequences.clear()
    for (const batch of this.batches)
      if (batch.sequence >= 0)
        this.sequences.set(batch.producerId, batch.sequence + batch.last - batch.first + 1)
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
    this.#recountSequences()
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

  async flush(): Promise<void> {
    const end = this.end
    await this.log.flush()
    this.synced = end
  }

  checkpoint(): void {
    this.recoveryPoint = this.log.recoveryPoint
    this.startWritten = this.log.logStartOffset
  }

  /** A failed sync: the directory is offline, and only a new process goes on, from what was synced. */
  async failSync(): Promise<void> {
    this.append([{ producerId: -1, count: 1, transactional: false, ends: undefined }], false)
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

  async restart(): Promise<void> {
    this.log.close()
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
    const bytes = await readAll(this.log)
    const first = headersIn(bytes)[0]?.baseOffset ?? this.log.logEndOffset
    const found = [...batchesIn(bytes)].map((at) => {
      const batch = bytes.subarray(at, at + batchSizeOf(bytes, at))
      return this.history.find((one) => one.bytes.equals(batch))
    })
    expect(found).not.toContain(undefined)
    const before = this.batches.filter(({ last }) => last < first)
    const now = [...before, ...(found as Batch[])]
    const isSynced = ({ last }: Batch) => last < this.synced
    expect(now.filter(isSynced)).toEqual(this.batches.filter(isSynced))
    this.batches = now
    this.end = this.log.logEndOffset
    expect(this.end).toBe((now.at(-1)?.last ?? this.end - 1) + 1)
    this.#recountSequences()
  }

  async #open(wasClean: boolean): Promise<void> {
    this.env = simulatedEnv(this.disk)
    const { recoveryPoint, startWritten: logStartOffset, highWatermark } = this
    this.log = await openLog(new LogDisk(this.env, '/'), at, {
      ...clean,
      wasClean,
      recoveryPoint,
      logStartOffset,
      highWatermark,
      compactedTo: 0,
    })
    this.watch()
    // What was not written down comes back, as after a crash of Kafka.
    expect(this.log.logStartOffset).toBeLessThanOrEqual(Math.max(this.start, this.startWritten))
    this.start = this.log.logStartOffset
    this.highWatermark = this.log.highWatermark
    this.epoch += 1
    this.log.assignEpoch(this.epoch)
  }

  /** Everything that can be asked. */
  async check(): Promise<void> {
    const { log, start, end } = this
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([
      start,
      end,
      this.highWatermark,
    ])
    const from = start + Math.floor(this.random() * (end - start + 1))
    const wanted = this.batches.filter(({ last }) => last >= from)
    const options = { upTo: end }
    let next = from
    for (const limit of [1, 300, 5000]) {
      const read = log.read(next, limit, options) ?? (await log.readLater(next, limit, options))
      expect(read.errorCode).toBe(0)
      const offsets = headersIn(read.records).map(({ baseOffset }) => baseOffset)
      const model = this.batches.filter(({ last }) => last >= next).slice(0, offsets.length)
      expect(offsets).toEqual(model.map(({ first }) => first))
      expect(read.records.equals(Buffer.concat(model.map((batch) => stamped(batch))))).toBe(true)
      if (next < end) expect(offsets.length).toBeGreaterThan(0)
      this.#checkFull(limit, model, read.records.length)
      next = model.length > 0 ? model.at(-1)!.last + 1 : next
      read.release()
    }
    this.#checkTransactions(from)
    for (const [producerId, sequence] of this.sequences) {
      const newest = this.batches.findLast(
        (batch) => batch.producerId === producerId && batch.sequence >= 0,
      )
      const known = log.producers.entry(producerId)?.batches.at(-1)
      // Producers whose batches were all deleted may be forgotten.
      if (known && newest && newest.last >= start)
        expect([known.lastSequence, known.lastOffset]).toEqual([sequence - 1, newest.last])
    }
    const timestamp = wanted[0]?.timestamp
    if (timestamp !== undefined) {
      const first = this.batches.find(
        (batch) => batch.timestamp >= timestamp && batch.last >= start,
      )!
      expect(log.offsetForTimestamp(timestamp)?.offset).toBe(Math.max(first.first, start))
    }
  }

  /** A read ends where the next batch does not fit, or is in another segment. */
  #checkFull(limit: number, read: readonly Batch[], bytes: number): void {
    const last = read.at(-1)
    const following = last && this.batches.find(({ first }) => first > last.last)
    const { segments } = this.log
    if (!following || segments.indexFor(following.first) > segments.indexFor(last.first)) return
    expect(bytes + following.bytes.length).toBeGreaterThan(limit)
  }

  #checkTransactions(from: number): void {
    const open = new Map<number, number>()
    const aborted: { producerId: number; firstOffset: number; lastOffset: number }[] = []
    for (const batch of this.batches) {
      if (!batch.transactional) continue
      const firstOffset = open.get(batch.producerId)
      if (batch.commits === undefined) {
        if (firstOffset === undefined) open.set(batch.producerId, batch.first)
      } else if (firstOffset !== undefined) {
        open.delete(batch.producerId)
        if (!batch.commits)
          aborted.push({ producerId: batch.producerId, firstOffset, lastOffset: batch.last })
      }
    }
    const { log } = this
    // One that began before the start of the log may be forgotten.
    const unstable = Math.min(...[...open.values()].filter((offset) => offset >= this.start))
    // An end that is not committed yet still holds readers back.
    expect(log.lastStableOffset).toBeLessThanOrEqual(Math.min(this.highWatermark, unstable))
    const held = aborted.filter(
      ({ firstOffset, lastOffset }) =>
        lastOffset >= from && firstOffset < this.end && firstOffset >= this.start,
    )
    const found = log.abortedTransactions(from, this.end)
    for (const one of held) expect(found).toContainEqual(expect.objectContaining(one))
    for (const one of found)
      expect(
        aborted.some(({ lastOffset }) => lastOffset === one.lastOffset) || one.lastOffset >= 0,
      ).toBe(true)
  }
}

/** The bytes as the leader stamped them: the buffer that was sent is the one that was stamped. */
const stamped = ({ bytes }: Batch): Buffer => bytes

/** What is appended. */
export interface Kind {
  readonly producerId: number
  readonly count: number
  readonly transactional: boolean
  readonly ends: boolean | undefined
}
