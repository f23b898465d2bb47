/** What of a log compaction may touch, and whether it is worth it (Kafka's LogCleanerManager). */
import type { Log } from './log.ts'
import type { Segment } from './segment.ts'

export interface CompactionRange {
  /** Everything before was compacted already. */
  readonly firstDirtyOffset: number
  /** The base of a segment. Beyond it is the active one, what is not stable, or too young. */
  readonly firstUncleanableOffset: number
  readonly cleanBytes: number
  readonly dirtyBytes: number
  /** Something is older than `max.compaction.lag.ms` allows. */
  readonly isOverdue: boolean
}

/** `checkpoint` is how far earlier compactions came; `undefined` when there was none. */
export function compactionRange(
  log: Log,
  checkpoint: number | undefined,
  nowMs: number,
): CompactionRange {
  const start = checkpoint ?? log.logStartOffset
  const isValid = start >= log.logStartOffset && start <= log.logEndOffset
  // An offset that cannot be says nothing: all of the log counts as dirty.
  const firstDirtyOffset = isValid ? start : log.logStartOffset
  const closed = log.segments.list.slice(0, -1)
  const dirty = closed.slice(firstOverlapping(closed, log, firstDirtyOffset))
  const young = dirty.find((segment) => isYoung(log, segment, nowMs))
  const limit = Math.min(
    log.lastStableOffset,
    log.segments.active.baseOffset,
    young?.baseOffset ?? Infinity,
  )
  const firstUncleanableOffset = baseBelow(log, Math.max(firstDirtyOffset, limit))
  const bytesOf = (wanted: (segment: Segment) => boolean) =>
    closed.reduce((sum, segment) => sum + (wanted(segment) ? segment.sizeBytes : 0), 0)
  const cleanable = new Set(dirty.filter(({ baseOffset }) => baseOffset < firstUncleanableOffset))
  return {
    firstDirtyOffset,
    firstUncleanableOffset,
    cleanBytes: bytesOf(({ baseOffset }) => baseOffset < firstDirtyOffset),
    dirtyBytes: bytesOf((segment) => cleanable.has(segment)),
    isOverdue: isOverdue(log, dirty, nowMs),
  }
}

/** How much of what could be read is dirty: what `min.cleanable.dirty.ratio` is compared with. */
export function dirtyRatio({ cleanBytes, dirtyBytes }: CompactionRange): number {
  return dirtyBytes === 0 ? 0 : dirtyBytes / (cleanBytes + dirtyBytes)
}

function firstOverlapping(closed: readonly Segment[], log: Log, offset: number): number {
  const i = closed.findIndex((segment) => log.segments.endOf(segment, log.logEndOffset) > offset)
  return i < 0 ? closed.length : i
}

function isYoung(log: Log, segment: Segment, nowMs: number): boolean {
  const { minCompactionLagMs, indexIntervalBytes } = log.config
  if (minCompactionLagMs <= 0) return false
  return segment.maxTimestamp(indexIntervalBytes).timestamp > nowMs - minCompactionLagMs
}

/** A segment that is not whole below the offset is left alone. */
function baseBelow(log: Log, offset: number): number {
  return log.segments.list[Math.max(log.segments.indexFor(offset), 0)]!.baseOffset
}

function isOverdue(log: Log, dirty: readonly Segment[], nowMs: number): boolean {
  const { maxCompactionLagMs } = log.config
  if (maxCompactionLagMs === Infinity) return false
  return dirty.some((segment) => {
    const timestamp = segment.firstTimestamp()
    return timestamp !== undefined && timestamp > 0 && timestamp < nowMs - maxCompactionLagMs
  })
}
