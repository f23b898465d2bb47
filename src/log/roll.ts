/** When a segment is closed and the next one begun (Kafka's LogSegment.shouldRoll). */
import type { Log } from './log.ts'
import type { LogConfig } from './log-config.ts'

/** Offsets in a segment's indexes are int32, relative to its base. */
export const relativeOffsetMax = 2 ** 31 - 1

/** Whether a batch of `size` bytes needs a new segment, behind `stagedBytes` that are not written yet. */
export function shouldRoll(
  log: Log,
  stagedBytes: number,
  size: number,
  maxTimestamp: number,
  lastOffset: number,
): boolean {
  const { config } = log
  const { active } = log.segments
  const before = active.sizeBytes + stagedBytes
  if (lastOffset - active.baseOffset > relativeOffsetMax) return true
  if (before === 0) return false
  if (before > config.segmentBytes - size) return true
  const first = active.firstTimestamp()
  const ageMs =
    first === undefined ? log.disk.env.clock.wallMs() - active.createdMs : maxTimestamp - first
  if (ageMs > segmentMs(config) - active.jitterMs) return true
  active.checkIndexes(config.indexIntervalBytes)
  return (
    active.offsetIndex.isFull(config.segmentIndexBytes) ||
    active.timeIndex.isFull(config.segmentIndexBytes)
  )
}

/** What is to be compacted in time must not stay in the active segment for longer. */
function segmentMs(config: LogConfig): number {
  const { cleanupPolicy, maxCompactionLagMs } = config
  return cleanupPolicy.compact ? Math.min(config.segmentMs, maxCompactionLagMs) : config.segmentMs
}
