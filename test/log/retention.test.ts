/** Clocks that are wrong must not empty topics (R17 of the fault catalogue). */
import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, appendBatch, batchOf, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'

const dayMs = 86_400_000
const yearMs = 365 * dayMs

/** A process, with a look for old segments each minute. */
async function start(disk: LossyDisk) {
  const env = simulatedEnv(disk)
  const manager = await LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, messageTimestampAfterMaxMs: Infinity }),
    intervals: { retentionMs: 60_000 },
  })
  const log = manager.get('t', 0) ?? manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  const minutes = async (count: number) => {
    for (let i = 0; i < count; i++) await env.pass(60_000)
  }
  const warnings = () => env.lines.filter((line) => line.includes('Wall clock'))
  return { env, manager, log, minutes, warnings }
}

type Process = Awaited<ReturnType<typeof start>>

/** Three segments with a record of now in each, and an empty one. */
async function fill(disk: LossyDisk, { log, minutes }: Process): Promise<void> {
  for (let i = 0; i < 3; i++) {
    log.stageAsLeader(batchOf(['v'], { maxTimestamp: disk.wallMs }), {
      leaderEpoch: 0,
      origin: 'client',
    })
    log.writeStaged()
    log.roll()
  }
  log.highWatermark = log.logEndOffset
  await minutes(2)
}

async function deletesAfterADay({ env, log, minutes, manager }: Process): Promise<void> {
  await minutes(20)
  expect(log.logStartOffset).toBe(0)
  await env.pass(dayMs)
  await minutes(2)
  expect(log.logStartOffset).toBe(3)
  expect(append(log, 'x').errorCode).toBe(0)
  await manager.close()
}

test('a wall clock that jumps a year ahead deletes nothing for a day, and is told in a warning', async () => {
  const disk = new LossyDisk()
  const process = await start(disk)
  await fill(disk, process)
  disk.wallMs += yearMs
  await process.minutes(1)
  expect(process.warnings()).toEqual([
    `WARN Wall clock has jumped ahead: retention by time goes on with the old time for a day {"aheadMs":${yearMs}}`,
  ])
  await deletesAfterADay(process)
})

test.each([
  ['stopped cleanly', true],
  ['killed', false],
])(
  'nor does a process whose clock is a year ahead when it starts (%s before)',
  async (_, isClean) => {
    const disk = new LossyDisk()
    const before = await start(disk)
    await fill(disk, before)
    if (isClean) await before.manager.close()
    // A start with the wrong clock must not be what makes the next one believe it.
    disk.wallMs += yearMs
    const between = await start(disk)
    await between.minutes(20)
    expect(between.log.logStartOffset).toBe(0)
    if (isClean) await between.manager.close()
    const after = await start(disk)
    expect(after.warnings()).toEqual([
      expect.stringContaining('far ahead of the last use of the data'),
    ])
    await deletesAfterADay(after)
  },
)

test('files of a Kafka broker tell by their age when they were used last', async () => {
  const disk = new LossyDisk()
  const before = await start(disk)
  await fill(disk, before)
  await before.manager.close()
  disk.files.unlink('/data/.ottla_clock')
  const { stat } = disk.files
  const usedMs = disk.wallMs
  disk.wallMs += yearMs
  const env = simulatedEnv(disk)
  env.files.stat = (path) => {
    const found = stat(path)
    return found && { ...found, modifiedMs: usedMs }
  }
  const options = {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => defaultLogConfig,
  }
  const manager = await LogManager.open(env, options)
  expect(env.lines.filter((line) => line.includes('Wall clock'))).toHaveLength(1)
  await manager.maintain()
  expect(manager.get('t', 0)!.logStartOffset).toBe(0)
  await manager.close()
})

test('a process that was away for a while takes the time as it is', async () => {
  const disk = new LossyDisk()
  const before = await start(disk)
  await fill(disk, before)
  await before.manager.close()
  disk.wallMs += dayMs / 2
  const after = await start(disk)
  const config = { ...after.log.config, retentionMs: dayMs / 4 }
  after.log.updateConfig(config)
  await after.minutes(2)
  expect([after.log.logStartOffset, after.warnings()]).toEqual([3, []])
  await after.manager.close()
})

test('tombstones stay for that day, too', async () => {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const manager = await LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => ({
      ...defaultLogConfig,
      cleanupPolicy: { delete: false, compact: true },
      minCleanableDirtyRatio: 0,
      deleteRetentionMs: 10 * dayMs,
    }),
  })
  const log = manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  const compacted = async (...values: string[]) => {
    const batch = batchOf(values, { maxTimestamp: disk.wallMs })
    expect(appendBatch(log, batch).errorCode).toBe(0)
    log.roll()
    log.highWatermark = log.logEndOffset
    await manager.cleaner.runOnce()
    return valuesOf(log)
  }
  expect(await compacted('a=1', 'b=1', 'a=')).toEqual(['b=1', 'a='])
  disk.wallMs += yearMs
  expect(await compacted('c=1')).toEqual(['b=1', 'a=', 'c=1'])
  await env.pass(dayMs + 1)
  expect(await compacted('d=1')).toEqual(['b=1', 'c=1', 'd=1'])
  await manager.close()
})

test('however often old segments are looked for, the time is noted twice a minute, and when a process stops', async () => {
  const disk = new LossyDisk()
  const { env, manager } = await start(disk)
  const { replaceFile } = env.files
  const noted: number[] = []
  env.files.replaceFile = (path, ...rest) => {
    if (path === '/data/.ottla_clock') noted.push(env.clock.monotonicMs() - beganMs)
    replaceFile(path, ...rest)
  }
  const beganMs = env.clock.monotonicMs()
  for (let i = 0; i < 60; i++) {
    await manager.maintain()
    await env.pass(1000)
  }
  await manager.close()
  expect(noted).toEqual([0, 30_000, 60_000])
})
