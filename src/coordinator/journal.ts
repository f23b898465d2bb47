/**
 * The embedded store: a log of `src/log` in one directory, written by one coordinator.
 *
 *     00000000000000000000.log …         the records, one after the other; their offset is the revision
 *     <revision>-<generation>.checkpoint the whole state at a revision, as record batches too
 *     .reserve                           room for a full disk: see `reserve.ts`
 *     leader-epoch-checkpoint            the generations: each coordinator writes in its own leader epoch
 *     .lock                              held while it is open
 *
 * A transaction is answered after its batch has been synced; all that arrive during one sync share
 * the next one. After a failed write or sync nothing is trusted: every later call rejects, and a
 * restart reads what is really there. A torn end is cut; damage anywhere else is reported with file
 * and position, and the coordinator does not start. A damaged snapshot is made up for by the one
 * before it, whose records are kept for that.
 */
import { Reader } from '../../protocol/bytes.ts'
import { type ClusterRecord, readRecord } from '../../protocol/coordinator/record.ts'
import { batchSizeOf } from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import type { Env, Lock } from '../env/env.ts'
import { createLog, openLog } from '../log/load.ts'
import type { Log } from '../log/log.ts'
import { defaultLogConfig, type LogConfig } from '../log/log-config.ts'
import { LogDisk, StorageError } from '../log/log-disk.ts'
import { batchOf, refuseDamage } from './journal-batches.ts'
import {
  readSnapshot,
  removeSnapshotsBefore,
  snapshotBytes,
  snapshotPath,
} from './journal-snapshot.ts'
import type { MetaState, MetaStore } from './meta-store.ts'
import { Reserve } from './reserve.ts'

/** Nothing is deleted but by snapshots, and one transaction may be large. */
const config: LogConfig = {
  ...defaultLogConfig,
  retentionMs: Infinity,
  segmentMs: Infinity,
  maxMessageBytes: 2 ** 30 - 1,
  unpackedBytesMax: 2 ** 30,
}
const place = { topic: '__cluster_metadata', partition: 0, config }
const readBytes = 1024 * 1024

/** Between two looks whether a full disk has room again. */
const fullRetryMs = 500

export class Journal implements MetaStore {
  bytesSinceSnapshot = 0
  readonly #env: Env
  readonly #directory: string
  #lock: Lock | undefined
  #log: Log | undefined
  #generation = 0
  #queue: Transaction[] = []
  #snapshotDue: { revision: number; records: ClusterRecord[] } | undefined
  #draining = false
  #syncing: Promise<void> | undefined
  #failure: Error | undefined
  #closing = false
  readonly #reserve: Reserve

  constructor(env: Env, directory: string) {
    this.#env = env
    this.#directory = directory
    this.#reserve = new Reserve(env, directory)
  }

  get isShortOfRoom(): boolean {
    return !this.#reserve.isThere
  }

