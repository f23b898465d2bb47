/**
 * Logs without their metadata must not be taken for logs of deleted topics.
 *
 * A coordinator that starts with nothing would make a cluster without topics, and its brokers would
 * remove every log they have. So where the journal is gone and logs are there, nothing starts.
 */
import type { Env } from '../env/env.ts'
import { parsePartitionDirectory } from '../log/file-names.ts'

/** Throws one sentence that says what is missing, and what to do. */
export function refuseOrphanedLogs(
  env: Env,
  logDirs: readonly string[],
  journalDirectory: string,
): void {
  const { files } = env
  const names = (path: string) =>
    files.stat(path)?.isDirectory ? files.list(path).map(({ name }) => name) : []
  if (names(journalDirectory).some((name) => name.endsWith('.log'))) return
  const orphans = logDirs.flatMap((path) =>
    names(path)
      .filter((name) => parsePartitionDirectory(name) !== undefined && !isJournal(name))
      .map((name) => `${path}/${name}`),
  )
  if (orphans.length === 0) return
  throw new Error(
    `The cluster's metadata is missing: there is no journal in ${journalDirectory}, but there are ${orphans.length} logs (as ${orphans[0]}). Restore the journal from a copy, or make it anew: ottla cluster rebuild --help. Nothing was changed`,
  )
}

const isJournal = (name: string) => name.startsWith('__cluster_metadata-')
