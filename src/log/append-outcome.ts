import type { ProducerBatch } from '../core/producer/producer-entry.ts'

/** What becomes of an append: the fields of a Produce response. */
export interface AppendOutcome {
  /** 0 when appended, or when a duplicate was recognised. */
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly recordErrors: readonly RecordError[]
  /** Of the first record; -1 when refused. */
  readonly baseOffset: number
  readonly lastOffset: number
  /** -1 unless the topic's timestamps are those of the append, or the batch is a duplicate. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /** The batch was appended before, at these offsets. */
  readonly isDuplicate: boolean
}

export interface RecordError {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string
}

/** Why a batch is not appended. */
export interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string
  readonly recordErrors?: readonly RecordError[]
}

export function refused(refusal: Refusal, logStartOffset: number): AppendOutcome {
  return {
    errorCode: refusal.errorCode,
    errorMessage: refusal.errorMessage,
    recordErrors: refusal.recordErrors ?? [],
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset,
    isDuplicate: false,
  }
}

export const okOutcome = {
  errorCode: 0,
  errorMessage: null,
  recordErrors: [],
  logAppendTimeMs: -1,
  isDuplicate: false,
}

/** What is answered to a batch that was appended before; the time is what Kafka answers. */
export function duplicateOutcome(batch: ProducerBatch, logStartOffset: number): AppendOutcome {
  return {
    ...okOutcome,
    baseOffset: batch.lastOffset - batch.offsetDelta,
    lastOffset: batch.lastOffset,
    logAppendTimeMs: batch.timestamp,
    logStartOffset,
    isDuplicate: true,
  }
}