  async open(): Promise<MetaState> {
    const { files } = this.#env
    files.makeDirectory(this.#directory)
    const lockPath = `${this.#directory}/.lock`
    this.#lock = await files.lock(lockPath)
    if (this.#lock === undefined) {
      const holder = files.readFile(lockPath).toString().trim()
      throw new Error(
        `Data directory ${this.#directory} is in use by another process${holder && ` (pid ${holder})`}`,
      )
    }
    try {
      const state = await this.#load()
      this.#reserve.keep()
      return state
    } catch (error) {
      this.#lock.release()
      throw error
    }
  }

  txn(records: readonly ClusterRecord[]): Promise<'applied' | 'refused'> {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#queue.push({ records, done: { resolve, reject } })
      this.#startDrain()
    })
  }

  snapshot(revision: number, records: Iterable<ClusterRecord>): void {
    this.#snapshotDue = { revision, records: [...records] }
    this.#startDrain()
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#reserve.close()
    await this.#syncing
    const failed = this.#failure !== undefined
    this.#failure ??= new Error('The journal is closed')
    if (failed) this.#log?.release()
    else await this.#log?.close()
    this.#lock?.release()
  }

  #startDrain(): void {
    if (this.#draining) return
    this.#draining = true
    this.#syncing = this.#drain()
  }

  async #drain(): Promise<void> {
    const log = this.#log as Log
    while (this.#failure === undefined) {
      if (this.#snapshotDue?.revision === log.logEndOffset) this.#writeSnapshot(this.#snapshotDue)
      if (this.#queue.length === 0) break
      const group = this.#nextGroup(log.logEndOffset)
      try {
        await this.#appendWhenRoom(
          log,
          group.flatMap((txn) => txn.records),
        )
        await log.flush()
        for (const { done } of group) done.resolve('applied')
      } catch (error) {
        this.#failure = new Error(`The coordinator's journal failed: ${(error as Error).message}`)
        for (const { done } of [...group, ...this.#queue]) done.reject(this.#failure)
        this.#queue = []
      }
    }
    this.#draining = false
  }

  /** All that waits, but not beyond the revision of a snapshot: a segment begins there. */
  #nextGroup(revision: number): Transaction[] {
    const limit = this.#snapshotDue?.revision ?? Infinity
    let end = revision
    let count = 0
    while (count < this.#queue.length && end < limit) end += this.#queue[count++]!.records.length
    return this.#queue.splice(0, count)
  }

  /** A full disk has lost nothing yet: what waits is written when there is room again. */
  async #appendWhenRoom(log: Log, records: readonly ClusterRecord[]): Promise<void> {
    for (;;) {
      try {
        this.#append(log, records)
        return
      } catch (error) {
        const full = error instanceof StorageError && log.disk.failure === undefined
        if (!full || this.#closing) throw error
        if (this.#reserve.giveUp()) continue
      }
      await new Promise<void>((resolve) => void this.#env.timers.after(fullRetryMs, resolve))
    }
  }

  #append(log: Log, records: readonly ClusterRecord[]): void {
    if (records.length === 0) return
    const batch = batchOf(records, this.#env.clock.wallMs())
    const leaderEpoch = this.#generation
    const outcome = log.stageAsLeader(batch, { leaderEpoch, origin: 'coordinator' })
    if (outcome.errorCode !== 0)
      throw new Error(`${records.length} records were refused: ${outcome.errorMessage}`)
    log.writeStaged()
    log.highWatermark = log.logEndOffset
    this.bytesSinceSnapshot += batch.length
  }

  /** A failure costs nothing but time at the next start: the records are all there. */
  #writeSnapshot({ revision, records }: { revision: number; records: ClusterRecord[] }): void {
    this.#snapshotDue = undefined
    const log = this.#log as Log
    const path = snapshotPath(this.#directory, revision, this.#generation)
    try {
      const bytes = snapshotBytes(revision, this.#generation, records, this.#env.clock.wallMs())
      this.#env.files.replaceFile(path, bytes)
      this.bytesSinceSnapshot = 0
      log.roll()
      log.deleteRecordsBefore(removeSnapshotsBefore(this.#env, this.#directory, revision))
    } catch (error) {
      this.#env.log.error('Could not write a metadata snapshot', { error })
    }
  }

  async #load(): Promise<MetaState> {
    const base = readSnapshot(this.#env, this.#directory)
    const disk = new LogDisk(this.#env, this.#directory)
    const here = { ...place, directory: this.#directory }
    const isNew = !refuseDamage(this.#env, this.#directory)
    const log = isNew
      ? createLog(disk, here)
      : await openLog(disk, here, {
          wasClean: false,
          isSuspect: true,
          recoveryPoint: 0,
          logStartOffset: 0,
          highWatermark: 0,
        })
    this.#log = log
    log.highWatermark = log.logEndOffset
    const { revision } = base
    if (log.logStartOffset > revision || log.logEndOffset < revision)
      throw new Error(
        `The metadata snapshot in ${this.#directory} is of revision ${revision}, but its log has ${log.logStartOffset} to ${log.logEndOffset}. Restore it from a copy`,
      )
    const records = [...base.records, ...this.#read(log, revision)]
    this.#generation = Math.max(base.generation, log.leaderEpochs.latest) + 1
    log.assignEpoch(this.#generation)
    // The epoch is on the disk before anything is answered in it: no two coordinators share one.
    log.epochFile.write(true)
    await log.flush()
    return { generation: this.#generation, revision: log.logEndOffset, records }
  }

  #read(log: Log, from: number): ClusterRecord[] {
    const records: ClusterRecord[] = []
    for (let offset = from; offset < log.logEndOffset; ) {
      const read = log.read(offset, readBytes, { upTo: log.logEndOffset, atLeastOne: true })
      if (read === undefined || read.errorCode !== 0 || read.records.length === 0)
        throw new Error(`${this.#directory} cannot be read at revision ${offset}`)
      for (let at = 0; at < read.records.length; at += batchSizeOf(read.records, at))
        for (const record of recordsOf(read.records, at, config.unpackedBytesMax)) {
          if (record.offset < offset) continue
          records.push(readRecord(new Reader(record.value as Buffer)))
          offset = record.offset + 1
        }
      this.bytesSinceSnapshot += read.records.length
      read.release()
    }
    return records
  }
}

interface Transaction {
  readonly records: readonly ClusterRecord[]
  readonly done: Done
}

interface Done {
  resolve(result: 'applied'): void
  reject(error: Error): void
}
