/**
 * The header of a record batch, format 2 (KIP-98), which is the same on the wire and on disk:
 *
 * ```
 *  0  baseOffset            int64   offset of the first record
 *  8  batchLength           int32   bytes after this field
 * 12  partitionLeaderEpoch  int32   set by the leader
 * 16  magic                 int8    2
 * 17  crc                   uint32  CRC-32C of everything from `attributes` on
 * 21  attributes            int16   bits 0-2 codec, 3 log append time, 4 transactional, 5 control,
 *                                   6 baseTimestamp holds the delete horizon (KIP-534)
 * 23  lastOffsetDelta       int32   stays when compaction removes records
 * 27  baseTimestamp         int64
 * 35  maxTimestamp          int64
 * 43  producerId            int64   -1: not idempotent
 * 51  producerEpoch         int16
 * 53  baseSequence          int32
 * 57  recordCount           int32
 * 61  the records, as one compressed block when a codec is set
 * ```
 *
 * The checksum leaves out what a broker sets, so a leader stamps a batch in place without computing it
 * again. Fields are read where they stand: the broker needs a few of them for each batch that passes.
 */
import { crc32c } from './crc32c.ts'
import {
  readInt8,
  readInt16,
  readInt32,
  readInt64,
  readUint32,
  writeInt32,
  writeInt64,
} from './fixed.ts'

export const batchHeaderBytes = 61
/** What stands before the bytes that `batchLength` counts. */
export const batchPrefixBytes = 12

export const compressionMask = 0x07
export const logAppendTimeBit = 0x08
export const transactionalBit = 0x10
export const controlBit = 0x20
export const deleteHorizonBit = 0x40

/** Every function below takes the position of the batch in `bytes`, and trusts that it is one. */
type At<T> = (bytes: Buffer, at: number) => T

export const baseOffsetOf: At<number> = (bytes, at) => readInt64(bytes, at)
export const batchLengthOf: At<number> = (bytes, at) => readInt32(bytes, at + 8)
/** The whole batch in bytes. */
export const batchSizeOf: At<number> = (bytes, at) => readInt32(bytes, at + 8) + batchPrefixBytes
export const leaderEpochOf: At<number> = (bytes, at) => readInt32(bytes, at + 12)
export const magicOf: At<number> = (bytes, at) => readInt8(bytes, at + 16)
export const crcOf: At<number> = (bytes, at) => readUint32(bytes, at + 17)
export const attributesOf: At<number> = (bytes, at) => readInt16(bytes, at + 21)
export const lastOffsetDeltaOf: At<number> = (bytes, at) => readInt32(bytes, at + 23)
export const baseTimestampOf: At<number> = (bytes, at) => readInt64(bytes, at + 27)
export const maxTimestampOf: At<number> = (bytes, at) => readInt64(bytes, at + 35)
export const producerIdOf: At<number> = (bytes, at) => readInt64(bytes, at + 43)
export const producerEpochOf: At<number> = (bytes, at) => readInt16(bytes, at + 51)
export const baseSequenceOf: At<number> = (bytes, at) => readInt32(bytes, at + 53)
export const recordCountOf: At<number> = (bytes, at) => readInt32(bytes, at + 57)

export const lastOffsetOf: At<number> = (bytes, at) =>
  readInt64(bytes, at) + readInt32(bytes, at + 23)
export const isTransactional: At<boolean> = (bytes, at) =>
  (readInt16(bytes, at + 21) & transactionalBit) !== 0
export const isControl: At<boolean> = (bytes, at) => (readInt16(bytes, at + 21) & controlBit) !== 0
export const codecOf: At<number> = (bytes, at) => readInt16(bytes, at + 21) & compressionMask

/** The sequence after `count` more records; after 2^31 - 1 comes 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31
}

export interface BatchHeader {
  baseOffset: number
  batchLength: number
  partitionLeaderEpoch: number
  magic: number
  crc: number
  attributes: number
  lastOffsetDelta: number
  baseTimestamp: number
  maxTimestamp: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  recordCount: number
}

export function readBatchHeader(bytes: Buffer, at = 0): BatchHeader {
  return {
    baseOffset: baseOffsetOf(bytes, at),
    batchLength: batchLengthOf(bytes, at),
    partitionLeaderEpoch: leaderEpochOf(bytes, at),
    magic: magicOf(bytes, at),
    crc: crcOf(bytes, at),
    attributes: attributesOf(bytes, at),
    lastOffsetDelta: lastOffsetDeltaOf(bytes, at),
    baseTimestamp: baseTimestampOf(bytes, at),
    maxTimestamp: maxTimestampOf(bytes, at),
    producerId: producerIdOf(bytes, at),
    producerEpoch: producerEpochOf(bytes, at),
    baseSequence: baseSequenceOf(bytes, at),
    recordCount: recordCountOf(bytes, at),
  }
}

/** Writes all but `batchLength` and `crc`, which `sealBatch` computes when the batch is complete. */
export function writeBatchHeader(
  bytes: Buffer,
  at: number,
  header: Readonly<Omit<BatchHeader, 'batchLength' | 'crc'>>,
): void {
  writeInt64(bytes, header.baseOffset, at)
  bytes.writeInt32BE(header.partitionLeaderEpoch, at + 12)
  bytes.writeInt8(header.magic, at + 16)
  bytes.writeInt16BE(header.attributes, at + 21)
  bytes.writeInt32BE(header.lastOffsetDelta, at + 23)
  writeInt64(bytes, header.baseTimestamp, at + 27)
  writeInt64(bytes, header.maxTimestamp, at + 35)
  writeInt64(bytes, header.producerId, at + 43)
  bytes.writeInt16BE(header.producerEpoch, at + 51)
  bytes.writeInt32BE(header.baseSequence, at + 53)
  bytes.writeInt32BE(header.recordCount, at + 57)
}

/** Sets length and checksum of a batch of `size` bytes. */
export function sealBatch(bytes: Buffer, at: number, size: number): void {
  bytes.writeInt32BE(size - batchPrefixBytes, at + 8)
  bytes.writeUInt32BE(crc32c(bytes.subarray(at + checkedFrom, at + size)), at + 17)
}

/** What a leader decides about a batch. The checksum does not cover it. */
export function stampBatch(
  bytes: Buffer,
  at: number,
  baseOffset: number,
  leaderEpoch: number,
): void {
  writeInt64(bytes, baseOffset, at)
  writeInt32(bytes, leaderEpoch, at + 12)
}

/** The checksum is over all from here on: what a broker writes to stands before. */
const checkedFrom = 21

/** Whether the checksum fits the bytes. */
export function isIntact(bytes: Buffer, at: number): boolean {
  const checked = bytes.subarray(at + checkedFrom, at + batchSizeOf(bytes, at))
  return crc32c(checked) === crcOf(bytes, at)
}
