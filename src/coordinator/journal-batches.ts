/** Cluster records as record batches, and the look for damage before a journal is opened. */
import { buildBatch } from '../../protocol/build-batch.ts'
import { Writer } from '../../protocol/bytes.ts'
import { type ClusterRecord, writeRecord } from '../../protocol/coordinator/record.ts'
import type { Env } from '../env/env.ts'
import { BatchScanner } from '../log/batch-scanner.ts'
import { parseFileName, suffixes } from '../log/file-names.ts'

/** One record each, without a key. */
export function batchOf(records: readonly ClusterRecord[], timestamp: number): Buffer {
  const writer = new Writer()
  return buildBatch({
    records: records.map((record) => {
      writeRecord(writer, record)
      return { timestamp, value: writer.finish() }
    }),
  })
}

/**
 * Throws when a batch is damaged and something whole stands behind it: that is no torn end, and what
 * was acknowledged would be lost by cutting there. False when there is no journal yet.
 */
export function refuseDamage(env: Env, directory: string): boolean {
  const names = env.files
    .list(directory)
    .map(({ name }) => name)
    .filter((name) => parseFileName(name)?.suffix === suffixes.log)
  for (const [i, name] of names.entries()) {
    const path = `${directory}/${name}`
    const file = env.files.open(path, 'read')
    try {
      const scanner = new BatchScanner(file, 0, file.sizeBytes())
      while (scanner.next() && scanner.loadWhole());
      const { position } = scanner
      if (position === file.sizeBytes()) continue
      const follows = scanner.resync() ? scanner.position : undefined
      if (follows === undefined && i === names.length - 1) continue
      const behind = follows === undefined ? '' : `: a good batch follows at ${follows}`
      throw new Error(`${path} is damaged at byte ${position}${behind}. Restore it from a copy`)
    } finally {
      file.close()
    }
  }
  return names.length > 0
}
