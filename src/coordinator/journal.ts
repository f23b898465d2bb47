/**
 * The embedded store: one directory, written by one coordinator.
 *
 *     meta-<revision>.snapshot   the whole state at a revision
 *     meta-<revision>.journal    what came after that revision, until the next snapshot
 *     .coordinator-lock          held while it is open
 *
 * A transaction is answered after its frame has been synced; all that arrive during one sync share
 * the next one. After a failed write or sync nothing is trusted: every later call rejects, and a
 * restart reads what is really there. A torn end of the last journal is cut; damage anywhere else
 * is reported with file and position, and the coordinator does not start. A damaged snapshot is
 * made up for by the one before it, whose journals are kept for that.
 */
import { Reader, Writer } from '../../protocol/bytes.ts'
import { type ClusterRecord, readRecord, writeRecord } from '../../protocol/coordinator/record.ts'
import type { Env, File, Lock } from '../env/env.ts'
import { nextGoodFrame, prefixBytes, readFrame, writeFrame } from './journal-frame.ts'
import type { MetaState, MetaStore } from './meta-store.ts'

const kinds = { generation: 1, records: 2, snapshot: 3, end: 4 } as const
const recordsPerFrame = 10_000

export class Journal implements MetaStore {
  bytesSinceSnapshot = 0
  readonly #env: Env
  readonly #directory: string
  #lock: Lock | undefined
  #file: File | undefined
  #position = 0
  #generation = 0
  #revision = 0
  #queue: Transaction[] = []
  #snapshotDue: { revision: number; bytes: Buffer } | undefined
  #draining = false
  #syncing: Promise<void> | undefined
  #failure: Error | undefined

  constructor(env: Env, directory: string) {
    this.#env = env
    this.#directory = directory
  }

