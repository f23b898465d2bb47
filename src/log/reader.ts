/**
 * Decides how a log is read. What this process wrote lately is in the page cache (`page-cache.ts`): it is
 * read at once, and its checksums were checked when it came. Other data may have to come from the disk, which
 * would hold up everything else, so it is read on the thread pool (`readLater`) unless it is at the end of the
 * log, and its checksums are checked: disks lose bits. How long a read took tells whether the rest of that segment is in the page cache after all.
 */
import { errors } from '../../protocol/errors.ts'
import { abortedIn } from './found-transactions.ts'
import type { Log } from './log.ts'
import {
  emptyRead,
  failedRead,
  type LogRead,
  passedRead,
  type ReadRange,
  readSegment,
  readSegmentLater,
} from './read.ts'
import { isUnreadable, ReadableParts } from './readable-parts.ts'
import { salvage } from './salvage.ts'
import type { Segment } from './segment.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export interface ReadOptions {
  /** Batches that reach this offset are left out; the high watermark when left out. */
  readonly upTo?: number
  /** Returns the first batch also when it is larger than the limit. True when left out. */
  readonly atLeastOne?: boolean
}

/** Of a read, without where in the file it begins. */
type Wanted = Pick<ReadRange, 'offset' | 'bytesMax' | 'upTo' | 'atLeastOne'>

/** So much before the end of a log is taken to be in the page cache. */
const tailBytes = 128 * 1024 * 1024
/** A read that takes longer has waited for the disk. */
const slowReadMs = 2
/** Bytes that the page cache gives in a millisecond at least. */
const cachedBytesPerMs = 1_000_000

/** As `Log.read` says; the offset is within the log. */
export function readLog(
  log: Log,
  offset: number,
  bytesMax: number,
  options: ReadOptions,
): LogRead | undefined {
  const { segments, disk } = log
  const { upTo = log.highWatermark, atLeastOne = true } = options
  disk.resources.demand.count++
  for (let i = Math.max(segments.indexFor(offset), 0); offset < upTo; i++) {
    const segment = segments.list[i]
    if (segment === undefined || segment.baseOffset >= upTo) break
    try {
      const range = rangeOf(log, segment, i, { offset, bytesMax, upTo, atLeastOne })
      const isHot = range.verify === undefined || isTail(log, i, range.position)
      if (!isHot && !segment.isWarm) return undefined
      const startMs = isHot ? 0 : disk.env.clock.monotonicMs()
      const read = readSegment(segment, range, disk.resources.buffers)
      if (!isHot && disk.env.clock.monotonicMs() - startMs > slowReadMs) segment.isWarm = false
      if (read !== passedRead)
        return read.errorCode === 0 ? read : salvaged(log, segment, range, read)
    } catch (error) {
      return afterFailure(log, error, segment, { offset, bytesMax, upTo, atLeastOne })
    }
  }
  return emptyRead
}

/** As `Log.readLater` says. */
export async function readLogLater(
  log: Log,
  offset: number,
  bytesMax: number,
  options: ReadOptions,
): Promise<LogRead> {
  const { segments, disk } = log
  const { upTo = log.highWatermark, atLeastOne = true } = options
  let segment = segments.list[Math.max(segments.indexFor(offset), 0)]
  while (offset < upTo && segment !== undefined && segment.baseOffset < upTo) {
    const current = segment
    try {
      const index = segments.list.indexOf(current)
      const range = rangeOf(log, current, index, { offset, bytesMax, upTo, atLeastOne })
      const startMs = disk.env.clock.monotonicMs()
      const read = await current.file.whileOpen((file) =>
        readSegmentLater(file, current, range, disk.resources.buffers),
      )
      const ms = disk.env.clock.monotonicMs() - startMs
      disk.resources.pageCache.add(read.records.length)
      if (read.records.length > 0 && ms < 0.5 + read.records.length / cachedBytesPerMs)
        current.isWarm = true
      if (read !== passedRead)
        return read.errorCode === 0 ? read : salvaged(log, current, range, read)
      const after = segments.list.indexOf(current)
      if (after < 0) return emptyRead // It went away meanwhile: the next read finds out.
      segment = segments.list[after + 1]
    } catch (error) {
      return afterFailure(log, error, current, { offset, bytesMax, upTo, atLeastOne })
    }
  }
  return emptyRead
}

