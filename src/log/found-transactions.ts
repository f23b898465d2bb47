/** The aborted transactions of a segment as its batches tell them: where the transaction index is damaged. */
import { isControl } from '../../protocol/record-batch.ts'
import { BatchScanner } from './batch-scanner.ts'
import type { Log } from './log.ts'
import { applyBatch } from './producer-store.ts'
import type { Segment } from './segment.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export function abortedIn(log: Log, segment: Segment): AbortedTransaction[] {
  const states = log.producerStore.rebuild(segment.baseOffset)
  const aborted: AbortedTransaction[] = []
  const scanner = new BatchScanner(segment.file.get(), 0, segment.sizeBytes, 1024 * 1024)
  while (scanner.next() || (scanner.problem !== undefined && scanner.resync())) {
    if (isControl(scanner.bytes, scanner.at) && !scanner.loadWhole()) continue
    const completed = applyBatch(states, scanner.bytes, scanner.at)
    if (!completed?.aborted) continue
    const { producerId, firstOffset, lastOffset } = completed
    const lastStableOffset = states.stableOffsetAfter(completed)
    aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset })
  }
  return aborted
}
