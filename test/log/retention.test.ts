import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, batchOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'

const dayMs = 86_400_000

test('a wall clock that jumps a year ahead deletes nothing for a day, and is told in a warning', async () => {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const manager = await LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, messageTimestampAfterMaxMs: Infinity }),
    intervals: { retentionMs: 60_000 },
  })
  const log = manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  for (let i = 0; i < 3; i++) {
    log.stageAsLeader(batchOf(['v'], { maxTimestamp: disk.wallMs }), {
      leaderEpoch: 0,
      origin: 'client',
    })
    log.writeStaged()
    log.roll()
  }
  log.highWatermark = log.logEndOffset
  const minutes = async (count: number) => {
    for (let i = 0; i < count; i++) await env.pass(60_000)
  }
  await minutes(2)
  disk.wallMs += 365 * dayMs
  await minutes(20)
  expect(log.logStartOffset).toBe(0)
  expect(env.lines.filter((line) => line.includes('jumped'))).toEqual([
    `WARN Wall clock has jumped ahead: retention by time goes on with the old time for a day {"aheadMs":${365 * dayMs}}`,
  ])
  await env.pass(dayMs)
  await minutes(2)
  expect(log.logStartOffset).toBe(3)
  expect(append(log, 'x').errorCode).toBe(0)
  await manager.close()
})