  async open(): Promise<MetaState> {
    const { files } = this.#env
    files.makeDirectory(this.#directory)
    this.#lock = await files.lock(`${this.#directory}/.coordinator-lock`)
    if (this.#lock === undefined)
      throw new Error(`Another coordinator uses ${this.#directory}: it holds its lock`)
    try {
      return await this.#load()
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
    const frames: Buffer[] = []
    const header = new Writer()
    let part: ClusterRecord[] = []
    let count = 0
    const flush = () => {
      if (part.length > 0) frames.push(writeFrame(encode(0, part)))
      part = []
    }
    for (const record of records) {
      part.push(record)
      count++
      if (part.length === recordsPerFrame) flush()
    }
    flush()
    header.int8(kinds.snapshot)
    header.int64(revision)
    header.int64(this.#generation)
    header.int32(count)
    const whole = [writeFrame(header.finish()), ...frames, writeFrame(Buffer.from([kinds.end]))]
    this.#snapshotDue = { revision, bytes: Buffer.concat(whole) }
    this.#startDrain()
  }

  async close(): Promise<void> {
    await this.#syncing
    this.#failure ??= new Error('The journal is closed')
    this.#file?.close()
    this.#lock?.release()
  }

  #startDrain(): void {
    if (this.#draining) return
    this.#draining = true
    this.#syncing = this.#drain()
  }

  async #drain(): Promise<void> {
    while (this.#failure === undefined) {
      if (this.#snapshotDue?.revision === this.#revision) this.#writeSnapshot(this.#snapshotDue)
      if (this.#queue.length === 0) break
      const group = this.#nextGroup()
      const records = group.flatMap((txn) => txn.records)
      try {
        this.#append(encode(this.#revision, records))
        this.#revision += records.length
        await this.#file?.syncLater()
        for (const { done } of group) done.resolve('applied')
      } catch (error) {
        this.#failure = new Error(`The coordinator's journal failed: ${(error as Error).message}`)
        for (const { done } of [...group, ...this.#queue]) done.reject(this.#failure)
        this.#queue = []
      }
    }
    this.#draining = false
  }

  /** All that waits, but not beyond the revision of a snapshot: the journal changes there. */
  #nextGroup(): Transaction[] {
    const limit = this.#snapshotDue?.revision ?? Infinity
    let end = this.#revision
    let count = 0
    while (count < this.#queue.length && end < limit) end += this.#queue[count++]!.records.length
    return this.#queue.splice(0, count)
  }

  /** A failure costs nothing but time at the next start: the old journal goes on. */
  #writeSnapshot({ revision, bytes }: { revision: number; bytes: Buffer }): void {
    this.#snapshotDue = undefined
    try {
      this.#env.files.replaceFile(this.#path(revision, 'snapshot'), bytes)
    } catch (error) {
      this.#env.log.error('Could not write a metadata snapshot', { error })
      return
    }
    try {
      this.#startJournal(revision)
      this.#removeOlder(revision)
    } catch (error) {
      this.#failure = new Error(`The coordinator's journal failed: ${(error as Error).message}`)
    }
  }

  #append(payload: Buffer): void {
    const frame = writeFrame(payload)
    this.#file?.write([frame], this.#position)
    this.#position += frame.length
    this.bytesSinceSnapshot += frame.length
  }

  async #load(): Promise<MetaState> {
    const { files } = this.#env
    const names = files.list(this.#directory).map(({ name }) => name)
    const base = this.#readSnapshot(names)
    const journals = revisions(names, 'journal').filter((first) => first >= base.revision)
    const records: ClusterRecord[] = [...base.records]
    this.#generation = base.generation
    this.#revision = base.revision
    for (const [i, first] of journals.entries()) {
      if (first !== this.#revision)
        throw new Error(
          `${this.#path(first, 'journal')} begins at revision ${first}, but what is before it ends at ${this.#revision}`,
        )
      this.#readJournal(first, i === journals.length - 1, records)
    }
    const last = journals.at(-1)
    if (last === undefined) this.#startJournal(this.#revision)
    else {
      this.#file = files.open(this.#path(last, 'journal'), 'write')
      this.#file.truncate(this.#position)
      this.bytesSinceSnapshot = this.#position
    }
    const generation = new Writer()
    generation.int8(kinds.generation)
    generation.int64(++this.#generation)
    this.#append(generation.finish())
    await this.#file?.syncLater()
    return { generation: this.#generation, revision: this.#revision, records }
  }

  #readSnapshot(names: readonly string[]): MetaState {
    const found = revisions(names, 'snapshot').reverse()
    for (const revision of found) {
      const path = this.#path(revision, 'snapshot')
      const state = parseSnapshot(this.#env.files.readFile(path))
      if (state?.revision === revision) return state
      this.#env.log.error('A metadata snapshot is damaged, using the one before it', { path })
    }
    const [firstJournal] = revisions(names, 'journal')
    if (found.length > 0 && firstJournal !== 0)
      throw new Error(`No metadata snapshot in ${this.#directory} is whole`)
    return { generation: 0, revision: 0, records: [] }
  }

  #readJournal(first: number, isLast: boolean, records: ClusterRecord[]): void {
    const path = this.#path(first, 'journal')
    const file = this.#env.files.readFile(path)
    let at = 0
    while (at < file.length) {
      const payload = readFrame(file, at)
      if (payload === undefined) {
        const next = nextGoodFrame(file, at)
        if (!isLast || next !== -1)
          throw new Error(
            `${path} is damaged at byte ${at}${next === -1 ? '' : `: a good frame follows at ${next}`}. Restore it from a copy`,
          )
        this.#env.log.warn('Cut the torn end of the journal', {
          path,
          at,
          bytes: file.length - at,
        })
        break
      }
      this.#take(path, at, payload, records)
      at += prefixBytes + payload.length
    }
    this.#position = at
  }

  #take(path: string, at: number, payload: Buffer, records: ClusterRecord[]): void {
    const reader = new Reader(payload)
    const kind = reader.int8()
    if (kind === kinds.generation) {
      this.#generation = Math.max(this.#generation, reader.int64())
      return
    }
    if (kind !== kinds.records) throw new Error(`${path} has a frame of kind ${kind} at byte ${at}`)
    const first = reader.int64()
    if (first !== this.#revision)
      throw new Error(`${path} jumps from revision ${this.#revision} to ${first} at byte ${at}`)
    const count = reader.int32()
    for (let i = 0; i < count; i++) records.push(readRecord(reader))
    this.#revision += count
  }

  #startJournal(revision: number): void {
    const { files } = this.#env
    this.#file?.close()
    this.#file = files.open(this.#path(revision, 'journal'), 'create')
    this.#position = 0
    this.bytesSinceSnapshot = 0
    files.syncDirectory(this.#directory)
  }

  /** The snapshot before this one stays, with all journals since. */
  #removeOlder(revision: number): void {
    const names = this.#env.files.list(this.#directory).map(({ name }) => name)
    const snapshots = revisions(names, 'snapshot').filter((older) => older < revision)
    const keep = snapshots.at(-1) ?? 0
    for (const kind of ['snapshot', 'journal'] as const)
      for (const older of revisions(names, kind))
        if (older < keep) this.#env.files.unlink(this.#path(older, kind))
  }

  #path(revision: number, kind: 'snapshot' | 'journal'): string {
    return `${this.#directory}/meta-${String(revision).padStart(20, '0')}.${kind}`
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

function encode(firstRevision: number, records: readonly ClusterRecord[]): Buffer {
  const writer = new Writer()
  writer.int8(kinds.records)
  writer.int64(firstRevision)
  writer.int32(records.length)
  for (const record of records) writeRecord(writer, record)
  return writer.finish()
}

function revisions(names: readonly string[], kind: string): number[] {
  return names
    .flatMap((name) => /^meta-(\d{20})\.(\w+)$/.exec(name) ?? [])
    .flatMap((_, i, all) => (i % 3 === 0 && all[i + 2] === kind ? [Number(all[i + 1])] : []))
    .sort((a, b) => a - b)
}

/** Undefined when it is not whole. */
function parseSnapshot(file: Buffer): MetaState | undefined {
  const first = readFrame(file, 0)
  if (first?.[0] !== kinds.snapshot) return undefined
  const header = new Reader(first, 1)
  const revision = header.int64()
  const generation = header.int64()
  const count = header.int32()
  const records: ClusterRecord[] = []
  let at = prefixBytes + first.length
  for (;;) {
    const payload = readFrame(file, at)
    if (payload?.[0] === kinds.end) break
    if (payload?.[0] !== kinds.records) return undefined
    const reader = new Reader(payload, 9)
    const inFrame = reader.int32()
    for (let i = 0; i < inFrame; i++) records.push(readRecord(reader))
    at += prefixBytes + payload.length
  }
  return records.length === count ? { revision, generation, records } : undefined
}
