/** Removing the end of a log: what a new leader does not have (KIP-101, KIP-279). */
import { BatchScanner } from './batch-scanner.ts'
import type { Log } from './log.ts'
import type { Segment } from './segment.ts'

/** Where the log would end when it is cut at `offset`: the start of the batch that contains it. */
export function endOffsetFor(log: Log, offset: number): number {
  return cutAt(log, offset).endOffset
}

interface Cut {
  readonly position: number
  readonly endOffset: number
}

function cutAt(log: Log, offset: number): Cut {
  const { segments, config } = log
  const segment = segments.list[segments.indexFor(offset)]
  if (segment === undefined) return { position: 0, endOffset: offset }
  const start = segment.positionFor(offset, config.indexIntervalBytes)
  const scanner = new BatchScanner(segment.file.get(), start, segment.sizeBytes)
  while (scanner.next())
    if (scanner.lastOffset >= offset) {
      const { position, baseOffset } = scanner
      // The log ends where the last batch before does: only compaction leaves offsets out, or a bit that is wrong.
      return baseOffset > offset
        ? cutBesideDamage(segment, offset, true)
        : { position, endOffset: Math.min(offset, baseOffset) }
    }
  return scanner.problem === undefined
    ? { position: scanner.position, endOffset: offset }
    : cutBesideDamage(segment, offset)
}

/**
 * What is damaged before the cut stays where a good batch shows that the cut is behind it. Where none does,
 * the damage may be what is to be cut: the log then ends before it, and never claims what it has not. `isHole`: the
 * batch behind the cut has an offset that cannot be.
 */
function cutBesideDamage(segment: Segment, offset: number, isHole = false): Cut {
  const scanner = new BatchScanner(segment.file.get(), 0, segment.sizeBytes)
  let end = { position: 0, endOffset: segment.baseOffset }
  let isBehindDamage = false
  for (;;) {
    if (!scanner.next()) {
      if (scanner.problem === undefined) return { position: scanner.position, endOffset: offset }
      if (!scanner.resync()) return end
      isBehindDamage = true
    }
    const { position, size, baseOffset, lastOffset } = scanner
    if (lastOffset >= offset)
      return (isBehindDamage || isHole) && baseOffset > offset
        ? end
        : { position, endOffset: Math.min(offset, baseOffset) }
    end = { position: position + size, endOffset: lastOffset + 1 }
    isBehindDamage = false
  }
}

/** Returns the new end of the log. */
export function truncateTo(log: Log, offset: number): number {
  const { segments, config } = log
  if (segments.first.baseOffset > offset) {
    truncateFullyAndStartAt(log, offset)
    return offset
  }
  const { position, endOffset } = cutAt(log, offset)
  // Later segments first: after a crash in between, the log has no hole.
  const gone = segments.list.filter(({ baseOffset }) => baseOffset > offset)
  log.removeSegments(gone.reverse())
  // They must not come back behind what is written in their place.
  if (gone.length > 0) log.disk.env.files.syncDirectory(log.directory)
  const { active } = segments
  log.abortedOf(active) // Makes its transaction index anew where that is damaged.
  active.truncate(position, endOffset, config.indexIntervalBytes)
  // What was durable must not come back: nothing that follows could be told from it.
  if (endOffset < log.recoveryPoint) active.file.get().sync()
  log.flusher.written(active)
  log.flusher.directoryChanged()
  log.leaderEpochs.truncateFromEnd(endOffset)
  log.epochFile.writeIfPossible()
  log.producerStore.truncate(endOffset)
  log.producers.highWatermarkReached(Math.min(log.highWatermark, endOffset))
  return endOffset
}

export function truncateFullyAndStartAt(log: Log, offset: number): void {
  const { segments, config } = log
  const old = [...segments.list]
  segments.remove(new Set(old), config)
  segments.create(offset, config)
  log.flusher.directoryChanged()
  log.epochFile.reset([])
  log.epochFile.writeIfPossible()
  log.producerStore.reset()
}
