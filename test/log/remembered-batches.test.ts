/** A snapshot has the last batch of each producer, as Kafka's. The four before it are known after a start all the same. */
import { expect, test } from 'vitest'
import type { Log } from '../../src/log/log.ts'
import { appendBatch, batchOf } from './batches.ts'
import { reopened, temporaryLog, unclean } from './temporary-disk.ts'

const send = (log: Log, baseSequence: number, producerId = 7) =>
  appendBatch(log, batchOf(['a', 'b'], { producerId, producerEpoch: 0, baseSequence }))

/** Six batches of two records; others stand between. */
function sent(config: object): Log {
  const log = temporaryLog(config)
  for (let i = 0; i < 6; i++) {
    send(log, 2 * i)
    appendBatch(log, batchOf(['of somebody without an id']))
  }
  return log
}

test.each([
  ['in one segment', {}],
  ['each in a segment of its own', { segmentBytes: 100 }],
  ['in several', { segmentBytes: 400 }],
])('five batches %s are remembered over a restart', async (_, config) => {
  const log = sent(config)
  const crashed = await reopened(log, unclean)
  await log.close()
  for (const again of [await reopened(log), crashed]) {
    const { batches } = again.producers.entry(7)!
    expect(batches.map(({ firstSequence }) => firstSequence)).toEqual([2, 4, 6, 8, 10])
    expect(send(again, 2)).toMatchObject({ errorCode: 0, isDuplicate: true, baseOffset: 3 })
    expect(send(again, 0)).toMatchObject({ errorCode: 45 })
    expect(send(again, 12)).toMatchObject({ errorCode: 0, baseOffset: 18 })
  }
})

/** Six batches, and then so many bytes of somebody else. */
function sentLongAgo(config: object, bytes: number): Log {
  const log = sent(config)
  for (let left = bytes; left > 0; left -= 100_000) appendBatch(log, batchOf(['x'.repeat(100_000)]))
  return log
}

const firstSequences = (log: Log) =>
  log.producers.entry(7)!.batches.map(({ firstSequence }) => firstSequence)

test.each([
  ['in one segment', {}],
  ['behind them in several', { segmentBytes: 1024 * 1024 }],
  ['behind them in many', { segmentBytes: 100_100 }],
])('a batch that comes again is found behind what others wrote since, %s', async (_, config) => {
  const log = sentLongAgo(config, 4_000_000)
  log.roll()
  const crashed = await reopened(log, { ...unclean, recoveryPoint: log.logEndOffset })
  await log.close()
  for (const again of [await reopened(log), crashed]) {
    expect(firstSequences(again)).toEqual([10])
    expect(send(again, 14)).toMatchObject({ errorCode: 45 })
    expect(firstSequences(again)).toEqual([10])
    expect(send(again, 4)).toMatchObject({ errorCode: 0, isDuplicate: true, baseOffset: 6 })
    expect(send(again, 6)).toMatchObject({ errorCode: 0, isDuplicate: true, baseOffset: 9 })
    expect(send(again, 2)).toMatchObject({ errorCode: 0, isDuplicate: true, baseOffset: 3 })
    expect(send(again, 0)).toMatchObject({ errorCode: 45 })
    expect(firstSequences(again)).toEqual([2, 4, 6, 8, 10])
    expect(send(again, 12)).toMatchObject({ errorCode: 0, isDuplicate: false })
  }
})

test('a batch of which there is nothing is looked for once, and not everywhere', async () => {
  const log = temporaryLog()
  send(log, 2)
  for (let i = 0; i < 20; i++) appendBatch(log, batchOf(['x'.repeat(1_000_000)]))
  send(log, 4)
  appendBatch(log, batchOf(['x'.repeat(1_000_000)]))
  appendBatch(log, batchOf(['x'.repeat(1_000_000)]))
  await log.close()
  const again = await reopened(log)
  expect(send(again, 2)).toMatchObject({ errorCode: 45 })
  again.segments.active.file.get = () => expect.unreachable()
  expect(send(again, 2)).toMatchObject({ errorCode: 45 })
})

test('batches that were deleted before they were acknowledged are remembered as long as they are there', async () => {
  const log = sent({})
  log.highWatermark = log.logEndOffset
  log.deleteRecordsBefore(10)
  const crashed = await reopened(log, { ...unclean, logStartOffset: 10 })
  await log.close()
  for (const again of [await reopened(log, { logStartOffset: 10 }), crashed]) {
    expect([again.logStartOffset, again.logEndOffset]).toEqual([10, 18])
    expect(send(again, 2)).toMatchObject({ errorCode: 0, isDuplicate: true, baseOffset: 3 })
  }
})
