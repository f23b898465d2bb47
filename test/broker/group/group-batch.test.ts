import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  baseOffsetOf,
  batchSizeOf,
  isControl,
  isTransactional,
  leaderEpochOf,
  producerEpochOf,
  producerIdOf,
  stampBatch,
} from '../../../protocol/record-batch.ts'
import { recordsOf } from '../../../protocol/records.ts'
import { groupBatch } from '../../../src/broker/group/group-batch.ts'

// test/core/group/data/README.md tells where it comes from.
const data = join(import.meta.dirname, '../../core/group/data/consumer-offsets.log.gz')
const segment = gunzipSync(readFileSync(data))

test('every batch that Kafka wrote of groups is written again with the same bytes', () => {
  let count = 0
  for (let at = 0; at < segment.length; at += batchSizeOf(segment, at)) {
    const batch = segment.subarray(at, at + batchSizeOf(segment, at))
    if (isControl(batch, 0)) continue
    const records = [...recordsOf(batch, 0, 1e6)]
    const stored = records.map(({ key, value }) => ({ key: key!, value }))
    const transaction = {
      producerId: producerIdOf(batch, 0),
      producerEpoch: producerEpochOf(batch, 0),
    }
    const written = groupBatch(
      stored,
      records[0]!.timestamp,
      isTransactional(batch, 0) ? transaction : undefined,
    )
    stampBatch(written, 0, baseOffsetOf(batch, 0), leaderEpochOf(batch, 0))
    expect(written.toString('hex')).toBe(batch.toString('hex'))
    count++
  }
  expect(count).toBe(27)
})
