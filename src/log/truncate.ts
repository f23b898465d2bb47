/** Removing the end of a log: what a new leader does not have (KIP-101, KIP-279). */
import { BatchScanner } from './batch-scanner.ts'
import type { Log } from './log.ts'

/** Returns the new end of the log. */
export function truncateTo(log: Log, offset: number): number {
  const { segments, config } = log
  if (segments.first.baseOffset > offset) {
    truncateFullyAndStartAt(log, offset)
    return offset
  }
  // Later segments first: after a crash in between, the log has no hole.
  log.removeSegments(segments.list.filter(({ baseOffset }) => baseOffset > offset).reverse())
  const { active } = segments
  const scanner = new BatchScanner(
    active.file.get(),
    active.positionFor(offset, config.indexIntervalBytes),
    active.sizeBytes,
  )
  let endOffset = offset
  while (scanner.next())
    if (scanner.lastOffset >= offset) {
      endOffset = Math.min(offset, scanner.baseOffset)
      break
    }
  active.truncate(scanner.position, endOffset, config.indexIntervalBytes)
  log.flusher.written(active)
  log.leaderEpochs.truncateFromEnd(endOffset)
  log.epochFile.write(false)
  log.producerStore.truncate(Math.min(log.logStartOffset, endOffset), endOffset)
  log.producers.highWatermarkReached(Math.min(log.highWatermark, endOffset))
  return endOffset
}

export function truncateFullyAndStartAt(log: Log, offset: number): void {
  const { segments, config } = log
  const old = [...segments.list]
  for (const segment of old) log.flusher.removed(segment)
  segments.remove(new Set(old), config)
  segments.create(offset, config)
  log.flusher.directoryChanged()
  log.epochFile.reset([])
  log.epochFile.write(false)
  log.producerStore.reset()
}
