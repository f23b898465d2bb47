/**
 * Opens the log in a directory: looks at what is there, finishes or takes back what a crash interrupted,
 * finds the end, recovers what was not closed (Kafka's LogLoader).
 */
import { BatchScanner } from './batch-scanner.ts'
import { EpochFile } from './epoch-file.ts'
import { leaderEpochFile, parseFileName, partitionMetadataFile, suffixes } from './file-names.ts'
import { Log } from './log.ts'
import type { LogConfig } from './log-config.ts'
import type { LogDisk } from './log-disk.ts'
import { ProducerStore } from './producer-store.ts'
import { type LogEnd, recoverLog } from './recover.ts'
import { rewrite } from './rewrite.ts'
import { Segment } from './segment.ts'
import { Segments, unlinkQuietly } from './segments.ts'
import { finishSwaps } from './swap.ts'

export interface LogPlace {
  readonly topic: string
  readonly partition: number
  /** Of the partition, within the log directory. */
  readonly directory: string
  readonly config: LogConfig
}

/** What checkpoints tell about a log. */
export interface LogCheckpoint {
  /** The process before stopped cleanly: nothing needs recovery. */
  readonly wasClean: boolean
  readonly recoveryPoint: number
  readonly logStartOffset: number
  readonly highWatermark: number
  /** Segments before this offset may have been compacted: holes between them are no loss. 0 when left out. */
  readonly compactedTo?: number
  /** A sync may have failed since the recovery point: what is read may be in memory only. */
  readonly isSuspect?: boolean
  onProgress?(bytes: number): void
  /** See `Recovery`. */
  onLost?(): void
}

/** A log that did not exist before. Its directory is made. */
export function createLog(disk: LogDisk, place: LogPlace, topicId?: string): Log {
  disk.env.files.makeDirectory(place.directory)
  const segments = new Segments(disk, place.directory)
  segments.create(0, place.config)
  const log = new Log(disk, {
    ...place,
    segments,
    epochs: EpochFile.ofNew(segments),
    producers: new ProducerStore(segments, []),
    logStartOffset: 0,
    logEndOffset: 0,
    highWatermark: 0,
    recoveryPoint: 0,
  })
  if (topicId !== undefined) log.writeTopicId(topicId)
  log.flusher.directoryMade()
  return log
}

/** Throws what the file system throws; damage in the files is no error. */
export async function openLog(
  disk: LogDisk,
  place: LogPlace,
  checkpoint: LogCheckpoint,
): Promise<Log> {
  const { directory, config } = place
  const found = look(disk, directory)
  const segments = new Segments(disk, directory)
  segments.set(found.segments)
  if (found.segments.length === 0) segments.create(checkpoint.logStartOffset, config)
  const logStartOffset = Math.max(checkpoint.logStartOffset, segments.first.baseOffset)
  // Before the first sync there is no file, and recovery reads all batches anyway.
  const wasSynced = checkpoint.recoveryPoint > segments.first.baseOffset
  const epochs = new EpochFile(segments, logStartOffset, wasSynced || checkpoint.wasClean)
  const producers = new ProducerStore(segments, found.snapshots)
  const end =
    (checkpoint.wasClean ? cleanEnd(segments, checkpoint.recoveryPoint) : undefined) ??
    (await recoverLog({
      disk,
      name: `${place.topic}-${place.partition}`,
      config,
      segments,
      epochs,
      producers,
      recoveryPoint: checkpoint.recoveryPoint,
      compactedTo: checkpoint.compactedTo ?? 0,
      wasClean: checkpoint.wasClean,
      onProgress: checkpoint.onProgress ?? (() => {}),
      onLost: checkpoint.onLost ?? (() => {}),
    }))
  // Behind the recovery point a loss of power may have brought back what was cut off before other records took its place.
  const { wasClean, highWatermark: told } = checkpoint
  const committed = wasClean ? told : Math.min(told, checkpoint.recoveryPoint)
  const log = new Log(disk, {
    ...place,
    segments,
    epochs,
    producers,
    logStartOffset,
    logEndOffset: end.endOffset,
    highWatermark: Math.min(Math.max(committed, logStartOffset), end.endOffset),
    recoveryPoint: Math.min(checkpoint.recoveryPoint, end.endOffset),
  })
  // What the process before left in the page cache was never synced by this one.
  if (log.recoveryPoint < end.endOffset || !checkpoint.wasClean) {
    const first = Math.max(segments.indexFor(log.recoveryPoint - 1), 0)
    for (const segment of segments.list.slice(first)) {
      if (checkpoint.isSuspect) await rewrite(segment)
      log.flusher.written(segment)
    }
    log.flusher.directoryChanged()
  }
  if (end.endOffset < logStartOffset) {
    disk.env.log.error('Log ends before its start', { log: log.name, ...end, logStartOffset })
    log.truncateFullyAndStartAt(logStartOffset)
  } else if (end.isDamaged) log.roll()
  await findAborted(log, found.unindexed)
  return log
}