function rangeOf(log: Log, segment: Segment, index: number, wanted: Wanted): ReadRange {
  const { config, segments, logEndOffset, leaderEpochs } = log
  const { position, batchBytes, firstBaseOffset, firstLastOffset } = segment.find(
    wanted.offset,
    config.indexIntervalBytes,
  )
  // Field by field: a spread is a tenth of what a read of 64 KiB takes.
  return {
    offset: wanted.offset,
    bytesMax: wanted.bytesMax,
    upTo: wanted.upTo,
    atLeastOne: wanted.atLeastOne,
    position,
    batchBytes,
    verify: segment.isTrusted(position)
      ? undefined
      : {
          firstLastOffset,
          firstBaseOffset,
          endOffset: segments.list[index + 1]?.baseOffset ?? logEndOffset,
          epochs: leaderEpochs,
        },
  }
}

/** After damage was met: the batch with the offset itself may still be good, or the index be wrong. */
function salvaged(log: Log, segment: Segment, wanted: Wanted, failed: LogRead): LogRead {
  const { config, disk, name, leaderEpochs, segments, logEndOffset } = log
  const isNew = segment.noteDamage(config.indexIntervalBytes)
  if (isNew) disk.env.log.error('Log is damaged', { log: name, because: failed.errorMessage })
  const index = segments.list.indexOf(segment)
  const endOffset = segments.list[index + 1]?.baseOffset ?? logEndOffset
  const position = salvage(segment, wanted.offset, endOffset, leaderEpochs)
  if (position === undefined) return failed
  const verify = { firstLastOffset: -1, firstBaseOffset: 0, endOffset, epochs: leaderEpochs }
  const again = { ...wanted, position, batchBytes: 0, verify }
  const file = new ReadableParts(segment.file.get())
  const read = readSegment(segment, again, disk.resources.buffers, file)
  return read === passedRead ? failed : read
}

/** Whether so few bytes follow that they are in the page cache. */
function isTail(log: Log, index: number, position: number): boolean {
  const { list } = log.segments
  let bytes = -position
  for (let i = index; i < list.length; i++) {
    bytes += list[i]!.sizeBytes
    if (bytes > tailBytes) return false
  }
  return true
}

/** A part of the disk that cannot be read is lost as damaged data is; all else is the directory's fault. */
function afterFailure(log: Log, error: unknown, segment: Segment, wanted: Wanted): LogRead {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  const because = `Reading ${segment.file.path} failed: ${message}`
  try {
    if (isUnreadable(error))
      return salvaged(log, segment, wanted, failedRead(errors.CORRUPT_MESSAGE.code, because))
  } catch {
    // Nothing can be read around it.
  }
  if (!segment.isDeleted)
    log.disk.env.log.error('Read failed', { file: segment.file.path, because: message })
  return failedRead(errors.KAFKA_STORAGE_ERROR.code, because)
}

/** The transaction index of a segment, made anew when it is damaged. */
export function abortedOf(log: Log, segment: Segment): readonly AbortedTransaction[] {
  const { transactionIndex } = segment
  try {
    return transactionIndex.entries
  } catch (error) {
    const because = (error as Error).message
    const { disk, flusher } = log
    disk.env.log.warn('Index is made anew', { segment: transactionIndex.path, because })
    transactionIndex.rewrite(abortedIn(log, segment))
    flusher.written(segment)
    return transactionIndex.entries
  }
}

/** Those with records in [from, to). */
export function abortedTransactions(log: Log, from: number, to: number): AbortedTransaction[] {
  const { segments } = log
  const found: AbortedTransaction[] = []
  for (let i = Math.max(segments.indexFor(from), 0); i < segments.list.length; i++) {
    for (const aborted of abortedOf(log, segments.list[i]!)) {
      if (aborted.lastOffset >= from && aborted.firstOffset < to) found.push(aborted)
      if (aborted.lastStableOffset >= to) return found
    }
  }
  return found
}
