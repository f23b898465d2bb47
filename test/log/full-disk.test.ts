/** What a log knows of itself when its disk is full, or fails in the middle of what it does. */
import { expect, test } from 'vitest'
import { stampBatch } from '../../protocol/record-batch.ts'
import { createLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { appendBatch, batchOf } from './batches.ts'
import { LonelyHost } from './simulated-disk.ts'
import { place, reopened } from './temporary-disk.ts'

test('D19: a log that is truncated on a full disk knows where it ends, and what it lacks of its side files', () => {
  const { host, env } = new LonelyHost(1)
  const log = createLog(new LogDisk(env, '/data'), place('/data'))
  const batch = (value: string) => batchOf([value], { maxTimestamp: env.clock.wallMs() })
  for (const [epoch, value] of ['a', 'b', 'c'].entries()) appendBatch(log, batch(value), epoch)
  host.disk.isFull = true
  log.truncateTo(1)
  expect([log.logEndOffset, log.segments.sizeBytes, log.leaderEpochs.latest]).toEqual([
    1,
    batch('a').length,
    0,
  ])
  host.disk.isFull = false
  appendBatch(log, batch('d'), 3)
  expect([log.logEndOffset, log.leaderEpochs.latest, log.disk.failure]).toEqual([2, 3, undefined])
})

test('a log whose truncation fails half way is given up: it ends before where it believes', () => {
  const { host, env } = new LonelyHost(1)
  const log = createLog(new LogDisk(env, '/data'), place('/data', { segmentBytes: 100 }))
  for (const value of ['a', 'b', 'c'])
    appendBatch(log, batchOf([value], { maxTimestamp: env.clock.wallMs() }))
  host.disk.failSyncs = 1
  expect(() => log.truncateTo(1)).toThrow('Truncation of /data/t-0 failed: EIO')
  expect(log.disk.failure?.message).toContain('EIO')
})

test.each(['leader', 'follower'])(
  'D19: a %s that cannot roll on a full disk goes on when there is room',
  (role) => {
    const { host, env } = new LonelyHost(1)
    const log = createLog(new LogDisk(env, '/data'), place('/data', { segmentBytes: 100 }))
    const append = (value: string) => {
      const batch = batchOf([value], { maxTimestamp: env.clock.wallMs() })
      if (role === 'leader') return appendBatch(log, batch).errorCode
      stampBatch(batch, 0, log.logEndOffset, 0)
      const { errorCode } = log.stageAsFollower(batch, { leaderEpochMax: 0 })
      if (errorCode === 0) log.writeStaged()
      return errorCode
    }
    const codes = [append('a')]
    host.disk.isFull = true
    codes.push(append('b'), append('b'))
    host.disk.isFull = false
    codes.push(append('b'))
    expect([codes, log.logEndOffset, log.segments.list.length]).toEqual([[0, 56, 56, 0], 2, 2])
  },
)

test('D19: a log whose indexes are missing is read and appended to on a full disk', async () => {
  const lonely = new LonelyHost(1)
  const { host, env } = lonely
  const at = place('/data')
  const first = createLog(new LogDisk(env, '/data'), at)
  const append = (log: Log, ...values: string[]) =>
    values.map(
      (value) =>
        log.stageAsLeader(batchOf([value], { maxTimestamp: env.clock.wallMs() }), {
          ...{ leaderEpoch: 0, origin: 'client' },
        }).errorCode,
    )
  append(first, 'a')
  first.writeStaged()
  await lonely.finish(first.close())
  for (const suffix of ['index', 'timeindex']) {
    const path = `${at.directory}/${'0'.repeat(20)}.${suffix}`
    if (env.files.stat(path)) env.files.unlink(path)
  }
  const log = await lonely.finish(reopened(first))
  host.disk.isFull = true
  expect(append(log, 'b', 'c')).toEqual([0, 0])
  expect(() => log.writeStaged()).toThrow('ENOSPC')
  host.disk.isFull = false
  expect(append(log, 'd', 'e')).toEqual([0, 0])
  log.writeStaged()
  expect([log.logEndOffset, log.disk.failure]).toEqual([3, undefined])
})
