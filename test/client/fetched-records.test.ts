import { expect, test } from 'vitest'
import { stampBatch } from '../../protocol/record-batch.ts'
import { BatchBuilder, stamp } from '../../src/client/batch-builder.ts'
import { endOfBatches, type Fetched, FetchedRecords } from '../../src/client/fetched-records.ts'

function batch(
  baseOffset: number,
  values: string[],
  producerId = -1,
  transactional = false,
): Buffer {
  const builder = new BatchBuilder(65_536)
  for (const value of values) {
    const bytes = Buffer.from(value)
    builder.append(bytes, -1, 0, 0, bytes.length, 1_000 + baseOffset, undefined)
  }
  const bytes = builder.seal(0, transactional)
  stamp(bytes, producerId, 0, 0)
  stampBatch(bytes, 0, baseOffset, 0)
  return bytes
}

/** A control batch: one record whose key is int16 version 0, int16 type. */
function marker(baseOffset: number, producerId: number, type: 0 | 1): Buffer {
  const builder = new BatchBuilder(1_000)
  builder.append(Buffer.from([0, 0, 0, type, 0, 0, 0, 0, 0, 0]), 0, 4, 4, 10, 0, undefined)
  const bytes = builder.seal(0, true)
  bytes.writeInt16BE(0x30, 21)
  stamp(bytes, producerId, 0, -1)
  stampBatch(bytes, 0, baseOffset, 0)
  return bytes
}

function fetched(records: Buffer, more: Partial<Fetched> = {}): Fetched {
  return {
    topic: 't',
    partition: 0,
    nodeId: 1,
    fetchOffset: 0,
    records,
    nextOffset: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    logStartOffset: 0,
    atEnd: true,
    abortedTransactions: undefined,
    ...more,
  }
}

function read(what: Fetched): [number, string][] {
  const records = new FetchedRecords(what)
  const found: [number, string][] = []
  while (records.next()) found.push([records.offset, String(records.record.value())])
  return found
}

test('records below the offset that was asked for are passed over', () => {
  const bytes = Buffer.concat([batch(0, ['a', 'b']), batch(2, ['c', 'd', 'e'])])
  expect(read(fetched(bytes, { fetchOffset: 3 }))).toEqual([
    [3, 'd'],
    [4, 'e'],
  ])
})

test('aborted transactions are hidden, and only up to their marker', () => {
  const bytes = Buffer.concat([
    batch(0, ['plain']),
    batch(1, ['aborted'], 9, true),
    batch(2, ['committed'], 8, true),
    marker(3, 9, 0),
    batch(4, ['again'], 9, true),
    marker(5, 9, 1),
  ])
  const aborted = [{ producerId: 9, firstOffset: 1 }]
  expect({
    committed: read(fetched(bytes, { abortedTransactions: aborted })),
    uncommitted: read(fetched(bytes)),
  }).toEqual({
    committed: [
      [0, 'plain'],
      [2, 'committed'],
      [4, 'again'],
    ],
    uncommitted: [
      [0, 'plain'],
      [1, 'aborted'],
      [2, 'committed'],
      [4, 'again'],
    ],
  })
})

test('a damaged batch is an error that names its place', () => {
  const bytes = Buffer.concat([batch(0, ['a']), batch(1, ['b'])])
  bytes[bytes.length - 1]! ^= 1
  expect(() => read(fetched(bytes))).toThrow('t-0: wrong checksum of the batch at 1')
})

test('a batch that is cut off at the end of an answer does not count', () => {
  const whole = batch(0, ['a', 'b'])
  const bytes = Buffer.concat([whole, batch(2, ['c']).subarray(0, 40)])
  expect(endOfBatches(bytes)).toEqual({ nextOffset: 2, wholeBytes: whole.length })
})
