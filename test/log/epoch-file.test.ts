/** `leader-epoch-checkpoint` is written with syncs; what it lacks is found in the batches. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFiles } from '../../src/env/node-files.ts'
import { createLog } from '../../src/log/load.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { verify } from '../../src/log/verify.ts'
import { appendBatch, batchOf } from './batches.ts'
import { LonelyHost } from './simulated-disk.ts'
import { place, reopened, temporaryLog, unclean } from './temporary-disk.ts'

test('a new epoch writes no file, and outlives a kill and a stop all the same', async () => {
  const log = temporaryLog()
  const written = () =>
    readFileSync(join(log.directory, 'leader-epoch-checkpoint'), 'latin1').split('\n').slice(2, -1)
  const isThere = () => existsSync(join(log.directory, 'leader-epoch-checkpoint'))
  for (const epoch of [0, 4, 7]) appendBatch(log, batchOf([`in ${epoch}`]), epoch)
  const early = isThere()
  const sum = { logs: 0, segments: 0, batches: 0, bytes: 0 }
  const problems = [...verify(nodeFiles, log.disk.path, sum, () => {})].filter(
    ({ isRemark }) => !isRemark,
  )
  const killed = await reopened(log, unclean)
  await log.flush()
  const epochs = [0, 4, 7].map((epoch, startOffset) => ({ epoch, startOffset }))
  expect({ early, found: killed.leaderEpochs.entries, problems, late: written() }).toEqual({
    early: false,
    found: epochs,
    problems: [],
    late: ['0 0', '4 1', '7 2'],
  })
})

test('D19: a sync on a full disk that has no room for the epochs leaves them to the batches', async () => {
  const lonely = new LonelyHost(1)
  const { host, env } = lonely
  const log = createLog(new LogDisk(env, '/data'), place('/data'))
  const append = (epoch: number) =>
    appendBatch(log, batchOf(['v'], { maxTimestamp: env.clock.wallMs() }), epoch)
  append(0)
  await lonely.finish(log.flush())
  append(1)
  host.disk.isFull = true
  await lonely.finish(log.flush())
  const full = [log.disk.failure, log.recoveryPoint]
  host.disk.isFull = false
  await lonely.finish(log.flush())
  expect([full, log.disk.failure, log.recoveryPoint]).toEqual([[undefined, 1], undefined, 2])
})
