/**
 * Finding what is good beside what is damaged. A flipped bit makes one batch unreadable; the offsets before
 * and behind it are served all the same.
 */
import { leaderEpochOf } from '../../protocol/record-batch.ts'
import type { LeaderEpochs } from '../core/replication/leader-epochs.ts'
import { BatchScanner } from './batch-scanner.ts'
import { hasEpoch } from './read.ts'
import type { Segment } from './segment.ts'

interface Found {
  readonly position: number
  readonly baseOffset: number
  readonly lastOffset: number
  /** Damage stands directly before it. */
  readonly isBehindDamage: boolean
}

/**
 * Where the batch with `offset` begins, or the first one behind it when no batch has it. `undefined` when it is
 * damaged, or may be among what is.
 */
export function salvage(
  segment: Segment,
  offset: number,
  endOffset: number,
  epochs: LeaderEpochs,
): number | undefined {
  const entry = segment.offsetIndex.floor(offset)
  const start = entry < 0 ? 0 : segment.offsetIndex.positionAt(entry)
  const startLastOffset = entry < 0 ? -1 : segment.offsetIndex.offsetAt(entry)
  let before: number | undefined = entry < 0 ? segment.baseOffset : undefined
  let isDamaged = entry >= 0
  /** It has a hole before it: its base offset, which has no checksum, is right if it ends before the next. */
  let doubtful: Found | undefined
  for (const found of intactBatches(segment, start, epochs)) {
    if (found.position === start && found.lastOffset === startLastOffset) before = found.baseOffset
    const isConfirmed = doubtful !== undefined && doubtful.lastOffset < found.baseOffset
    if (doubtful && isConfirmed) {
      if (doubtful.lastOffset >= offset) return answer(doubtful)
      before = doubtful.lastOffset + 1
      isDamaged = false
    }
    if ((doubtful && !isConfirmed) || found.isBehindDamage) isDamaged = true
    doubtful = undefined
    if (before !== undefined && found.baseOffset < before) isDamaged = true
    else if (found.baseOffset !== before) doubtful = found
    else if (found.lastOffset >= offset) return found.position
    else {
      before = found.lastOffset + 1
      isDamaged = false
    }
  }
  return doubtful && doubtful.lastOffset < endOffset ? answer(doubtful) : undefined

  /** An offset that a batch does not have may be missing, or in the damage before it. */
  function answer(found: Found): number | undefined {
    if (found.lastOffset < offset || (found.baseOffset > offset && isDamaged)) return undefined
    return found.position
  }
}

/** Batches whose checksum and leader epoch are right. */
function* intactBatches(
  segment: Segment,
  start: number,
  epochs: LeaderEpochs,
): Generator<Found, void> {
  const scanner = new BatchScanner(segment.file.get(), start, segment.sizeBytes)
  let isBehindDamage = start > 0
  let isAtBatch = scanner.next()
  for (;;) {
    if (!isAtBatch) {
      if (scanner.problem === undefined || !scanner.resync()) return
      isBehindDamage = true
    }
    const { position, baseOffset, lastOffset } = scanner
    const isWhole = scanner.loadWhole()
    if (isWhole && hasEpoch(epochs, baseOffset, leaderEpochOf(scanner.bytes, scanner.at))) {
      yield { position, baseOffset, lastOffset, isBehindDamage }
      isBehindDamage = false
    } else isBehindDamage = true
    isAtBatch = scanner.next()
    if (isWhole || (isAtBatch && scanner.loadWhole())) continue
    // Where no good batch follows a bad one, its length is wrong too.
    scanner.seek(position)
    if (!scanner.resync()) return
    isAtBatch = true
  }
}
