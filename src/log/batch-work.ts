/** What is done with the records of a batch that is too large for the event loop: as plain data, for any thread. */
import { CompressionError } from '../../protocol/compression.ts'
import {
  attributesOf,
  baseOffsetOf,
  baseTimestampOf,
  logAppendTimeBit,
  maxTimestampOf,
  recordCountOf,
} from '../../protocol/record-batch.ts'
import { InvalidRecordError, RecordCursor, recordBytesOf } from '../../protocol/records.ts'
import { BatchRewriter, type KeptRecords } from './compaction-rewrite.ts'

export type BatchWork =
  | (Unpacked & { readonly kind: 'unpack' })
  | (Unpacked & { readonly kind: 'rewrite'; readonly kept: KeptRecords })
  | (Unpacked & { readonly kind: 'find'; readonly wanted: WantedRecord })

/** A whole batch, and how much its records may be. */
interface Unpacked {
  readonly batch: Buffer
  readonly bytesMax: number
}

/** The first record from this offset on with a timestamp of at least this. */
export interface WantedRecord {
  readonly offset: number
  readonly timestamp: number
}

export type BatchWorkDone =
  | { readonly bytes: Buffer }
  | { readonly found: WantedRecord | undefined }
  /** A class of errors does not pass from thread to thread. */
  | { readonly fault: 'compression' | 'record'; readonly message: string }

export function doBatchWork(work: BatchWork): BatchWorkDone {
  try {
    const { batch, bytesMax } = work
    const unpacked = recordBytesOf(batch, 0, bytesMax)
    switch (work.kind) {
      case 'unpack':
        return { bytes: unpacked }
      case 'find':
        return { found: findRecord(batch, 0, unpacked, work.wanted) }
      case 'rewrite':
        // Of its own: a large one is not to be kept.
        return { bytes: new BatchRewriter().rewrite(batch, 0, unpacked, work.kept) }
    }
  } catch (error) {
    const { message } = error as Error
    if (error instanceof CompressionError) return { fault: 'compression', message }
    if (error instanceof InvalidRecordError) return { fault: 'record', message }
    throw error
  }
}

/** Throws InvalidRecordError. */
export function findRecord(
  bytes: Buffer,
  at: number,
  unpacked: Buffer,
  wanted: WantedRecord,
): WantedRecord | undefined {
  const baseOffset = baseOffsetOf(bytes, at)
  const baseTimestamp = baseTimestampOf(bytes, at)
  const hasAppendTime = (attributesOf(bytes, at) & logAppendTimeBit) !== 0
  const cursor = new RecordCursor()
  cursor.reset(unpacked, 0, unpacked.length, recordCountOf(bytes, at))
  while (cursor.next()) {
    const offset = baseOffset + cursor.offsetDelta
    const timestamp = hasAppendTime
      ? maxTimestampOf(bytes, at)
      : baseTimestamp + cursor.timestampDelta
    if (offset >= wanted.offset && timestamp >= wanted.timestamp) return { offset, timestamp }
  }
  return undefined
}
