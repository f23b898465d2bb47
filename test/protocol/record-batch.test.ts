import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildBatch, type NewRecord } from '../../protocol/build-batch.ts'
import { codecs } from '../../protocol/compression.ts'
import {
  buildTransactionMarker,
  controlTypeOf,
  coordinatorEpochOf,
} from '../../protocol/control-record.ts'
import { type FixedType, fixed } from '../../protocol/fixed.ts'
import {
  batchHeaderBytes,
  batchSizeOf,
  isIntact,
  lastOffsetOf,
  readBatchHeader,
} from '../../protocol/record-batch.ts'
import { InvalidRecordError, recordsOf } from '../../protocol/records.ts'
import { goldenLines } from './golden-lines.ts'

interface GoldenRecord {
  offset: number
  timestamp: number
  key: string | null
  value: string | null
  headers?: [string, string | null][]
}
interface GoldenBatch {
  baseOffset: number
  lastOffset: number
  sizeInBytes: number
  magic: number
  codec: keyof typeof codecs
  timestampType: string
  checksum: number
  deleteHorizonMs?: number
  maxTimestamp: number
  isControlBatch: boolean
  isTransactional: boolean
  partitionLeaderEpoch: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  records: GoldenRecord[]
}
const golden = goldenLines<{ name: string; exact: boolean; batches: GoldenBatch[]; hex: string }>(
  'batches.jsonl.gz',
).filter(({ name }) => !name.startsWith('legacy'))

const hex = (bytes: Buffer | null) => bytes?.toString('hex') ?? null
const unhex = (text: string | null) => (text === null ? null : Buffer.from(text, 'hex'))
const bytesMax = 1_000_000

/** The header as one table: what the functions that read in place are held against. */
const layout = fixed({
  baseOffset: 'int64',
  batchLength: 'int32',
  partitionLeaderEpoch: 'int32',
  magic: 'int8',
  crc: 'uint32',
  attributes: 'int16',
  lastOffsetDelta: 'int32',
  baseTimestamp: 'int64',
  maxTimestamp: 'int64',
  producerId: 'int64',
  producerEpoch: 'int16',
  baseSequence: 'int32',
  recordCount: 'int32',
})

describe.each(golden)('a batch of Kafka: $name', ({ exact, batches, hex: text }) => {
  const bytes = Buffer.from(text, 'hex')

  test('reads as Kafka reads it', () => {
    let at = 0
    const seen = batches.map((expected) => {
      const header = readBatchHeader(bytes, at)
      expect(layout.read(bytes, at)).toEqual(header)
      const records = [...recordsOf(bytes, at, bytesMax)].map((record, i) => ({
        ...expected.records[i],
        offset: record.offset,
        timestamp: record.timestamp,
        key: hex(record.key),
        value: hex(record.value),
        ...(record.headers.length > 0 && {
          headers: record.headers.map(({ key, value }) => [key, hex(value)]),
        }),
      }))
      const batch = {
        ...expected,
        ...Object.fromEntries(Object.entries(header).filter(([name]) => name in expected)),
        lastOffset: lastOffsetOf(bytes, at),
        sizeInBytes: batchSizeOf(bytes, at),
        checksum: isIntact(bytes, at) ? header.crc : undefined,
        records,
      }
      at += batchSizeOf(bytes, at)
      return batch
    })
    expect(at).toBe(bytes.length)
    expect(seen).toEqual(batches)
  })

  if (!exact) return

  test('is built to the same bytes', () => {
    const built = batches.map((batch) =>
      buildBatch({
        ...batch,
        codec: codecs[batch.codec],
        control: batch.isControlBatch,
        transactional: batch.isTransactional,
        ...(batch.timestampType === 'LogAppendTime' && { logAppendTimeMs: batch.maxTimestamp }),
        records: batch.records.map(
          ({ offset, timestamp, key, value, headers = [] }, i): NewRecord => ({
            offset,
            // What a reader sees hides what was written; Kafka's builder was told 3 ms between the two.
            timestamp:
              batch.timestampType === 'LogAppendTime' ? 1_700_000_000_000 + 3 * i : timestamp,
            key: unhex(key),
            value: unhex(value),
            headers: headers.map(([name, value]) => ({
              key: name,
              value: unhex(value),
            })),
          }),
        ),
      }),
    )
    expect(hex(Buffer.concat(built))).toBe(text)
  })
})

test('a transaction marker is the one that Kafka writes, apart from what the leader stamps', () => {
  const { hex: text } = golden.find(({ name }) => name === 'commit-marker')!
  const kafka = Buffer.from(text, 'hex')
  const ours = buildTransactionMarker({
    commit: true,
    timestamp: 1_700_000_000_000,
    producerId: 13,
    producerEpoch: 2,
    coordinatorEpoch: 9,
  })
  expect(hex(ours.subarray(16))).toBe(hex(kafka.subarray(16)))
  const [record] = [...recordsOf(ours, 0, bytesMax)]
  expect([controlTypeOf(record!.key), coordinatorEpochOf(record!.value)]).toEqual([1, 9])
})

const bytesOrNull = fc.option(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
)
const recordArbitrary = fc.record({
  timestamp: fc.oneof(fc.integer({ min: -1, max: 2 ** 45 }), fc.constantFrom(0, -1, 2 ** 52)),
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(fc.record({ key: fc.string(), value: bytesOrNull }), { maxLength: 3 }),
})

test('what is built is read back, with every codec', () => {
  fc.assert(
    fc.property(
      fc.array(recordArbitrary, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.constantFrom(0, 1, 2, 3, 4),
      (records, baseOffset, codec) => {
        const batch = buildBatch({ records, baseOffset, codec })
        expect(isIntact(batch, 0)).toBe(true)
        expect([...recordsOf(batch, 0, bytesMax)]).toEqual(
          records.map((record, i) => ({ ...record, offset: baseOffset + i })),
        )
      },
    ),
  )
})

test('bytes that are not records are refused, whatever they are', () => {
  const batch = buildBatch({ records: [{ timestamp: 1, key: Buffer.from('k'), value: null }] })
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.integer({ min: 0, max: 5 }),
      (payload, count) => {
        const bytes = Buffer.concat([batch.subarray(0, batchHeaderBytes), payload])
        bytes.writeInt32BE(bytes.length - 12, 8)
        bytes.writeInt32BE(count, 57)
        try {
          expect([...recordsOf(bytes, 0, bytesMax)]).toHaveLength(count)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidRecordError)
        }
      },
    ),
  )
})

test('a fixed layout round-trips, and refuses what is too short', () => {
  const limits: Record<FixedType, [number, number]> = {
    int8: [-128, 127],
    int16: [-32768, 32767],
    int32: [-(2 ** 31), 2 ** 31 - 1],
    uint32: [0, 2 ** 32 - 1],
    int64: [-(2 ** 53), 2 ** 53],
  }
  const table = fixed({ a: 'int8', b: 'int16', c: 'int32', d: 'int64', e: 'uint32' })
  expect(table).toMatchObject({ sizeBytes: 19, positions: { a: 0, b: 1, c: 3, d: 7, e: 15 } })
  for (const i of [0, 1] as const) {
    const value = {
      a: limits.int8[i],
      b: limits.int16[i],
      c: limits.int32[i],
      d: limits.int64[i],
      e: limits.uint32[i],
    }
    const bytes = table.write(value)
    expect(table.read(bytes)).toEqual(value)
    expect(Object.keys(table.read(bytes))).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(() => table.read(bytes.subarray(1))).toThrow(RangeError)
  }
})
