/** Which segments are too old or too many (Kafka's `UnifiedLog.deleteOldSegments`). */
import type { Log } from './log.ts'
import type { Segment } from './segment.ts'

/** Deletes what is over the limits; returns the number of segments. Throws StorageError. */
export function applyRetention(log: Log, nowMs: number): number {
  if (!log.config.cleanupPolicy.delete) return 0
  return deleteWhile(log, expired(log, nowMs)) + applySizeRetention(log)
}

/** As `applyRetention`, for what is too many. */
export function applySizeRetention(log: Log): number {
  const { cleanupPolicy, retentionBytes } = log.config
  return cleanupPolicy.delete && retentionBytes < Infinity ? deleteWhile(log, surplus(log)) : 0
}

type Wanted = (segment: Segment) => boolean

function expired(log: Log, nowMs: number): Wanted {
  const { retentionMs, indexIntervalBytes } = log.config
  return (segment) =>
    retentionMs !== Infinity && nowMs - newestMs(log, segment, indexIntervalBytes) > retentionMs
}

/** The largest timestamp of the records, or when the file was written if they have none. */
function newestMs(log: Log, segment: Segment, indexIntervalBytes: number): number {
  const { timestamp } = segment.maxTimestamp(indexIntervalBytes)
  if (timestamp >= 0) return timestamp
  return log.disk.env.files.stat(segment.file.path)?.modifiedMs ?? Infinity
}

function surplus(log: Log): Wanted {
  let over = log.sizeBytes - log.config.retentionBytes
  return (segment) => {
    over -= segment.sizeBytes
    return over >= 0
  }
}

/** Deletes from the start while segments are wanted gone and lie below the high watermark. */
function deleteWhile(log: Log, isWanted: Wanted): number {
  const { list } = log.segments
  let count = 0
  for (const [i, segment] of list.entries()) {
    const isLast = i + 1 === list.length
    const endOffset = list[i + 1]?.baseOffset ?? log.logEndOffset
    if (endOffset > log.highWatermark || (isLast && segment.sizeBytes === 0)) break
    if (!isWanted(segment)) break
    count++
  }
  if (count === 0) return 0
  if (count === list.length) log.roll()
  const startOffset = log.segments.list[count]!.baseOffset
  log.disk.env.log.info('Segments are deleted by retention', {
    log: log.name,
    segments: count,
    logStartOffset: startOffset,
  })
  log.advanceStart(startOffset)
  return count
}
