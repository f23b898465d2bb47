/**
 * Checks the files of a log, or of a whole data directory, as recovery would, and beyond: every batch of every
 * segment, not only those behind the recovery point. Nothing is changed. Kafka's directories are read as
 * ours are.
 */
import { maxTimestampOf } from '../../protocol/record-batch.ts'
import type { Files } from '../env/env.ts'
import { offsetFault } from './batch-order.ts'
import { BatchScanner } from './batch-scanner.ts'
import { checkpointFiles, parseOffsets } from './checkpoint.ts'
import { type DumpEntry, dumpFile, isDumpable } from './dump.ts'
import {
  fileName,
  leaderEpochFile,
  parseFileName,
  parsePartitionDirectory,
  partitionDirectory,
  suffixes,
} from './file-names.ts'
import { VerifiedState } from './verify-state.ts'

export interface Finding {
  readonly path: string
  /** A byte in the file; `undefined` when the file as a whole is meant. */
  readonly position: number | undefined
  readonly problem: string
  /** A remark is nothing wrong: work that the next start finishes. */
  readonly isRemark: boolean
}

export interface Verified {
  logs: number
  segments: number
  batches: number
  bytes: number
}

/** Bytes of segments under `path`: what `onBytes` will add up to. */
export function bytesToVerify(files: Files, path: string): number {
  let sum = 0
  for (const directory of logsIn(files, path))
    for (const { name } of files.list(directory))
      if (name.endsWith(suffixes.log)) sum += files.stat(`${directory}/${name}`)?.sizeBytes ?? 0
  return sum
}

/** `path` is the directory of a partition, or one of `log.dirs`. Throws what reading throws. */
export function* verify(
  files: Files,
  path: string,
  sum: Verified,
  onBytes: (bytes: number) => void,
): Generator<Finding> {
  for (const { name, isDirectory } of files.list(path))
    if (!isDirectory && parseFileName(name) === undefined && isDumpable(name))
      yield* verifySmall(files, `${path}/${name}`)
  for (const directory of logsIn(files, path)) {
    sum.logs++
    yield* verifyLog(files, directory, sum, onBytes)
  }
}

/** The directory itself when it holds segments, else the partitions in it. */
export function logsIn(files: Files, path: string): string[] {
  const names = files.list(path)
  if (names.some(({ name }) => parseFileName(name)?.suffix === suffixes.log)) return [path]
  return names
    .filter(({ name, isDirectory }) => isDirectory && parsePartitionDirectory(name))
    .map(({ name }) => `${path}/${name}`)
}

function* verifySmall(files: Files, path: string): Generator<Finding> {
  for (const entry of dumpFile(files, path, { records: false, unpackedBytesMax: 0 }))
    if (entry.kind === 'damage') yield finding(path, entry.problem, entry.position)
}

function finding(path: string, problem: string, position?: number): Finding {
  return { path, position, problem, isRemark: false }
}

function* verifyLog(
  files: Files,
  directory: string,
  sum: Verified,
  onBytes: (bytes: number) => void,
): Generator<Finding> {
  const names = files.list(directory).map(({ name }) => name)
  const bases: number[] = []
  for (const name of names) {
    const parsed = parseFileName(name)
    const path = `${directory}/${name}`
    if (parsed?.suffix === suffixes.log) bases.push(parsed.baseOffset)
    else if (/\.(cleaned|swap)$/.test(name))
      yield { ...finding(path, 'the next start finishes or drops it'), isRemark: true }
    else if (parsed?.suffix === suffixes.snapshot) yield* verifySmall(files, path)
    else if (parsed === undefined && isDumpable(name)) yield* verifySmall(files, path)
    else if (isOrphan(name, names))
      yield { ...finding(path, 'has no segment; the next start removes it'), isRemark: true }
  }
  const state = new VerifiedState(files, directory, bases[0] ?? 0)
  const compactedTo = compactedToOf(files, directory)
  let endOffset = -1
  for (const [i, baseOffset] of bases.entries()) {
    const segment = { files, directory, baseOffset, nextBaseOffset: bases[i + 1], state }
    const path = `${directory}/${fileName(baseOffset, suffixes.log)}`
    if (baseOffset < endOffset)
      yield finding(path, `begins below offset ${endOffset}, where the segment before it ends`)
    if (endOffset >= 0 && baseOffset > Math.max(endOffset, compactedTo))
      yield {
        ...finding(path, `offsets ${endOffset} to ${baseOffset - 1} before it are missing`),
        isRemark: true,
      }
    endOffset = Math.max(baseOffset, yield* verifySegment(segment, sum, onBytes))
  }
}

/** Up to where a log may have been compacted, and have holes between segments. Infinity where nothing tells. */
function compactedToOf(files: Files, directory: string): number {
  const parent = directory.slice(0, directory.lastIndexOf('/'))
  try {
    const name = directory.slice(parent.length + 1)
    const offsets = parseOffsets(files.readFile(`${parent}/${checkpointFiles.cleaner}`))
    const own = offsets.find((one) => partitionDirectory(one.topic, one.partition) === name)
    return own?.offset ?? 0
  } catch {
    return Infinity
  }
}

