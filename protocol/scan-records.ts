/**
 * A quick look over the records of a batch, for a broker that must have seen each of them: four times as
 * fast as `RecordCursor`, because it knows one form alone, and keeps nothing of a record.
 *
 * It knows records without headers whose numbers take few bytes, as most are: under 8 KiB each, keys under
 * 64 bytes, made within a quarter of an hour of each other, fewer than a million in a batch.
 */

export interface ScannedRecords {
  readonly minTimestampDelta: number
  readonly maxTimestampDelta: number
  readonly hasNullKey: boolean
}

/**
 * What `count` records (at least one) have in common, when all are in the known form, numbered from 0 on,
 * and fill `bytes` from `start` to its end. `undefined` says nothing about them: they may be good or not.
 *
 * What is read past the end is taken for 0, and then a record does not end where it should. Sums are cut to 32 bits all
 * along, which they have: V8 looks for an overflow behind each that is not.
 */
export function scanRecords(bytes: Buffer, count: number, start = 0): ScannedRecords | undefined {
  const { length } = bytes
  let at = start | 0
  let min = 0x7fffffff
  let max = -0x80000000
  let hasNullKey = false
  for (let index = 0; index < count; index = (index + 1) | 0) {
    let byte = bytes[at]!
    at = (at + 1) | 0
    let size = byte & 0x7f
    if (byte > 0x7f) {
      byte = bytes[at]!
      at = (at + 1) | 0
      if (byte > 0x7f) return undefined
      size |= byte << 7
    }
    const end = (at + (size >>> 1)) | 0
    if ((size & 1) === 1 || end > length) return undefined
    at = (at + 1) | 0 // Attributes.
    byte = bytes[at]!
    at = (at + 1) | 0
    let timestamp = byte & 0x7f
    if (byte > 0x7f) {
      byte = bytes[at]!
      at = (at + 1) | 0
      timestamp |= (byte & 0x7f) << 7
      if (byte > 0x7f) {
        byte = bytes[at]!
        at = (at + 1) | 0
        if (byte > 0x7f) return undefined
        timestamp |= byte << 14
      }
    }
    byte = bytes[at]!
    at = (at + 1) | 0
    let offset = byte & 0x7f
    if (byte > 0x7f) {
      byte = bytes[at]!
      at = (at + 1) | 0
      offset |= (byte & 0x7f) << 7
      if (byte > 0x7f) {
        byte = bytes[at]!
        at = (at + 1) | 0
        if (byte > 0x7f) return undefined
        offset |= byte << 14
      }
    }
    if (offset !== index << 1) return undefined
    const delta = (timestamp >>> 1) ^ -(timestamp & 1)
    if (delta < min) min = delta
    if (delta > max) max = delta
    const key = bytes[at]!
    at = (at + 1) | 0
    if (key === 1) hasNullKey = true
    else {
      if ((key & 0x81) !== 0) return undefined
      at = (at + (key >>> 1)) | 0
    }
    byte = bytes[at]!
    at = (at + 1) | 0
    let value = byte & 0x7f
    if (byte > 0x7f) {
      byte = bytes[at]!
      at = (at + 1) | 0
      if (byte > 0x7f) return undefined
      value |= byte << 7
    }
    if (value !== 1) {
      if ((value & 1) === 1) return undefined
      at = (at + (value >>> 1)) | 0
    }
    if (((at + 1) | 0) !== end || bytes[at] !== 0) return undefined
    at = end
  }
  return at === length ? { minTimestampDelta: min, maxTimestampDelta: max, hasNullKey } : undefined
}
