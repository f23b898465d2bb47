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