/** An index without its segment. */
function isOrphan(name: string, names: readonly string[]): boolean {
  return (
    indexSuffixes.some((suffix) => name.endsWith(suffix)) &&
    !names.includes(name.slice(0, 20) + suffixes.log)
  )
}

interface SegmentPlace {
  readonly state: VerifiedState
  readonly files: Files
  readonly directory: string
  readonly baseOffset: number
  readonly nextBaseOffset: number | undefined
}

/** What the indexes of a segment are compared with. */
interface BatchPlace {
  readonly position: number
  readonly lastOffset: number
  /** The largest timestamp up to this batch. */
  readonly timestamp: number
}

/** Returns the offset behind the last batch. */
function* verifySegment(
  segment: SegmentPlace,
  sum: Verified,
  onBytes: (bytes: number) => void,
): Generator<Finding, number> {
  const { files, directory, baseOffset, state } = segment
  // Holes are what compaction leaves.
  const place = {
    ...segment,
    ...{ recoveryPoint: 0, holesEnd: Infinity, mayHaveHoles: true },
  }
  const path = `${directory}/${fileName(baseOffset, suffixes.log)}`
  const file = files.open(path, 'read')
  const batches: BatchPlace[] = []
  let endOffset = baseOffset
  let timestamp = -1
  try {
    const scanner = new BatchScanner(file, 0, file.sizeBytes(), 1024 * 1024)
    sum.segments++
    sum.bytes += file.sizeBytes()
    for (let isFound = scanner.next(); ; isFound = scanner.next()) {
      if (!isFound) {
        if (scanner.problem === undefined) break
        const { position, problem } = scanner
        state.damaged()
        if (!scanner.resync()) {
          yield finding(path, `${problem}; no whole batch follows`, position)
          break
        }
        yield finding(path, `${problem}; a whole batch follows at ${scanner.position}`, position)
      }
      const { position, lastOffset } = scanner
      const fault = scanner.loadWhole()
        ? offsetFault(scanner, place, endOffset)
        : `the checksum of the batch at offset ${scanner.baseOffset} is wrong`
      if (fault !== undefined) {
        state.damaged()
        yield finding(path, fault, position)
      } else {
        const wrong = state.batch(scanner)
        if (wrong !== undefined) yield finding(`${directory}/${leaderEpochFile}`, wrong)
      }
      sum.batches++
      onBytes(scanner.size)
      timestamp = Math.max(timestamp, maxTimestampOf(scanner.bytes, scanner.at))
      batches.push({ position, lastOffset, timestamp })
      // What is wrong tells nothing of what may follow.
      if (fault === undefined) endOffset = lastOffset + 1
    }
  } finally {
    file.close()
  }
  yield* verifyIndexes(segment, batches)
  const transactionIndex = `${directory}/${fileName(baseOffset, suffixes.transactionIndex)}`
  for (const fault of state.transactionFaults(transactionIndex))
    yield finding(transactionIndex, fault)
  return endOffset
}

const indexSuffixes = [suffixes.offsetIndex, suffixes.timeIndex, suffixes.transactionIndex]

function* verifyIndexes(
  { files, directory, baseOffset }: SegmentPlace,
  batches: readonly BatchPlace[],
): Generator<Finding> {
  const byOffset = new Map(batches.map((batch) => [batch.lastOffset, batch]))
  for (const suffix of indexSuffixes) {
    const path = `${directory}/${fileName(baseOffset, suffix)}`
    if (files.stat(path) === undefined) {
      if (suffix !== suffixes.transactionIndex) {
        const problem = 'is missing; it is made anew with the first use'
        yield { ...finding(path, problem), isRemark: true }
      }
      continue
    }
    let before = -1
    for (const entry of dumpFile(files, path, { records: false, unpackedBytesMax: 0 })) {
      const problem = faultOfEntry(entry, byOffset, before)
      if (problem !== undefined) yield finding(path, problem)
      before = 'offset' in entry ? entry.offset : before
    }
  }
}

function faultOfEntry(
  entry: DumpEntry,
  byOffset: ReadonlyMap<number, BatchPlace>,
  before: number,
): string | undefined {
  if (entry.kind === 'damage') return entry.problem
  if (entry.kind !== 'offsetIndex' && entry.kind !== 'timeIndex') return undefined
  const { offset } = entry
  const batch = byOffset.get(offset)
  if (offset <= before) return `the entry for offset ${offset} follows the one for ${before}`
  if (batch === undefined) return `no batch ends at offset ${offset}`
  if (entry.kind === 'offsetIndex')
    return entry.position === batch.position
      ? undefined
      : `the batch that ends at offset ${offset} is at ${batch.position}, not ${entry.position}`
  return entry.timestamp === batch.timestamp
    ? undefined
    : `the largest timestamp up to offset ${offset} is ${batch.timestamp}, not ${entry.timestamp}`
}
