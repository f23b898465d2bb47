/**
 * A log that has become shorter, by a loss of power or because its end was cut: what checkpoints said of what is gone
 * is not taken for what comes to stand there.
 */
import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { settled, simulatedEnv } from './simulated-env.ts'

const topicId = 'sIvooBuSQZ-9v-mQDo-mmg'
const options = {
  ...{ directories: ['/data'], clusterId: 'c', nodeId: 1 },
  configOf: () => ({ ...defaultLogConfig, messageTimestampAfterMaxMs: Infinity }),
}

const opened = (disk: LossyDisk, hasRoom = true) => {
  const { files, ...env } = simulatedEnv(disk)
  const replaceFile: typeof files.replaceFile = (path, bytes, sync) => {
    if (!hasRoom && path.endsWith('/replication-offset-checkpoint'))
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    files.replaceFile(path, bytes, sync)
  }
  return LogManager.open({ ...env, files: { ...files, replaceFile } }, options)
}

/** Five records that are committed, as checkpoints say, and none of them synced. */
async function made() {
  const disk = new LossyDisk()
  const manager = await opened(disk)
  const log = manager.create('t', 0, topicId)
  await settled()
  for (const value of ['a', 'b', 'c', 'd', 'e']) append(log, value)
  log.highWatermark = 5
  const [directory] = manager.directories
  directory!.checkpoints.cleanerOffsets.set('t-0', 5)
  return { disk, manager, log, directory: directory! }
}

function restarted(disk: LossyDisk, powerIsLost = false) {
  disk.kill()
  disk.restart()
  if (powerIsLost) disk.losePower(() => 0)
  return opened(disk)
}

async function stateOf(manager: LogManager) {
  const log = manager.get('t', 0)!
  const { highWatermark, recoveryPoint } = log
  const cleaned = manager.directories[0]!.checkpoints.cleanerOffsets.get('t-0') ?? 0
  return { values: await valuesOf(log), highWatermark, recoveryPoint, cleaned }
}

test('records after a loss of power are not committed, nor synced, before they are', async () => {
  const { disk, directory } = await made()
  directory.checkpoints.writeAll(true)
  const manager = await restarted(disk, true)
  const log = manager.get('t', 0)!
  expect([log.logEndOffset, log.highWatermark]).toEqual([0, 0])
  append(log, 'x', 'y', 'z')
  expect(await stateOf(await restarted(disk))).toEqual({
    ...{ values: ['x', 'y', 'z'], highWatermark: 0, recoveryPoint: 0, cleaned: 0 },
  })
})

test('records after a cut are not committed, nor synced, before they are', async () => {
  const { disk, log, directory } = await made()
  await log.flush()
  directory.checkpoints.writeAll(true)
  log.truncateTo(1)
  append(log, 'x', 'y', 'z')
  expect(await stateOf(await restarted(disk))).toEqual({
    ...{ values: ['a', 'x', 'y', 'z'], highWatermark: 1, recoveryPoint: 1, cleaned: 1 },
  })
})

test('a log that was made some time ago has the id of its topic after a loss of power', async () => {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const manager = await LogManager.open(env, options)
  for (const partition of [0, 1, 2]) append(manager.create('t', partition, topicId), 'a')
  manager.delete('t', 1)
  for (let i = 0; i < 5; i++) {
    await settled()
    await env.pass(0)
  }
  const again = await restarted(disk, true)
  expect([0, 2].map((partition) => again.get('t', partition)?.topicId)).toEqual([topicId, topicId])
})

test('what a loss of power brings back is not committed, though others were in its place', async () => {
  const { disk, log } = await made()
  await log.flush()
  // The next process has no recovery point: what it cuts is to it as if it were not synced.
  const manager = await restarted(disk)
  const again = manager.get('t', 0)!
  again.truncateTo(0)
  append(again, 'v', 'w', 'x', 'y', 'z')
  again.highWatermark = 5
  manager.directories[0]!.checkpoints.writeHighWatermarks(true)
  expect(await stateOf(await restarted(disk, true))).toEqual({
    ...{ values: ['a', 'b', 'c', 'd', 'e'], highWatermark: 0, recoveryPoint: 0, cleaned: 0 },
  })
})

test.each(['there is', 'there is no'])(
  'a log that is cut where its committed end is not believed any more has not committed what follows, when %s room to write that',
  async (room) => {
    const { disk, log: before, directory } = await made()
    await before.flush()
    // The next process has no recovery point.
    directory.checkpoints.writeHighWatermarks(true)
    disk.kill()
    disk.restart()
    const manager = await opened(disk, room === 'there is')
    const log = manager.get('t', 0)!
    expect([log.logEndOffset, log.highWatermark]).toEqual([5, 0])
    log.truncateTo(2)
    append(log, 'x', 'y', 'z')
    await log.flush()
    manager.directories[0]!.checkpoints.writeRecoveryPoints(true)
    expect(await stateOf(await restarted(disk))).toMatchObject({
      ...{ values: ['a', 'b', 'x', 'y', 'z'], highWatermark: 0, recoveryPoint: 5 },
    })
  },
)