interface Found {
  readonly segments: Segment[]
  /** Without offset index: who has removed it, so that it is made anew, may have removed the others with it. */
  readonly unindexed: Segment[]
  readonly snapshots: number[]
}

/**
 * Nothing but a missing offset index tells that a transaction index is missing, and the first use makes that anew: before it does,
 * the other is on the disk.
 */
async function findAborted(log: Log, unindexed: readonly Segment[]): Promise<void> {
  const { disk, directory } = log
  let isChanged = false
  for (const segment of unindexed) {
    if (segment.isDeleted) continue
    try {
      if (log.abortedOf(segment).length === 0) continue
    } catch (error) {
      const because = (error as Error).message
      disk.env.log.warn('Side file is behind', { segment: segment.file.path, because })
      continue
    }
    isChanged = true
    await segment.syncAbortedLater()
  }
  if (isChanged) await disk.syncDirectoryLater(directory)
}

/** Lie beside segments, and belong to others. */
const otherFiles: ReadonlySet<string> = new Set([
  leaderEpochFile,
  partitionMetadataFile,
  '.lock',
  '.reserve',
])

function look(disk: LogDisk, directory: string): Found {
  const { files, clock, log } = disk.env
  let names = files.list(directory).map(({ name }) => name)
  if (names.some((name) => name.endsWith(suffixes.swap) || name.endsWith(suffixes.cleaned))) {
    finishSwaps(disk, directory, names)
    names = files.list(directory).map(({ name }) => name)
  }
  const present = new Set(names)
  const segments: Segment[] = []
  const unindexed: Segment[] = []
  const snapshots: number[] = []
  for (const name of names) {
    const path = `${directory}/${name}`
    const parsed = parseFileName(name)
    if (parsed === undefined) {
      if (name.endsWith('.tmp')) files.unlink(path)
      else if (!otherFiles.has(name) && !name.endsWith('.checkpoint'))
        log.warn('File in a log is not known and left alone', { path })
    } else if (name.endsWith(suffixes.deleted)) unlinkQuietly(disk, path, true)
    else if (parsed.suffix === suffixes.snapshot) snapshots.push(parsed.baseOffset)
    else if (parsed.suffix === suffixes.log) {
      const base = name.slice(0, -suffixes.log.length)
      const { sizeBytes } = files.stat(path)!
      const isIndexLost = sizeBytes > 0 && !present.has(base + suffixes.offsetIndex)
      const segment = new Segment(disk, directory, parsed.baseOffset, {
        sizeBytes,
        isNew: false,
        hasTransactionIndex: isIndexLost || present.has(base + suffixes.transactionIndex),
        createdMs: clock.wallMs(),
        jitterMs: 0,
      })
      segments.push(segment)
      if (isIndexLost) unindexed.push(segment)
    } else removeOrphan(disk, path, present)
  }
  return { segments, unindexed, snapshots }
}

/** An index whose segment is gone. */
function removeOrphan(disk: LogDisk, path: string, present: ReadonlySet<string>): void {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const { suffix } = parseFileName(name)!
  const known: string[] = [suffixes.offsetIndex, suffixes.timeIndex, suffixes.transactionIndex]
  if (!known.includes(suffix))
    disk.env.log.warn('File in a log is not known and left alone', { path })
  else if (!present.has(name.slice(0, -suffix.length) + suffixes.log)) {
    disk.env.log.warn('Index without its segment is removed', { path })
    disk.env.files.unlink(path)
  }
}

/** The end of a log that was closed; `undefined` when its last segment or the recovery point says otherwise. */
function cleanEnd(segments: Segments, recoveryPoint: number): LogEnd | undefined {
  const { active } = segments
  if (active.sizeBytes === 0) return { endOffset: active.baseOffset, isDamaged: false }
  const scanner = new BatchScanner(active.file.get(), tailPosition(active), active.sizeBytes)
  let endOffset = active.baseOffset
  while (scanner.next()) {
    if (scanner.baseOffset < endOffset) return undefined
    endOffset = scanner.lastOffset + 1
  }
  if (scanner.problem !== undefined) return undefined
  // A clean stop writes the end down as the recovery point. Without that, the batches are believed.
  return endOffset === recoveryPoint || recoveryPoint === 0
    ? { endOffset, isDamaged: false }
    : undefined
}

/** Files up to this size are walked over without their index. */
const scannedBytesMax = 64 * 1024

function tailPosition(segment: Segment): number {
  if (segment.sizeBytes <= scannedBytesMax) return 0
  try {
    const { offsetIndex } = segment
    const { count } = offsetIndex
    if (offsetIndex.fault(segment.sizeBytes) !== undefined || count === 0) return 0
    return offsetIndex.positionAt(count - 1)
  } catch {
    return 0 // No index: it is made anew with the first use.
  }
}
