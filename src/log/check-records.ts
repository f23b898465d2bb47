/**
 * Looks at every record of a client's batch, as Kafka does (LogValidator): their form, timestamps and keys.
 * A batch that passes can be read by every consumer; one that is stored unread may stop them all.
 *
 * The look makes no objects. Compressed batches are unpacked for it, and packed again only where the topic
 * wants another codec.
 */
import { CompressionError, codecs, compress } from '../../protocol/compression.ts'
import { crc32c } from '../../protocol/crc32c.ts'
import { errors } from '../../protocol/errors.ts'
import { writeInt64 } from '../../protocol/fixed.ts'
import {
  attributesOf,
  baseTimestampOf,
  batchHeaderBytes,
  codecOf,
  compressionMask,
  controlBit,
  logAppendTimeBit,
  maxTimestampOf,
  recordCountOf,
  sealBatch,
  transactionalBit,
} from '../../protocol/record-batch.ts'
import { InvalidRecordError, RecordCursor, recordBytesOf } from '../../protocol/records.ts'
import { scanRecords } from '../../protocol/scan-records.ts'
import type { RecordError, Refusal } from './append-outcome.ts'
import { invalid, tooLarge } from './check-batch.ts'
import type { CheckBudget } from './check-budget.ts'
import type { LogConfig } from './log-config.ts'

/** What is to be looked at, as plain data: any thread can do it. */
export interface RecordCheck {
  /** Its header has passed; changed in place where a leader decides about it. */
  readonly batch: Buffer
  readonly config: LogConfig
  readonly nowMs: number
  /** For texts of errors. */
  readonly partition: string
}

/** The batch to append: the one that came, its header changed in place where needed, or a new one. */
export interface CheckedBatch {
  readonly bytes: Buffer
  readonly maxTimestamp: number
}

const cursor = new RecordCursor()

export function checkRecords(check: RecordCheck): CheckedBatch | Refusal
/** `undefined` when the budget is not enough; the batch is as it was. */
export function checkRecords(
  check: RecordCheck,
  budget: CheckBudget | undefined,
): CheckedBatch | Refusal | undefined
export function checkRecords(
  check: RecordCheck,
  budget?: CheckBudget,
): CheckedBatch | Refusal | undefined {
  const { batch, config, nowMs, partition } = check
  if (budget?.takeRecords(recordCountOf(batch, 0)) === false) return undefined
  try {
    const isPlain = codecOf(batch, 0) === codecs.none
    const unpacked = isPlain ? batch : unpack(check, budget)
    if (unpacked === undefined) return undefined
    const records = { bytes: unpacked, start: isPlain ? batchHeaderBytes : 0 }
    const walked = walk(batch, records, config, nowMs, partition)
    if (typeof walked === 'object') return walked
    const codec = wantedCodec(batch, config)
    const size = unpacked.length - records.start
    if (codec !== codecOf(batch, 0) && budget?.takePacking(size) === false) return undefined
    const appendTime = config.messageTimestampType === 'LogAppendTime'
    return finish(batch, records, config, appendTime ? nowMs : walked, appendTime)
  } catch (error) {
    if (error instanceof InvalidRecordError || error instanceof CompressionError)
      return invalid(`${error.message} in topic partition ${partition}`)
    throw error
  } finally {
    cursor.reset(batch, 0, 0, 0) // Must not keep the request's memory.
  }
}

/** Where they are not compressed they are in the batch itself: a view of them would cost more than a look at the first. */
interface Records {
  readonly bytes: Buffer
  /** Up to the end of the bytes. */
  readonly start: number
}

/** The records, or `undefined` when there is not the time for all that they unpack to. */
function unpack({ batch, config }: RecordCheck, budget?: CheckBudget): Buffer | undefined {
  const codec = codecOf(batch, 0)
  if (budget === undefined) return recordBytesOf(batch, 0, config.unpackedBytesMax)
  const bytesMax = budget.unpackedBytesMax(codec)
  if (batch.length - batchHeaderBytes > bytesMax) return undefined
  try {
    const unpacked = recordBytesOf(batch, 0, Math.min(bytesMax, config.unpackedBytesMax))
    budget.unpacked(codec, unpacked.length)
    return unpacked
  } catch (error) {
    if (!(error instanceof CompressionError && error.isTooLarge)) throw error
    budget.unpacked(codec, bytesMax)
    if (bytesMax >= config.unpackedBytesMax) throw error
    return undefined
  }
}

function wantedCodec(batch: Buffer, { compressionType }: LogConfig): number {
  return compressionType === 'producer' ? codecOf(batch, 0) : codecs[compressionType]
}

