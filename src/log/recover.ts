/**
 * Recovery: what is done with a log that was not closed.
 *
 * Everything before the recovery point was on the disk when it was written down, and is never cut; damage
 * there is found and answered when it is read. Behind it, each batch is checked by length and checksum. The
 * first bad one ends the log: what stands behind cannot be told from garbage, and replicas fetch it
 * again. A process that ends in the middle of a write leaves a part of a batch, and nothing behind it: where
 * more had to go, records are lost that were there (`onLost`). Indexes, transaction index, leader epochs and producers are made anew on the way.
 */
import {
  batchHeaderBytes,
  batchSizeOf,
  isControl,
  leaderEpochOf,
  magicOf,
  maxTimestampOf,
  producerIdOf,
} from '../../protocol/record-batch.ts'
import type { ProducerStates } from '../core/producer/producer-states.ts'
import type { File } from '../env/env.ts'
import { batchFault, resyncInOrder, type SegmentPlace } from './batch-order.ts'
import { BatchScanner } from './batch-scanner.ts'
import type { EpochFile } from './epoch-file.ts'
import { FoundEpochs } from './found-epochs.ts'
import type { LogConfig } from './log-config.ts'
import type { LogDisk } from './log-disk.ts'
import { applyBatch, type ProducerStore } from './producer-store.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'
import type { AbortedTransaction } from './transaction-index.ts'

/** Read at once: large, so that the disk is read in sequence and the loop waits seldom. */
const pieceBytes = 4 * 1024 * 1024

export interface Recovery {
  readonly disk: LogDisk
  readonly name: string
  readonly config: LogConfig
  readonly segments: Segments
  readonly epochs: EpochFile
  readonly producers: ProducerStore
  readonly recoveryPoint: number
  /** Segments before this offset may have been compacted. */
  readonly compactedTo: number
  /** The log was closed: nothing of it is behind the recovery point. */
  readonly wasClean: boolean
  /** Called with the bytes that have been looked at since the last call. */
  onProgress(bytes: number): void
  /** Called when whole batches went, which a process that ends does not explain. */
  onLost(): void
}

/** Where a log ends. */
export interface LogEnd {
  readonly endOffset: number
  /** The last bytes are damaged and stay, being before the recovery point: the log goes on in a new segment. */
  readonly isDamaged: boolean
}

export async function recoverLog(recovery: Recovery): Promise<LogEnd> {
  const { segments, recoveryPoint } = recovery
  // A segment that ends at the recovery point may have been closed after that was written: with its indexes.
  const first = Math.max(segments.indexFor(recoveryPoint - 1), 0)
  const todo = segments.list.slice(first)
  recovery.producers.dropAbove(recoveryPoint)
  const states = recovery.producers.rebuild(todo[0]!.baseOffset)
  const epochs = new FoundEpochs(recovery.epochs.epochs, recoveryPoint)
  recovery.epochs.epochs.truncateFromEnd(recoveryPoint)
  let end: SegmentEnd = {
    endOffset: todo[0]!.baseOffset,
    isDamaged: false,
    isCut: false,
  }
  for (const [i, segment] of todo.entries()) {
    const next = todo[i + 1]
    const place = placeOf(recovery, segment, next)
    end = await recoverSegment(recovery, segment, place, end.endOffset, states, epochs)
    if (next === undefined) break
    // What was cut before a segment that goes on exactly there was no batch: space that was preallocated.
    const isCut = end.isCut && next.baseOffset !== end.endOffset
    const isMissing = isCut || isGap(recovery, end, next)
    if (!isMissing && !isStale(end, next)) continue
    if (isMissing) recovery.onLost()
    dropAll(recovery, todo.slice(i + 1))
    break
  }
  epochs.finish(end.endOffset)
  recovery.epochs.write()
  return end
}

function placeOf(
  { config, recoveryPoint, compactedTo, wasClean }: Recovery,
  { baseOffset }: Segment,
  next: Segment | undefined,
): SegmentPlace {
  const holesEnd = wasClean ? recoveryPoint : Math.max(recoveryPoint, compactedTo)
  const mayHaveHoles = config.cleanupPolicy.compact && !wasClean
  return { baseOffset, nextBaseOffset: next?.baseOffset, recoveryPoint, holesEnd, mayHaveHoles }
}

/**
 * Whether records are missing between a segment and the next. After a power loss the files may have reached
 * the disk in any order: the end of one is gone, and the next is there. Compaction leaves holes too, but
 * none above both the recovery point (`LogKeeper.beforeReplacement`) and the offset that it has come to.
 */
function isGap(recovery: Recovery, end: SegmentEnd, next: Segment): boolean {
  const holesEnd = Math.max(recovery.recoveryPoint, recovery.compactedTo)
  return end.endOffset < next.baseOffset && next.baseOffset > holesEnd
}

/** Whether a segment begins within the one before: it was truncated away once, and its name came back. */
function isStale(end: SegmentEnd, next: Segment): boolean {
  return next.baseOffset < end.endOffset
}

