import { errors } from '../../protocol/errors.ts'
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

const none: readonly RecordError[] = []

/**
 * What was appended. Written out, field by field and in the order of `refused`: spreading a constant
 * over it costs forty times as much, on every request.
 */
export function appended(
  baseOffset: number,
  lastOffset: number,
  logAppendTimeMs: number,
  logStartOffset: number,
  isDuplicate = false,
): AppendOutcome {
  return {
    errorCode: 0,
    errorMessage: null,
    recordErrors: none,
    baseOffset,
    lastOffset,
    logAppendTimeMs,
    logStartOffset,
    isDuplicate,
  }
}

/** What is answered to a batch that was appended before; the time is what Kafka answers. */
export function duplicateOutcome(batch: ProducerBatch, logStartOffset: number): AppendOutcome {
  const { lastOffset, offsetDelta, timestamp } = batch
  return appended(lastOffset - offsetDelta, lastOffset, timestamp, logStartOffset, true)
}

export function refusalOfDisk({ message }: Error): Refusal {
  return { errorCode: errors.KAFKA_STORAGE_ERROR.code, errorMessage: message }
}
