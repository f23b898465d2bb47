/**
 * Frames of the coordinator's files:
 *
 *     u32 length | u32 crc32c (of the payload) | payload: u8 kind, then
 *       1 generation: i64 generation
 *       2 records:    i64 first revision, i32 count, the records
 *       3 snapshot:   i64 revision, i64 generation, i32 count of records that follow
 *       4 end:        of a snapshot
 *
 * Everything between two syncs is ONE frame. So after a power loss at most the last frame is bad,
 * and nothing good can follow it: a bad frame with a good one behind it is damage, not a torn end.
 */
import { crc32c } from '../../protocol/crc32c.ts'

export const prefixBytes = 8
/** More than any group of transactions or part of a snapshot has. */
export const payloadBytesMax = 64 * 1024 * 1024

export function writeFrame(payload: Buffer): Buffer {
  const prefix = Buffer.allocUnsafe(prefixBytes)
  prefix.writeUInt32BE(payload.length, 0)
  prefix.writeUInt32BE(crc32c(payload), 4)
  return Buffer.concat([prefix, payload])
}

/** The payload of a whole, good frame at `at`. */
export function readFrame(file: Buffer, at: number): Buffer | undefined {
  if (file.length - at < prefixBytes) return undefined
  const length = file.readUInt32BE(at)
  if (length === 0 || length > payloadBytesMax || file.length - at - prefixBytes < length)
    return undefined
  const payload = file.subarray(at + prefixBytes, at + prefixBytes + length)
  return crc32c(payload) === file.readUInt32BE(at + 4) ? payload : undefined
}

/** Where a good frame begins behind `at`, or -1. */
export function nextGoodFrame(file: Buffer, at: number): number {
  for (let i = at + 1; i + prefixBytes < file.length; i++)
    if (readFrame(file, i) !== undefined) return i
  return -1
}
