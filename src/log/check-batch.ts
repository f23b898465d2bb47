/**
 * The checks on the header of a batch that Kafka makes before it looks at records
 * (ProduceRequest.validateRecords, UnifiedLog.analyzeAndValidateRecords, LogValidator.validateBatch);
 * order, codes and texts are Kafka's.
 */
import { errors } from '../../protocol/errors.ts'
import {
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  batchHeaderBytes,
  batchLengthOf,
  batchPrefixBytes,
  compressionMask,
  controlBit,
  isIntact,
  lastOffsetDeltaOf,
  magicOf,
  producerIdOf,
  recordCountOf,
} from '../../protocol/record-batch.ts'
import type { Refusal } from './append-outcome.ts'

/** The smallest record of any format: what a length below is compared with. */
const recordBytesMin = 14
const magicEnd = 17
const codecMax = 4

/** The size of the batch at `at`, `undefined` when no whole batch is there, or why that cannot be one. */
export function batchAt(bytes: Buffer, at: number): number | undefined | Refusal {
  const left = bytes.length - at
  if (left < batchPrefixBytes) return undefined
  const length = batchLengthOf(bytes, at)
  if (length < recordBytesMin)
    return corrupt(
      `Record size ${length} is less than the minimum record overhead (${recordBytesMin})`,
    )
  if (left < magicEnd) return undefined
  const magic = magicOf(bytes, at)
  if (magic < 0 || magic > 2) return corrupt(`Invalid magic found in record: ${magic}`)
  const size = length + batchPrefixBytes
  if (size > left) return undefined
  if (magic === 2 && size < batchHeaderBytes)
    return corrupt(`A batch of ${size} bytes is shorter than its header`)
  return size
}

/** A client's records for one partition must be one batch, which bytes that cannot be one may follow. */
export function refusalOfShape(bytes: Buffer): Refusal | undefined {
  const size = batchAt(bytes, 0)
  if (typeof size === 'object') return size
  if (size === undefined)
    return invalid('Produce requests must have at least one record batch per partition')
  if (magicOf(bytes, 0) !== 2)
    return invalid(
      'Produce requests are only allowed to contain record batches with magic version 2',
    )
  const next = batchAt(bytes, size)
  if (typeof next === 'object') return next
  return next === undefined
    ? undefined
    : invalid('Produce requests must have exactly one record batch per partition')
}

/** What anything that a leader appends must satisfy. */
export function refusalOfBatch(
  bytes: Buffer,
  at: number,
  size: number,
  bytesMax: number,
): Refusal | undefined {
  if (size > bytesMax) return tooLarge(size, bytesMax)
  if (!isIntact(bytes, at)) return corrupt('Record is corrupt: its checksum does not fit')
  const codec = attributesOf(bytes, at) & compressionMask
  return codec > codecMax ? invalid(`Unknown compression type id: ${codec}`) : undefined
}

export function refusalOfClientOffset(
  bytes: Buffer,
  at: number,
  partition: string,
): Refusal | undefined {
  const baseOffset = baseOffsetOf(bytes, at)
  return baseOffset === 0
    ? undefined
    : invalid(
        `The baseOffset of the record batch in the append to ${partition} should be 0, but it is ${baseOffset}`,
      )
}

export function refusalOfClientBatch(
  bytes: Buffer,
  at: number,
  partition: string,
): Refusal | undefined {
  const delta = lastOffsetDeltaOf(bytes, at)
  const count = recordCountOf(bytes, at)
  if (delta < 0)
    return invalid(
      `Batch has an invalid offset range: [0, ${delta}] in topic partition ${partition}`,
    )
  if (count <= 0)
    return invalid(
      `Invalid reported count for record batch: ${count} in topic partition ${partition}`,
    )
  if (count !== delta + 1)
    return invalid(
      `Inconsistent batch offset range [0, ${delta}] and count of records ${count} in topic partition ${partition}`,
    )
  if (attributesOf(bytes, at) & controlBit)
    return invalid(
      `Clients are not allowed to write control records in topic partition ${partition}`,
    )
  const producerId = producerIdOf(bytes, at)
  const sequence = baseSequenceOf(bytes, at)
  if (producerId >= 0 && sequence < 0)
    return invalid(
      `Invalid sequence number ${sequence} in record batch with producerId ${producerId} in topic partition ${partition}`,
    )
  return undefined
}

export function tooLarge(size: number, bytesMax: number): Refusal {
  return {
    errorCode: errors.MESSAGE_TOO_LARGE.code,
    errorMessage: `The record batch size is ${size} bytes which exceeds the maximum configured value of ${bytesMax}`,
  }
}

export function invalid(errorMessage: string): Refusal {
  return { errorCode: errors.INVALID_RECORD.code, errorMessage }
}

function corrupt(errorMessage: string): Refusal {
  return { errorCode: errors.CORRUPT_MESSAGE.code, errorMessage }
}
