/**
 * Whether a batch can stand where it does.
 *
 * The checksum of a batch leaves out its base offset. What can be known of that otherwise: it never goes back, it
 * is within reach of the segment's name, and a batch ends before the next one begins. So one that was raised is
 * told by what follows it. Where nothing follows, a hole before it tells, in a log that has no reason for holes; elsewhere
 * that it is far away by one bit.
 */
import { leaderEpochOf } from '../../protocol/record-batch.ts'
import type { BatchScanner } from './batch-scanner.ts'
import { relativeOffsetMax } from './roll.ts'

/** Where the batches of a segment have to stand. */
export interface SegmentPlace {
  readonly baseOffset: number
  /** Of the segment behind it; `undefined` for the last. */
  readonly nextBaseOffset: number | undefined
  /** Before this, batches were on the disk once: their checksums are looked at when they are read. */
  readonly recoveryPoint: number
  /** From this offset on a hole before the last batch may be damage; Infinity where it is not looked at. */
  readonly holesEnd: number
  /** The topic is compacted: a follower takes over the holes of its leader, whatever has come of its own compaction. */
  readonly mayHaveHoles: boolean
}

/** Why the batch at which `scanner` is cannot follow `endOffset` and a leader epoch; `undefined` when it can. */
export function batchFault(
  scanner: BatchScanner,
  place: SegmentPlace,
  endOffset: number,
  leaderEpoch: number,
): string | undefined {
  const fault = offsetFault(scanner, place, endOffset)
  if (fault !== undefined || scanner.lastOffset < place.recoveryPoint) return fault
  if (leaderEpochOf(scanner.bytes, scanner.at) < leaderEpoch)
    return `a batch of an older leader epoch cannot follow one of ${leaderEpoch}` // Truncated once, and back.
  return scanner.loadWhole() ? undefined : 'the checksum of a batch is wrong'
}

/** As `batchFault`, of its offsets alone. */
export function offsetFault(
  scanner: BatchScanner,
  place: SegmentPlace,
  endOffset: number,
): string | undefined {
  const { baseOffset, lastOffset } = scanner
  if (baseOffset < endOffset)
    return `a batch at offset ${baseOffset} cannot follow offset ${endOffset - 1}`
  if (lastOffset < baseOffset) return 'a batch ends before it begins'
  if (lastOffset - place.baseOffset > relativeOffsetMax)
    return `offset ${lastOffset} is too far from the base offset ${place.baseOffset} of its segment`
  const isBehindHole = baseOffset > endOffset
  const next = scanner.nextBaseOffset() ?? place.nextBaseOffset
  // Without a hole it is where it belongs: then what follows is wrong, unless this one's length in offsets is.
  if (next !== undefined && lastOffset >= next && (isBehindHole || !scanner.loadWhole()))
    return `a batch at offset ${baseOffset} reaches into the next one, at ${next}`
  const isLast = next === undefined && lastOffset >= place.holesEnd
  if (isLast && isBehindHole && isRaised(place, endOffset, baseOffset))
    return `a batch at offset ${baseOffset} follows offset ${endOffset - 1} where nothing was removed`
  return undefined
}

/** A raise by less is taken for a hole: of those a compacted topic has many. */
const raiseMin = 2 ** 20

/** Whether the hole before the last batch was never one. */
function isRaised({ mayHaveHoles }: SegmentPlace, endOffset: number, baseOffset: number): boolean {
  if (!mayHaveHoles) return true
  const raise = baseOffset - endOffset
  const isOneBit = Number.isInteger(Math.log2(raise)) && Math.floor(endOffset / raise) % 2 === 0
  return isOneBit && raise >= raiseMin
}

/** After damage, which leaves a hole: goes to the next whole batch that can follow `endOffset`. False when there is none. */
export function resyncInOrder(
  scanner: BatchScanner,
  place: SegmentPlace,
  endOffset: number,
  leaderEpoch: number,
): boolean {
  const behindHole = { ...place, holesEnd: Infinity }
  while (scanner.resync())
    if (batchFault(scanner, behindHole, endOffset, leaderEpoch) === undefined) return true
  return false
}
