/** Which neighbouring segments become one: as many as fit the limits of a segment. */
import type { LogConfig } from './log-config.ts'
import { relativeOffsetMax } from './roll.ts'
import type { Segment } from './segment.ts'

/** `upperBound` is the end of the last segment, or more. */
export function groupSegments(
  segments: readonly Segment[],
  config: LogConfig,
  upperBound: number,
): Segment[][] {
  const groups: Segment[][] = []
  let group: Segment[] = []
  let bytes = 0
  let indexBytes = 0
  let timeIndexBytes = 0
  for (const [i, segment] of segments.entries()) {
    const { sizeBytes, offsetIndex, timeIndex } = segment
    segment.checkIndexes(config.indexIntervalBytes)
    const lastOffset = (segments[i + 1]?.baseOffset ?? upperBound) - 1
    bytes += sizeBytes
    indexBytes += offsetIndex.sizeBytes
    timeIndexBytes += timeIndex.sizeBytes
    const fits =
      group.length > 0 &&
      bytes <= config.segmentBytes &&
      Math.max(indexBytes, timeIndexBytes) <= config.segmentIndexBytes &&
      // An empty one has no offset that an index would have to tell.
      (sizeBytes === 0 || lastOffset - group[0]!.baseOffset <= relativeOffsetMax)
    if (fits) group.push(segment)
    else {
      group = [segment]
      groups.push(group)
      bytes = sizeBytes
      indexBytes = offsetIndex.sizeBytes
      timeIndexBytes = timeIndex.sizeBytes
    }
  }
  return groups
}
