/** Finding records by their timestamps (ListOffsets). */
import { errors } from '../../protocol/errors.ts'
import { maxTimestampOf } from '../../protocol/record-batch.ts'
import { BatchScanner } from './batch-scanner.ts'
import { findRecord, type WantedRecord } from './batch-work.ts'
import type { Log } from './log.ts'
import type { Segment } from './segment.ts'

export interface FoundTimestamp {
  readonly timestamp: number
  readonly offset: number
  /** -1 when it is not known. */
  readonly leaderEpoch: number
}

/** A batch that had to be read is damaged. */
export class CorruptLogError extends Error {
  override name = 'CorruptLogError'
  readonly errorCode = errors.CORRUPT_MESSAGE.code
}

export async function offsetForTimestamp(
  log: Log,
  timestamp: number,
): Promise<FoundTimestamp | undefined> {
  const { indexIntervalBytes } = log.config
  for (const segment of segmentsFrom(log)) {
    if (segment.maxTimestamp(indexIntervalBytes).timestamp < timestamp) continue
    const found = await firstRecord(log, segment, timestamp)
    if (found) return found
  }
  return undefined
}

export async function offsetOfMaxTimestamp(log: Log): Promise<FoundTimestamp | undefined> {
  const { indexIntervalBytes } = log.config
  let best: { segment: Segment; timestamp: number; offset: number } | undefined
  for (const segment of segmentsFrom(log)) {
    let max = segment.maxTimestamp(indexIntervalBytes)
    // The record with the largest timestamp may have been deleted from the start of the log.
    if (max.offset < log.logStartOffset) max = maxFrom(log, segment)
    if (max.timestamp > (best?.timestamp ?? -1)) best = { segment, ...max }
  }
  return best && firstRecord(log, best.segment, best.timestamp)
}

function segmentsFrom(log: Log): readonly Segment[] {
  return log.segments.list.slice(Math.max(log.segments.indexFor(log.logStartOffset), 0))
}

/** The largest timestamp of batches that reach the log's start. */
function maxFrom(log: Log, segment: Segment): { timestamp: number; offset: number } {
  let max = { timestamp: -1, offset: -1 }
  const scanner = scannerFrom(log, segment, log.logStartOffset)
  while (scanner.next()) {
    const timestamp = maxTimestampOf(scanner.bytes, scanner.at)
    if (scanner.lastOffset >= log.logStartOffset && timestamp > max.timestamp)
      max = { timestamp, offset: scanner.lastOffset }
  }
  assertWhole(scanner, segment)
  return max
}

function scannerFrom(log: Log, segment: Segment, offset: number): BatchScanner {
  const position = segment.positionFor(offset, log.config.indexIntervalBytes)
  return new BatchScanner(segment.file.get(), position, segment.sizeBytes)
}

/** Not sooner than the time index says, nor before the start of the log. */
function firstRecord(
  log: Log,
  segment: Segment,
  timestamp: number,
): Promise<FoundTimestamp | undefined> {
  const offset = Math.max(segment.timeIndex.offsetFor(timestamp), log.logStartOffset)
  return segment.file.whileOpen(async () => {
    const scanner = scannerFrom(log, segment, offset)
    while (scanner.next()) {
      if (scanner.lastOffset < offset || maxTimestampOf(scanner.bytes, scanner.at) < timestamp)
        continue
      if (!scanner.loadWhole()) throw damaged(scanner, segment)
      const found = await firstIn(log, scanner, { offset, timestamp })
      if (found) return { ...found, leaderEpoch: log.leaderEpochs.epochAt(found.offset) ?? -1 }
    }
    assertWhole(scanner, segment)
    return undefined
  })
}

async function firstIn(
  { config, disk }: Log,
  { bytes, at, size }: BatchScanner,
  wanted: WantedRecord,
): Promise<WantedRecord | undefined> {
  const { largeBatches } = disk.resources
  const unpacked = largeBatches.unpackSmall(bytes, at, config.unpackedBytesMax)
  if (unpacked !== undefined) return findRecord(bytes, at, unpacked, wanted)
  return largeBatches.find(bytes.subarray(at, at + size), wanted, config.unpackedBytesMax)
}

/** What was looked for may be in the part that cannot be read: a later record would be the wrong answer. */
function assertWhole(scanner: BatchScanner, segment: Segment): void {
  if (scanner.problem !== undefined) throw damaged(scanner, segment)
}

function damaged({ position }: BatchScanner, { file }: Segment): CorruptLogError {
  return new CorruptLogError(`The batch at ${position} of ${file.path} is damaged`)
}
