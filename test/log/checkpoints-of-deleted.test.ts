/** What checkpoints say of logs that are gone is not taken for what comes in their place. */
import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { type SimulatedEnv, simulatedEnv } from './simulated-env.ts'

const topicId = 'sIvooBuSQZ-9v-mQDo-mmg'
const checkpoints = ['recovery-point', 'log-start', 'replication', 'cleaner']

const open = (env: SimulatedEnv) =>
  LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, messageTimestampAfterMaxMs: Infinity }),
  })

/** A log with four records, three of them committed and one deleted. */
function makeLog(manager: LogManager, topic: string): void {
  const log = manager.create(topic, 0, topicId)
  for (const value of ['a', 'b', 'c', 'd']) append(log, value)
  log.highWatermark = 3
  log.deleteRecordsBefore(1)
  manager.directories[0]!.checkpoints.cleanerOffsets.set(log.name, 1)
}

/** Which checkpoints are written while `run` does something. */
function written(env: SimulatedEnv, run: () => void): string[] {
  const paths: string[] = []
  const { replaceFile } = env.files
  env.files.replaceFile = (path, bytes, sync) => {
    paths.push(path)
    replaceFile(path, bytes, sync)
  }
  run()
  env.files.replaceFile = replaceFile
  return checkpoints.filter((name) => paths.includes(`/data/${name}-offset-checkpoint`))
}

/** The power fails, nothing survives that was not synced; then the log is as `t` is in the next process. */
async function afterPowerLoss(disk: LossyDisk) {
  disk.losePower(() => 1)
  disk.restart()
  const manager = await open(simulatedEnv(disk))
  const { highWatermark, logStartOffset, recoveryPoint } = manager.get('t', 0)!
  const { cleanerOffsets } = manager.directories[0]!.checkpoints
  return { highWatermark, logStartOffset, recoveryPoint, cleaned: cleanerOffsets.get('t-0') ?? 0 }
}

const nothing = { highWatermark: 0, logStartOffset: 0, recoveryPoint: 0, cleaned: 0 }

test('after a clean stop it is known which logs they name: others are made at once', async () => {
  const disk = new LossyDisk()
  const first = await open(simulatedEnv(disk))
  makeLog(first, 'other')
  await first.close()
  const env = simulatedEnv(disk)
  const manager = await open(env)
  expect(written(env, () => void manager.create('t', 0, topicId))).toEqual([])
  manager.delete('other', 0)
  expect(written(env, () => void manager.create('other', 0, topicId))).toEqual(checkpoints)
})

test.each(['removed by hand after a clean stop', 'deleted in a process that crashed'])(
  'a log that was %s leaves nothing to the next of its name',
  async (how) => {
    const disk = new LossyDisk()
    const first = await open(simulatedEnv(disk))
    makeLog(first, 't')
    if (how.startsWith('removed')) {
      await first.close()
      for (const path of disk.paths) if (path.startsWith('/data/t-0/')) disk.files.unlink(path)
      disk.files.removeDirectory('/data/t-0')
    } else {
      await first.get('t', 0)!.flush()
      first.directories[0]!.checkpoints.writeAll(true)
      first.delete('t', 0)
      // What no longer names it is in the page cache only.
      first.directories[0]!.checkpoints.writeAll(false)
      disk.kill()
      disk.restart()
    }
    const env = simulatedEnv(disk)
    const manager = await open(env)
    expect(manager.get('t', 0)).toBeUndefined()
    const names = written(env, () => void manager.create('t', 0, topicId))
    expect(names).toEqual(checkpoints)
    for (const name of ['/data', '/data/t-0']) disk.files.syncDirectory(name)
    expect(await afterPowerLoss(disk)).toEqual(nothing)
  },
)
