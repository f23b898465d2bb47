/**
 * What a data directory tells without being opened for use: whose it is, and of each log where it ends,
 * which leader epochs and producers it knows. Nothing is changed. A log that was not closed ends where its
 * recovery would end it (`recover.ts`, by the same `batch-order.ts`), but that the configuration is not known: a hole
 * before the last batch of a compacted topic is taken for damage where nothing was compacted here.
 */
import { leaderEpochOf, producerIdOf } from '../../protocol/record-batch.ts'
import { LeaderEpochs } from '../core/replication/leader-epochs.ts'
import type { Env, Files } from '../env/env.ts'
import { batchFault, resyncInOrder, type SegmentPlace } from './batch-order.ts'
import { BatchScanner } from './batch-scanner.ts'
import { checkpointFiles, parseEpochs, parseOffsets, parsePartitionMetadata } from './checkpoint.ts'
import { brokerEpochIn } from './directory-marks.ts'
import {
  fileName,
  journalDirectory,
  leaderEpochFile,
  parseFileName,
  parsePartitionDirectory,
  partitionMetadataFile,
  suffixes,
} from './file-names.ts'
import { FoundEpochs } from './found-epochs.ts'
import { DirectoryError, readMetaProperties } from './meta-properties.ts'
import { parseSnapshot } from './producer-snapshot.ts'

export interface SurveyedLog {
  readonly path: string
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  /** In which its last record was written; -1 when there is none. */
  readonly leaderEpoch: number
  readonly endOffset: number
  /** The highest leader epoch that is written anywhere in it; -1 when there is none. */
  readonly epochMax: number
  readonly producerIdMax: number
}

export interface SurveyedDirectory {
  readonly path: string
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  /** -1 when it was never registered. */
  readonly brokerEpoch: number
  readonly logs: readonly SurveyedLog[]
}

const pieceBytes = 1024 * 1024

/** Throws DirectoryError for what is no data directory, and what reading throws. */
export function surveyDirectory(env: Env, path: string): SurveyedDirectory {
  const { files } = env
  if (files.stat(path)?.isDirectory !== true)
    throw new DirectoryError(`There is no directory ${path}`)
  const meta = readMetaProperties(env, path)
  if (meta === undefined || meta.clusterId === '' || meta.nodeId < 0)
    throw new DirectoryError(
      `${path} is no data directory of a broker: it has no meta.properties with a cluster and a node`,
    )
  const recoveryPoints = offsetsIn(files, `${path}/${checkpointFiles.recoveryPoint}`)
  const compacted = offsetsIn(files, `${path}/${checkpointFiles.cleaner}`)
  const logs: SurveyedLog[] = []
  for (const { name, isDirectory } of files.list(path)) {
    const place = parsePartitionDirectory(name)
    if (!isDirectory || name === journalDirectory || place === undefined) continue
    const recoveryPoint = recoveryPoints.get(name) ?? 0
    const compactedTo = compacted.get(name) ?? 0
    logs.push({ ...place, ...surveyLog(files, `${path}/${name}`, recoveryPoint, compactedTo) })
  }
  return { path, ...meta, brokerEpoch: brokerEpochIn(files, path), logs }
}

function offsetsIn(files: Files, path: string): Map<string, number> {
  if (files.stat(path) === undefined) return new Map()
  const entries = parseOffsets(files.readFile(path))
  return new Map(entries.map((entry) => [`${entry.topic}-${entry.partition}`, entry.offset]))
}

function surveyLog(files: Files, path: string, recoveryPoint: number, compactedTo: number) {
  const holesEnd = Math.max(recoveryPoint, compactedTo)
  const names = files.list(path).map(({ name }) => name)
  const parsed = names.flatMap((name) => parseFileName(name) ?? [])
  const basesOf = (suffix: string) =>
    parsed.filter((each) => each.suffix === suffix).map(({ baseOffset }) => baseOffset)
  const bases = basesOf(suffixes.log).sort((a, b) => a - b)
  const first = Math.max(
    0,
    bases.findLastIndex((base) => base < recoveryPoint),
  )
  const written = epochsIn(files, `${path}/${leaderEpochFile}`)
  const epochs = new LeaderEpochs(written)
  const found: Found = {
    endOffset: bases[first] ?? 0,
    epochs: new FoundEpochs(epochs, recoveryPoint),
    producerIdMax: -1,
  }
  epochs.truncateFromEnd(recoveryPoint)
  const todo = bases.slice(first)
  for (const [i, baseOffset] of todo.entries()) {
    const { endOffset } = found
    const isGap = baseOffset > endOffset && baseOffset > holesEnd
    if (baseOffset < endOffset || isGap) break
    found.endOffset = baseOffset
    const isCut = scanSegment(
      files,
      `${path}/${fileName(baseOffset, suffixes.log)}`,
      {
        ...{ baseOffset, nextBaseOffset: todo[i + 1] },
        ...{ recoveryPoint, holesEnd, mayHaveHoles: false },
      },
      found,
    )
    if (isCut) break
  }
  found.epochs.finish(found.endOffset)
  const snapshot = basesOf(suffixes.snapshot).sort((a, b) => a - b)
  return {
    path,
    topicId: topicIdIn(files, path),
    endOffset: found.endOffset,
    leaderEpoch: epochs.epochAt(found.endOffset - 1) ?? -1,
    epochMax: Math.max(epochs.latest, written.at(-1)?.epoch ?? -1),
    producerIdMax: snapshot.reduce(
      (max, base) =>
        Math.max(max, producersIn(files, `${path}/${fileName(base, suffixes.snapshot)}`)),
      found.producerIdMax,
    ),
  }
}

interface Found {
  endOffset: number
  readonly epochs: FoundEpochs
  producerIdMax: number
}

/** True when the log ends here, whatever follows. */
function scanSegment(files: Files, path: string, place: SegmentPlace, found: Found): boolean {
  const file = files.open(path, 'read')
  try {
    const scanner = new BatchScanner(file, 0, file.sizeBytes(), pieceBytes)
    for (;;) {
      const isFound = scanner.next()
      if (!isFound && scanner.problem === undefined) return false
      if (
        !isFound ||
        batchFault(scanner, place, found.endOffset, found.epochs.latest) !== undefined
      ) {
        // Damage behind the recovery point ends the log; before it, the next good batch goes on.
        if (found.endOffset >= place.recoveryPoint) return true
        if (!resyncInOrder(scanner, place, found.endOffset, found.epochs.latest)) {
          found.endOffset = place.recoveryPoint
          return false
        }
      }
      found.epochs.next(leaderEpochOf(scanner.bytes, scanner.at), scanner.baseOffset)
      found.endOffset = scanner.lastOffset + 1
      found.producerIdMax = Math.max(found.producerIdMax, producerIdOf(scanner.bytes, scanner.at))
    }
  } finally {
    file.close()
  }
}

function epochsIn(files: Files, path: string) {
  return files.stat(path) === undefined ? [] : parseEpochs(files.readFile(path))
}

function topicIdIn(files: Files, path: string): string {
  const file = `${path}/${partitionMetadataFile}`
  if (files.stat(file) === undefined)
    throw new DirectoryError(
      `${path} has no ${partitionMetadataFile}: the id of its topic is not known`,
    )
  return parsePartitionMetadata(files.readFile(file))
}

/** The highest id in a snapshot; a damaged one tells nothing. */
function producersIn(files: Files, path: string): number {
  try {
    const entries = parseSnapshot(files.readFile(path))
    return entries.reduce((max, { producerId }) => Math.max(max, producerId), -1)
  } catch {
    return -1
  }
}