/** The largest timestamp of the records, or why they are refused. */
function walk(
  batch: Buffer,
  { bytes, start }: Records,
  config: LogConfig,
  nowMs: number,
  partition: string,
): number | Refusal {
  const createTime = config.messageTimestampType === 'CreateTime'
  const attributes = attributesOf(batch, 0)
  const compressed = (attributes & compressionMask) !== 0
  const stamped = (attributes & logAppendTimeBit) !== 0
  const baseTimestamp = stamped ? maxTimestampOf(batch, 0) : baseTimestampOf(batch, 0)
  const needsKey = config.cleanupPolicy.compact
  const oldest = nowMs - config.messageTimestampBeforeMaxMs
  const newest = nowMs + config.messageTimestampAfterMaxMs
  const scanned = stamped ? undefined : scanRecords(bytes, recordCountOf(batch, 0), start)
  if (scanned !== undefined && !(needsKey && scanned.hasNullKey)) {
    const first = baseTimestamp + scanned.minTimestampDelta
    const last = baseTimestamp + scanned.maxTimestampDelta
    if (!createTime || (first >= oldest && last <= newest)) return Math.max(last, -1)
  }
  // Something may be wrong, and is to be named; or the records are of a rare form.
  let max = -1
  let faults: Faults | undefined
  cursor.reset(bytes, start, bytes.length, recordCountOf(batch, 0))
  for (let index = 0; cursor.next(); index++) {
    if (compressed && cursor.offsetDelta !== index)
      return invalid(
        `Record ${index} has offset delta ${cursor.offsetDelta} in topic partition ${partition}`,
      )
    const timestamp = stamped ? baseTimestamp : baseTimestamp + cursor.timestampDelta
    if (needsKey && cursor.keyLength < 0) {
      faults ??= new Faults()
      faults.key(index, partition)
    } else if (createTime && timestamp !== -1) {
      if (timestamp < oldest || timestamp > newest) {
        faults ??= new Faults()
        faults.timestamp(
          index,
          `Timestamp ${timestamp} of message with offset ${cursor.offsetDelta} is out of range. The timestamp should be within [${oldest}, ${newest}]`,
        )
      }
    } else if (stamped) {
      faults ??= new Faults()
      faults.timestamp(
        index,
        `Invalid timestamp type in message ${index}. Producer should not set timestamp type to LogAppendTime.`,
      )
    }
    if (timestamp > max) max = timestamp
  }
  return faults === undefined ? max : faults.refusal()
}

/** Sets what a leader decides about the header, and packs anew where the topic wants that. */
function finish(
  batch: Buffer,
  records: Records,
  config: LogConfig,
  maxTimestamp: number,
  appendTime: boolean,
): CheckedBatch | Refusal {
  const attributes = attributesOf(batch, 0)
  const codec = attributes & compressionMask
  const wanted = wantedCodec(batch, config)
  const stamp = appendTime ? logAppendTimeBit : 0
  if (wanted === codec) {
    const fits =
      maxTimestampOf(batch, 0) === maxTimestamp && (attributes & logAppendTimeBit) === stamp
    if (!fits) {
      batch.writeInt16BE(toInt16((attributes & ~logAppendTimeBit) | stamp), 21)
      writeInt64(batch, maxTimestamp, 35)
      batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
    }
    return { bytes: batch, maxTimestamp }
  }
  const payload = compress(wanted, records.bytes.subarray(records.start), levelOf(wanted, config))
  const size = batchHeaderBytes + payload.length
  if (size > config.maxMessageBytes) return tooLarge(size, config.maxMessageBytes)
  const bytes = Buffer.allocUnsafe(size)
  batch.copy(bytes, 0, 0, batchHeaderBytes)
  payload.copy(bytes, batchHeaderBytes)
  bytes.writeInt16BE((attributes & (transactionalBit | controlBit)) | stamp | wanted, 21)
  writeInt64(bytes, maxTimestamp, 35)
  sealBatch(bytes, 0, size)
  return { bytes, maxTimestamp }
}

function levelOf(codec: number, config: LogConfig): number | undefined {
  if (codec === codecs.gzip) return config.compressionGzipLevel
  return codec === codecs.zstd ? config.compressionZstdLevel : undefined
}

function toInt16(value: number): number {
  return (value << 16) >> 16
}

class Faults {
  readonly #errors: RecordError[] = []
  #timestamps = false

  key(batchIndex: number, partition: string): void {
    const message = `Compacted topic cannot accept message without key in topic partition ${partition}`
    this.#errors.push({ batchIndex, batchIndexErrorMessage: message })
  }

  timestamp(batchIndex: number, message: string): void {
    this.#timestamps = true
    this.#errors.push({ batchIndex, batchIndexErrorMessage: message })
  }

  refusal(): Refusal {
    const recordErrors = this.#errors
    if (this.#timestamps)
      return {
        errorCode: errors.INVALID_TIMESTAMP.code,
        errorMessage: 'One or more records have been rejected due to invalid timestamp',
        recordErrors,
      }
    const shown = recordErrors
      .slice(0, 3)
      .map((e) => `RecordError(batchIndex=${e.batchIndex}, message='${e.batchIndexErrorMessage}')`)
    return {
      errorCode: errors.INVALID_RECORD.code,
      errorMessage: `One or more records have been rejected due to ${recordErrors.length} record errors in total, and only showing the first three errors at most: [${shown.join(', ')}]`,
      recordErrors,
    }
  }
}
