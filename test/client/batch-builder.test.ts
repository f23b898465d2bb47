import { expect, test } from 'vitest'
import { isIntact, readBatchHeader } from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import { BatchBuilder, stamp } from '../../src/client/batch-builder.ts'

const unpackedMax = 1024 * 1024

function add(
  builder: BatchBuilder,
  key: string | null,
  value: string | null,
  timestampMs: number,
  headers: { key: string; value: Buffer | null }[] = [],
): boolean {
  const source = Buffer.from((key ?? '') + (value ?? ''))
  const keyEnd = Buffer.byteLength(key ?? '')
  return builder.append(
    source,
    key === null ? -1 : 0,
    keyEnd,
    value === null ? -1 : keyEnd,
    source.length,
    timestampMs,
    headers,
  )
}

for (const compression of [0, 1, 2, 3, 4])
  test(`a batch of codec ${compression} reads back as it was built`, () => {
    const builder = new BatchBuilder(65_536)
    const headers = [
      { key: 'a', value: Buffer.from('1') },
      { key: 'ü', value: null },
      { key: 'a', value: Buffer.alloc(0) },
    ]
    add(builder, 'key', 'value', 1_700_000_000_000, headers)
    add(builder, null, 'x'.repeat(300), 1_699_999_999_990)
    add(builder, '', null, 1_700_000_005_000)
    const batch = builder.seal(compression, false)
    stamp(batch, 7, 3, 11)
    const { batchLength: _, crc: __, ...header } = readBatchHeader(batch)
    expect(isIntact(batch, 0)).toBe(true)
    expect(header).toEqual({
      baseOffset: 0,
      partitionLeaderEpoch: -1,
      magic: 2,
      attributes: compression,
      lastOffsetDelta: 2,
      baseTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_005_000,
      producerId: 7,
      producerEpoch: 3,
      baseSequence: 11,
      recordCount: 3,
    })
    expect([...recordsOf(batch, 0, unpackedMax)]).toEqual([
      {
        offset: 0,
        timestamp: 1_700_000_000_000,
        key: Buffer.from('key'),
        value: Buffer.from('value'),
        headers,
      },
      {
        offset: 1,
        timestamp: 1_699_999_999_990,
        key: null,
        value: Buffer.from('x'.repeat(300)),
        headers: [],
      },
      { offset: 2, timestamp: 1_700_000_005_000, key: Buffer.alloc(0), value: null, headers: [] },
    ])
  })

test('a batch takes no record beyond its size, but one record of any size', () => {
  const builder = new BatchBuilder(1_000)
  const taken = [add(builder, null, 'x'.repeat(5_000), 0), add(builder, null, 'y', 0)]
  expect({ taken, full: builder.full, count: builder.count }).toEqual({
    taken: [true, false],
    full: true,
    count: 1,
  })
})

test('records that share their source keep their bytes, whatever their sizes and places', () => {
  const builder = new BatchBuilder(1024 * 1024, 20_000)
  const source = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff))
  const expected: (Buffer | null)[][] = []
  let at = 3
  for (let size = 0; size < 300; size++) {
    const keyEnd = at + (size % 7)
    const end = keyEnd + size
    builder.append(source, at, keyEnd, keyEnd, end, 0, undefined)
    expected.push([source.subarray(at, keyEnd), source.subarray(keyEnd, end)])
    at = end + (size % 3)
  }
  const batch = builder.seal(0, false)
  stamp(batch, -1, -1, -1)
  const records = [...recordsOf(batch, 0, unpackedMax)]
  expect(records.map(({ key, value }) => [key, value])).toEqual(expected)
})
