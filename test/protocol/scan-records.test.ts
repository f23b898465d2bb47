import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildBatch, type NewRecord } from '../../protocol/build-batch.ts'
import { batchHeaderBytes } from '../../protocol/record-batch.ts'
import { InvalidRecordError, RecordCursor } from '../../protocol/records.ts'
import { scanRecords } from '../../protocol/scan-records.ts'
import { runs } from '../property-seed.ts'

const recordsOf = (records: readonly NewRecord[]) =>
  buildBatch({ records }).subarray(batchHeaderBytes)

/** What the walk over every record finds; undefined when it is refused. */
function walked(bytes: Buffer, count: number) {
  const cursor = new RecordCursor()
  cursor.reset(bytes, 0, bytes.length, count)
  const deltas: number[] = []
  const offsets: number[] = []
  let hasNullKey = false
  try {
    while (cursor.next()) {
      deltas.push(cursor.timestampDelta)
      offsets.push(cursor.offsetDelta)
      hasNullKey ||= cursor.keyLength < 0
    }
  } catch (error) {
    if (error instanceof InvalidRecordError) return undefined
    throw error
  }
  expect(offsets).toEqual(deltas.map((_, i) => i))
  return {
    minTimestampDelta: Math.min(...deltas),
    maxTimestampDelta: Math.max(...deltas),
    hasNullKey,
  }
}

test('records as clients send them are known, whatever they hold', () => {
  const timestamp = 1_700_000_000_000
  const value = Buffer.alloc(8000, 'v')
  const some: NewRecord[] = [
    { timestamp, key: null, value },
    { timestamp: timestamp - 500_000, key: Buffer.alloc(63), value: null },
    { timestamp: timestamp + 500_000, key: Buffer.alloc(0), value: Buffer.alloc(0) },
  ]
  expect(scanRecords(recordsOf(some), 3)).toEqual({
    minTimestampDelta: -500_000,
    maxTimestampDelta: 500_000,
    hasNullKey: true,
  })
  const many = Array.from({ length: 20_000 }, () => ({ timestamp, key: Buffer.from('k') }))
  expect(scanRecords(recordsOf(many), many.length)).toEqual({
    minTimestampDelta: 0,
    maxTimestampDelta: 0,
    hasNullKey: false,
  })
})

const bytesUpTo = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.oneof(fc.nat(10), fc.nat(maxLength)).map((length) => Buffer.alloc(length, 0x7a))
const anyRecord: fc.Arbitrary<NewRecord> = fc.record({
  timestamp: fc.oneof(fc.constant(5), fc.integer({ min: -9e6, max: 9e6 })),
  key: fc.option(bytesUpTo(100), { nil: null }),
  value: fc.option(bytesUpTo(9000), { nil: null }),
  headers: fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constant([{ key: 'k', value: null }]) },
  ),
}) as fc.Arbitrary<NewRecord>
const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 })

test('what is said about records is what a walk over them finds, and nothing is said of broken ones', () => {
  const several = fc.array(anyRecord, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(several, flips, fc.nat(3), fc.nat(6), (records, flipped, more, cut) => {
      const bytes = recordsOf(records)
      // Near the start, where the numbers stand, more often than in the values.
      for (const [at, value] of flipped) bytes[(at % 40) % bytes.length] = value
      const shown = bytes.subarray(0, bytes.length - Math.max(0, cut - 3))
      const count = Math.max(1, records.length + (more === 3 ? 1 : 0))
      const scanned = scanRecords(shown, count)
      if (scanned !== undefined) expect(walked(shown, count)).toEqual(scanned)
    }),
    { numRuns: runs(2000) },
  )
})
