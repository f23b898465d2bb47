/** All checks on what a client sends for one partition, in Kafka's order: the header first, then the records. */
import type { Refusal } from './append-outcome.ts'
import {
  batchAt,
  refusalOfBatch,
  refusalOfClientBatch,
  refusalOfClientOffset,
  refusalOfShape,
} from './check-batch.ts'
import type { CheckBudget } from './check-budget.ts'
import { type CheckedBatch, checkRecords, type RecordCheck } from './check-records.ts'
import type { Log } from './log.ts'

/**
 * The batch that may be staged, why it is refused, or, with a budget that is not enough for its records,
 * the check that is left: nothing of the batch has changed then.
 *
 * @param nowMs wall time
 */
export function checkClientBatch(records: Buffer, log: Log, nowMs: number): CheckedBatch | Refusal
export function checkClientBatch(
  records: Buffer,
  log: Log,
  nowMs: number,
  budget: CheckBudget,
): CheckedBatch | Refusal | RecordCheck
export function checkClientBatch(
  records: Buffer,
  { config, name }: Log,
  nowMs: number,
  budget?: CheckBudget,
): CheckedBatch | Refusal | RecordCheck {
  const shape = refusalOfShape(records)
  if (shape) return shape
  const size = batchAt(records, 0) as number
  const batch = size === records.length ? records : records.subarray(0, size)
  const refusal =
    refusalOfClientOffset(batch, 0, name) ??
    refusalOfBatch(batch, 0, size, config.maxMessageBytes) ??
    refusalOfClientBatch(batch, 0, name)
  if (refusal) return refusal
  const check = { batch, config, nowMs, partition: name }
  return checkRecords(check, budget) ?? check
}