interface SegmentEnd extends LogEnd {
  /** What follows the end of this segment is dropped. */
  readonly isCut: boolean
}

async function recoverSegment(
  recovery: Recovery,
  segment: Segment,
  place: SegmentPlace,
  startOffset: number,
  states: ProducerStates,
  epochs: FoundEpochs,
): Promise<SegmentEnd> {
  const { disk, config, recoveryPoint } = recovery
  const { indexIntervalBytes } = config
  const end = segment.sizeBytes
  const scanner = new BatchScanner(segment.file.get(), 0, end, pieceBytes)
  const aborted: AbortedTransaction[] = []
  let endOffset = Math.max(startOffset, segment.baseOffset)
  let isDamaged = false
  let isCut = false
  let seen = 0
  segment.resetIndexes()
  segment.sizeBytes = 0
  for (;;) {
    if (scanner.isStarving) {
      await scanner.fillLater()
      recovery.onProgress(scanner.position - seen)
      seen = scanner.position
    }
    const isFound = scanner.next()
    if (!isFound && scanner.problem === undefined) break
    const problem = isFound ? batchFault(scanner, place, endOffset, epochs.latest) : scanner.problem
    if (problem !== undefined) {
      // Damage before the recovery point stays: the next good batch tells where the log goes on.
      const at = scanner.position
      isCut = endOffset >= recoveryPoint
      // What cannot be read may be good: nothing is cut for it, and the directory goes offline.
      const unreadable = isCut ? scanner.unreadableFrom(at) : undefined
      if (unreadable) throw unreadable
      isDamaged = !isCut && !resyncInOrder(scanner, place, endOffset, epochs.latest)
      if (isCut) cut(recovery, segment, at, end, problem)
      else {
        segment.sizeBytes = isDamaged ? end : scanner.position
        warnOfHole(recovery, segment, at, segment.sizeBytes, problem)
      }
      if (isDamaged) endOffset = Math.max(endOffset, recoveryPoint)
      if (isCut || isDamaged) break
    }
    const { bytes, at, size, lastOffset } = scanner
    if (isControl(bytes, at)) scanner.loadWhole()
    segment.index({ lastOffset, size, maxTimestamp: maxTimestampOf(bytes, at) }, indexIntervalBytes)
    epochs.next(leaderEpochOf(scanner.bytes, scanner.at), scanner.baseOffset)
    if (producerIdOf(scanner.bytes, scanner.at) >= 0) {
      const completed = applyBatch(states, scanner.bytes, scanner.at)
      if (completed?.aborted) {
        const { producerId, firstOffset, lastOffset } = completed
        const lastStableOffset = states.stableOffsetAfter(completed)
        aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset })
      }
    }
    endOffset = lastOffset + 1
  }
  recovery.onProgress(end - seen)
  segment.transactionIndex.rewrite(aborted)
  segment.flushIndexes()
  disk.env.log.debug('Segment is recovered', { segment: segment.file.path, endOffset })
  return { endOffset, isDamaged, isCut }
}

function cut(recovery: Recovery, segment: Segment, at: number, end: number, problem: string): void {
  const { disk } = recovery
  const file = segment.file.get()
  const behind = new BatchScanner(file, at, end)
  let batchesBehind = 0
  while (behind.resync()) {
    do batchesBehind++
    while (behind.next() && behind.loadWhole())
  }
  if (batchesBehind > 0 || isWhole(file, at, end)) recovery.onLost()
  disk.env.log.warn('Log is cut at its first bad batch', {
    log: recovery.name,
    segment: segment.file.path,
    position: at,
    because: problem,
    bytesDropped: end - at,
    wholeBatchesDropped: batchesBehind,
  })
  file.truncate(at)
  file.sync()
}

/** Whether all of a bad batch is there: it was not the end of the process that left it so. */
function isWhole(file: File, at: number, end: number): boolean {
  if (end - at < batchHeaderBytes) return false
  const header = Buffer.alloc(batchHeaderBytes)
  file.read(header, 0, batchHeaderBytes, at)
  const size = batchSizeOf(header, 0)
  return magicOf(header, 0) === 2 && size >= batchHeaderBytes && size <= end - at
}

function warnOfHole(
  recovery: Recovery,
  segment: Segment,
  from: number,
  to: number,
  problem: string,
): void {
  recovery.disk.env.log.error('Log is damaged before its recovery point', {
    log: recovery.name,
    segment: segment.file.path,
    from,
    to,
    because: problem,
  })
}

function dropAll(recovery: Recovery, gone: readonly Segment[]): void {
  if (gone.length === 0) return
  recovery.disk.env.log.warn('Segments behind the end of the log are dropped', {
    log: recovery.name,
    segments: gone.map(({ baseOffset }) => baseOffset),
    bytesDropped: gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  })
  recovery.segments.remove(new Set(gone), recovery.config)
  recovery.producers.removeObsolete()
  recovery.disk.env.files.syncDirectory(recovery.segments.directory)
}
