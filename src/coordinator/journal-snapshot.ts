/**
 * Snapshots of the cluster's metadata: `<revision>-<generation>.checkpoint`, named as Kafka names its
 * own. A batch that tells revision, generation and the number of records, then the records.
 */
import { buildBatch } from '../../protocol/build-batch.ts'
import { Reader, Writer } from '../../protocol/bytes.ts'
import { type ClusterRecord, readRecord } from '../../protocol/coordinator/record.ts'
import { batchHeaderBytes, batchSizeOf, isIntact, magicOf } from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import type { Env } from '../env/env.ts'
import { batchOf } from './journal-batches.ts'
import type { MetaState } from './meta-store.ts'

const recordsPerBatch = 10_000
const unpackedBytesMax = 2 ** 30

export function snapshotPath(directory: string, revision: number, generation: number): string {
  const name = `${String(revision).padStart(20, '0')}-${String(generation).padStart(10, '0')}`
  return `${directory}/${name}.checkpoint`
}

export function snapshotBytes(
  revision: number,
  generation: number,
  records: readonly ClusterRecord[],
  timestamp: number,
): Buffer {
  const header = new Writer()
  header.int64(revision)
  header.int64(generation)
  header.int32(records.length)
  const batches = [buildBatch({ records: [{ timestamp, value: header.finish() }] })]
  for (let from = 0; from < records.length; from += recordsPerBatch)
    batches.push(batchOf(records.slice(from, from + recordsPerBatch), timestamp))
  return Buffer.concat(batches)
}

/** The newest snapshot that is whole; revision 0 when there is none. Throws when all are damaged. */
export function readSnapshot(env: Env, directory: string): MetaState {
  const found = snapshotsIn(env, directory).reverse()
  for (const { name } of found) {
    const path = `${directory}/${name}`
    const state = parse(env.files.readFile(path))
    if (state !== undefined) return state
    env.log.error('A metadata snapshot is damaged, using the one before it', { path })
  }
  return { generation: 0, revision: 0, records: [] }
}

/** Keeps the one before `revision` too; returns the revision from which on records are needed. */
export function removeSnapshotsBefore(env: Env, directory: string, revision: number): number {
  const older = snapshotsIn(env, directory).filter((each) => each.revision < revision)
  const kept = older.at(-1)?.revision ?? 0
  for (const each of older) if (each.revision < kept) env.files.unlink(`${directory}/${each.name}`)
  return kept
}

function snapshotsIn(env: Env, directory: string): { name: string; revision: number }[] {
  return env.files.list(directory).flatMap(({ name }) => {
    const match = /^(\d{20})-\d{10}\.checkpoint$/.exec(name)
    return match ? [{ name, revision: Number(match[1]) }] : []
  })
}

/** Undefined when it is not whole. */
function parse(bytes: Buffer): MetaState | undefined {
  const values: Buffer[] = []
  for (let at = 0; at < bytes.length; at += batchSizeOf(bytes, at)) {
    if (bytes.length - at < batchHeaderBytes || magicOf(bytes, at) !== 2) return undefined
    const size = batchSizeOf(bytes, at)
    if (size < batchHeaderBytes || size > bytes.length - at || !isIntact(bytes, at))
      return undefined
    for (const { value } of recordsOf(bytes, at, unpackedBytesMax)) values.push(value as Buffer)
  }
  const [first, ...rest] = values
  if (first === undefined) return undefined
  const header = new Reader(first)
  const revision = header.int64()
  const generation = header.int64()
  if (header.int32() !== rest.length) return undefined
  return { revision, generation, records: rest.map((value) => readRecord(new Reader(value))) }
}
