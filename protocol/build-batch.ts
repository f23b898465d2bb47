/** Makes record batches: for coordinators, clients, compaction and tests. */
import { codecs, compress } from './compression.ts'
import {
  batchHeaderBytes,
  controlBit,
  deleteHorizonBit,
  logAppendTimeBit,
  sealBatch,
  transactionalBit,
  writeBatchHeader,
} from './record-batch.ts'
import type { RecordHeader } from './records.ts'
import { varlongSize, writeVarlong } from './varint.ts'

export interface NewRecord {
  readonly timestamp: number
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly headers?: readonly RecordHeader[]
  /** Where left out, one more than that of the record before. */
  readonly offset?: number
}

export interface NewBatch {
  readonly records: readonly NewRecord[]
  /** 0 where left out: a leader stamps the real one. */
  readonly baseOffset?: number
  /** Where left out, that of the last record. Larger when compaction removed the last records. */
  readonly lastOffset?: number
  readonly partitionLeaderEpoch?: number
  readonly codec?: number
  readonly level?: number
  /** Sets the type to log append time: what readers see as the timestamp of every record. */
  readonly logAppendTimeMs?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  readonly control?: boolean
  readonly deleteHorizonMs?: number
  /** Where left out, the largest of the records. */
  readonly maxTimestamp?: number
}

export function buildBatch(batch: NewBatch): Buffer {
  const { records, baseOffset = 0, codec = codecs.none } = batch
  const baseTimestamp = batch.deleteHorizonMs ?? records[0]?.timestamp ?? -1
  const payload = compress(codec, encodeRecords(records, baseOffset, baseTimestamp), batch.level)
  const size = batchHeaderBytes + payload.length
  const bytes = Buffer.allocUnsafe(size)
  writeBatchHeader(bytes, 0, {
    baseOffset,
    partitionLeaderEpoch: batch.partitionLeaderEpoch ?? -1,
    magic: 2,
    attributes: attributesFor(batch),
    lastOffsetDelta: (batch.lastOffset ?? lastOffset(records, baseOffset)) - baseOffset,
    baseTimestamp,
    maxTimestamp: batch.logAppendTimeMs ?? batch.maxTimestamp ?? maxTimestamp(records),
    producerId: batch.producerId ?? -1,
    producerEpoch: batch.producerEpoch ?? -1,
    baseSequence: batch.baseSequence ?? -1,
    recordCount: records.length,
  })
  payload.copy(bytes, batchHeaderBytes)
  sealBatch(bytes, 0, size)
  return bytes
}

function attributesFor(batch: NewBatch): number {
  return (
    (batch.codec ?? 0) |
    (batch.logAppendTimeMs === undefined ? 0 : logAppendTimeBit) |
    (batch.transactional ? transactionalBit : 0) |
    (batch.control ? controlBit : 0) |
    (batch.deleteHorizonMs === undefined ? 0 : deleteHorizonBit)
  )
}

function lastOffset(records: readonly NewRecord[], baseOffset: number): number {
  let offset = baseOffset - 1
  for (const record of records) offset = record.offset ?? offset + 1
  return Math.max(offset, baseOffset)
}

function maxTimestamp(records: readonly NewRecord[]): number {
  let max = -1
  for (const { timestamp } of records) if (timestamp > max) max = timestamp
  return max
}

/** Two passes: the size of every record stands before it. */
function encodeRecords(
  records: readonly NewRecord[],
  baseOffset: number,
  baseTimestamp: number,
): Buffer {
  const sizes: number[] = []
  let total = 0
  let offset = baseOffset - 1
  for (const record of records) {
    offset = record.offset ?? offset + 1
    const size =
      1 +
      varlongSize(record.timestamp - baseTimestamp) +
      varlongSize(offset - baseOffset) +
      sizedBytes(record.key) +
      sizedBytes(record.value) +
      headersSize(record.headers)
    sizes.push(size)
    total += varlongSize(size) + size
  }
  const bytes = Buffer.allocUnsafe(total)
  let at = 0
  offset = baseOffset - 1
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!
    offset = record.offset ?? offset + 1
    at = writeVarlong(bytes, sizes[i]!, at)
    bytes[at++] = 0
    at = writeVarlong(bytes, record.timestamp - baseTimestamp, at)
    at = writeVarlong(bytes, offset - baseOffset, at)
    at = writeSized(bytes, record.key, at)
    at = writeSized(bytes, record.value, at)
    at = writeHeaders(bytes, record.headers ?? [], at)
  }
  return bytes
}

function sizedBytes(value: Buffer | null | undefined): number {
  return value ? varlongSize(value.length) + value.length : 1
}

function headersSize(headers: readonly RecordHeader[] = []): number {
  let size = varlongSize(headers.length)
  for (const { key, value } of headers) {
    const length = Buffer.byteLength(key)
    size += varlongSize(length) + length + sizedBytes(value)
  }
  return size
}

function writeSized(bytes: Buffer, value: Buffer | null | undefined, at: number): number {
  if (!value) return writeVarlong(bytes, -1, at)
  const start = writeVarlong(bytes, value.length, at)
  value.copy(bytes, start)
  return start + value.length
}

function writeHeaders(bytes: Buffer, headers: readonly RecordHeader[], at: number): number {
  let position = writeVarlong(bytes, headers.length, at)
  for (const { key, value } of headers) {
    position = writeSized(bytes, Buffer.from(key), position)
    position = writeSized(bytes, value, position)
  }
  return position
}
