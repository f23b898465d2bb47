/** Removing old segments while the disk is busy: no small file is replaced that need not be. */
import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { appendBatch, batchOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'

const start = async (disk: LossyDisk) => {
  const env = simulatedEnv(disk)
  const manager = await LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => ({
      ...defaultLogConfig,
      retentionBytes: 0,
      messageTimestampAfterMaxMs: Infinity,
    }),
  })
  const log = manager.get('t', 0) ?? manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  return { env, manager, log }
}

test('segments that go leave the epochs and the log starts as they are on the disk', async () => {
  const disk = new LossyDisk()
  const { env, manager, log } = await start(disk)
  const replaced: string[] = []
  const { replaceFile, rename } = env.files
  env.files.replaceFile = (path, ...rest) => {
    replaced.push(path)
    replaceFile(path, ...rest)
  }
  env.files.rename = (from, to) => {
    replaced.push(to)
    rename(from, to)
  }
  const small = () =>
    replaced.splice(0).filter((path) => /leader-epoch|log-start-offset/.test(path))
  const remove = async () => {
    expect(appendBatch(log, batchOf(['v'])).errorCode).toBe(0)
    log.roll()
    log.highWatermark = log.logEndOffset
    await manager.maintain()
    await env.pass(1000)
    expect(log.logStartOffset).toBe(log.logEndOffset)
  }
  await remove()
  expect(small()).toEqual(['/data/t-0/leader-epoch-checkpoint'])
  await remove()
  await remove()
  expect(small()).toEqual([])
  appendBatch(log, batchOf(['v']))
  log.highWatermark = log.logEndOffset
  expect(log.leaderEpochs.entries).toEqual([{ epoch: 0, startOffset: 3 }])

  await manager.close()
  const next = await start(disk)
  expect(next.log.leaderEpochs.entries).toEqual([{ epoch: 0, startOffset: 3 }])
  await next.manager.close()
})
