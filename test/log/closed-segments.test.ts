/** What becomes of segments that nothing is added to: removed when they are too many, else synced, both a little later. */
import { expect, test } from 'vitest'
import { closedSyncDelayMs } from '../../src/log/closed-segments.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { append, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, type SimulatedEnv, simulatedEnv } from './simulated-env.ts'
import { unclean } from './temporary-disk.ts'

interface Process {
  readonly env: SimulatedEnv
  readonly log: Log
  /** Files of batches that a sync has begun for, by their base offsets. */
  readonly synced: number[]
}

const place = (config: Partial<LogConfig>) => ({
  ...{ topic: 't', partition: 0, directory: '/data/t-0' },
  config: { ...defaultLogConfig, messageTimestampAfterMaxMs: Infinity, ...config },
})

function start(disk: LossyDisk, config: Partial<LogConfig> = {}): Process {
  const env = simulatedEnv(disk)
  const synced: number[] = []
  const open: typeof env.files.open = (path, mode) => {
    const file = env.files.open(path, mode)
    const syncLater = () => {
      if (path.endsWith('.log')) synced.push(Number(/(\d+)\.log$/.exec(path)![1]))
      return file.syncLater()
    }
    return new Proxy(file, {
      get: (of, name) =>
        name === 'syncLater' ? syncLater : (of[name as keyof typeof of] as () => void).bind(of),
    })
  }
  const watched = { ...env, files: { ...env.files, open } }
  disk.files.makeDirectory('/data')
  return { env, log: createLog(new LogDisk(watched, '/data'), place(config)), synced }
}

function write(log: Log, ...values: string[]): void {
  for (const value of values) expect(append(log, value).errorCode).toBe(0)
  log.highWatermark = log.logEndOffset
}

test('a closed segment is synced a while after the next has begun, without what came behind it', async () => {
  const { env, log, synced } = start(new LossyDisk())
  write(log, 'a', 'b')
  log.roll()
  write(log, 'c')
  await env.pass(closedSyncDelayMs - 1)
  expect([synced, log.recoveryPoint]).toEqual([[], 0])
  await env.pass(1)
  expect([synced, log.recoveryPoint, log.flusher.isDirty]).toEqual([[0], 2, true])
  await log.flush()
  expect([synced, log.recoveryPoint, log.flusher.isDirty]).toEqual([[0, 2], 3, false])
})

test('each closed segment has its own time', async () => {
  const { env, log, synced } = start(new LossyDisk())
  write(log, 'a')
  log.roll()
  await env.pass(closedSyncDelayMs / 2)
  write(log, 'b')
  log.roll()
  await env.pass(closedSyncDelayMs / 2)
  expect([synced, log.recoveryPoint]).toEqual([[0], 1])
  await env.pass(closedSyncDelayMs / 2)
  expect([synced, log.recoveryPoint]).toEqual([[0, 1], 2])
})

test('segments over retention.bytes are gone before they are synced, however seldom retention is checked', async () => {
  const { env, log, synced } = start(new LossyDisk(), { retentionBytes: 1 })
  for (const value of ['a', 'b', 'c']) {
    write(log, value)
    log.roll()
  }
  write(log, 'd')
  await env.pass(closedSyncDelayMs)
  expect([log.logStartOffset, log.segments.list.length, synced]).toEqual([3, 1, []])
  // Nothing of it is on the disk, and none of it is believed to be.
  expect(log.recoveryPoint).toBeLessThanOrEqual(3)
  await log.flush()
  expect([log.recoveryPoint, synced]).toEqual([4, [3]])
})

test('indexes are written with the sync, and never those of a segment that is gone by then', async () => {
  const { env, log } = start(new LossyDisk())
  const sizeOf = (name: string) => env.files.stat(`/data/t-0/${name}`)?.sizeBytes
  const [first, second] = ['00000000000000000000.timeindex', '00000000000000000001.timeindex']
  write(log, 'a')
  log.roll()
  expect(sizeOf(first!)).toBeUndefined()
  await env.pass(closedSyncDelayMs)
  expect(sizeOf(first!)).toBe(12)
  write(log, 'b')
  log.roll()
  await log.close()
  expect(sizeOf(second!)).toBe(12)

  const short = start(new LossyDisk(), { retentionBytes: 1 })
  write(short.log, 'a')
  short.log.roll()
  write(short.log, 'b')
  await short.env.pass(closedSyncDelayMs)
  const names = short.env.files.list('/data/t-0').map(({ name }) => name)
  expect(names.filter((name) => name.includes('index'))).toEqual([])
})

test('what is not committed is not removed, and synced', async () => {
  const { env, log, synced } = start(new LossyDisk(), { retentionBytes: 1 })
  append(log, 'a')
  log.roll()
  append(log, 'b')
  await env.pass(closedSyncDelayMs)
  expect([log.logStartOffset, synced, log.recoveryPoint]).toEqual([0, [0], 1])
})

test('a compacted log keeps what it has', async () => {
  const cleanupPolicy = { delete: false, compact: true }
  const { env, log, synced } = start(new LossyDisk(), { retentionBytes: 1, cleanupPolicy })
  append(log, 'a')
  log.highWatermark = 1
  log.roll()
  await env.pass(closedSyncDelayMs)
  expect([log.logStartOffset, synced]).toEqual([0, [0]])
})

test.each([
  ['closed', (log: Log) => log.close()],
  ['deleted', async (log: Log) => log.abandon()],
])('a log that is %s meanwhile is left alone', async (_, end) => {
  const { env, log, synced } = start(new LossyDisk(), { retentionBytes: 1 })
  write(log, 'a')
  log.roll()
  write(log, 'b')
  await end(log)
  const before = [...synced]
  await env.pass(closedSyncDelayMs)
  expect([log.logStartOffset, synced]).toEqual([0, before])
})

test('a sync that fails takes the directory offline', async () => {
  const disk = new LossyDisk()
  const { env, log } = start(disk)
  write(log, 'a')
  log.roll()
  const calls = Array.from({ length: 50 }, (_, i) => disk.calls + i)
  disk.faults = calls.map((at) => ({ at, kind: 'error', code: 'EIO' }))
  await env.pass(closedSyncDelayMs)
  expect(log.disk.failure?.message).toMatch(/^Sync of \/data\/t-0 failed/)
})

test.each(Array.from({ length: 40 }, (_, i) => i))(
  'power lost when segments have gone unsynced: what is left is read from where it starts (%i)',
  async (seed) => {
    const disk = new LossyDisk()
    const config = { retentionBytes: 1 }
    const { env, log } = start(disk, config)
    // The directory and its first file are there, as soon after every log is made.
    await log.flush()
    for (const value of ['a', 'b', 'c', 'd']) {
      write(log, value)
      log.roll()
      await env.pass(closedSyncDelayMs / 2)
    }
    write(log, 'e')
    const random = randomFrom(seed)
    const { recoveryPoint, logStartOffset } = log
    disk.losePower(random)
    disk.restart()
    const again = await openLog(new LogDisk(simulatedEnv(disk), '/data'), place(config), {
      ...unclean,
      ...{ compactedTo: 0, recoveryPoint, logStartOffset: random() < 0.5 ? logStartOffset : 0 },
    })
    again.highWatermark = again.logEndOffset
    const values = ['a', 'b', 'c', 'd', 'e'].slice(again.logStartOffset, again.logEndOffset)
    expect(await valuesOf(again, again.logStartOffset)).toEqual(values)
    write(again, 'f')
    expect(await valuesOf(again, again.logStartOffset)).toEqual([...values, 'f'])
  },
)
