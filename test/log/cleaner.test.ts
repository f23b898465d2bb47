import { openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compactionRange, dirtyRatio } from '../../src/log/compaction-range.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, appendBatch, batchOf, valuesOf } from './batches.ts'
import { quietEnv, temporaryDirectory, temporaryLog } from './temporary-disk.ts'

const compactOnly: Partial<LogConfig> = { cleanupPolicy: { delete: false, compact: true } }
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

async function manager(
  directory: string,
  config: Partial<LogConfig> = {},
  lines: string[] = [],
): Promise<LogManager> {
  const opened = await LogManager.open(quietEnv(lines), {
    directories: [directory],
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, ...compactOnly, ...config }),
  })
  onTestFinished(() => opened.close())
  return opened
}

/** Each argument is a segment; the last stays active. */
function segments(log: Log, ...all: string[][]): void {
  for (const [i, values] of all.entries()) {
    if (i > 0) log.roll()
    append(log, ...values)
  }
  log.highWatermark = log.logEndOffset
}

test('a dirty log is compacted, and the checkpoint tells how far', async () => {
  const directory = temporaryDirectory()
  const logs = await manager(directory)
  const log = logs.create('t', 0, topicId)
  segments(log, ['a=1', 'b=1', 'a=2'], ['a=3', 'c=1'], ['b=2'])
  await logs.maintain()
  expect(await valuesOf(log)).toEqual(['b=1', 'a=3', 'c=1', 'b=2'])
  expect(log.segments.list.map(({ baseOffset }) => baseOffset)).toEqual([0, 5])
  expect(readFileSync(join(directory, 'cleaner-offset-checkpoint'), 'utf8')).toBe('0\n1\nt 0 5\n')
})

test('a log is left alone while little of it is dirty', async () => {
  const logs = await manager(temporaryDirectory())
  const log = logs.create('t', 0, topicId)
  segments(log, ['a=1', 'b=1', 'c=1', 'd=1'], ['a=2'], ['e=1'])
  await logs.maintain()
  log.roll()
  await logs.maintain() // One small segment more: less than half is dirty.
  expect(logs.cleaner.totals.compactions).toBe(1)
})

test('max.compaction.lag.ms makes a log due that is hardly dirty', async () => {
  const logs = await manager(temporaryDirectory(), {
    minCleanableDirtyRatio: 1,
    maxCompactionLagMs: 1,
  })
  const log = logs.create('t', 0, topicId)
  appendBatch(log, batchOf(['a=1', 'a=2'], { maxTimestamp: Date.now() - 1000 }))
  log.roll()
  log.highWatermark = log.logEndOffset
  await logs.maintain()
  expect(await valuesOf(log)).toEqual(['a=2'])
})

test('a damaged batch makes a log uncleanable, with one line that says where', async () => {
  const lines: string[] = []
  const logs = await manager(temporaryDirectory(), {}, lines)
  const log = logs.create('t', 0, topicId)
  segments(log, ['a=1', 'a=2'], ['a=3'])
  const fd = openSync(log.segments.first.file.path, 'r+')
  writeSync(fd, Buffer.from([0xff]), 0, 1, 70)
  await logs.maintain()
  await logs.maintain()
  const told = lines.filter((line) => line.includes('cannot be compacted'))
  expect(told).toHaveLength(1)
  expect(told[0]).toContain('The batch at 0 of')
  expect(logs.cleaner.isUncleanable(log)).toBe(true)
  expect(log.segments.list).toHaveLength(2)
})

test('after a truncation what comes in its place counts as dirty', async () => {
  const directory = temporaryDirectory()
  const logs = await manager(directory)
  const log = logs.create('t', 0, topicId)
  segments(log, ['a=1', 'b=1'], ['a=2', 'b=2'], ['c=1'])
  await logs.maintain()
  log.truncateTo(3)
  expect(readFileSync(join(directory, 'cleaner-offset-checkpoint'), 'utf8')).toBe('0\n1\nt 0 2\n')
})

test('the active segment, unstable offsets and young segments are out of reach', () => {
  const nowMs = Date.now()
  const log = temporaryLog(compactOnly)
  const reach = () => compactionRange(log, undefined, nowMs).firstUncleanableOffset
  segments(log, ['a=1'], ['a=2'], ['a=3'])
  expect(reach()).toBe(2)
  log.updateConfig({ ...log.config, minCompactionLagMs: 3_600_000 })
  expect(reach()).toBe(0)
  const other = temporaryLog(compactOnly)
  append(other, 'a=1')
  other.roll()
  appendBatch(
    other,
    batchOf(['a=2'], { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true }),
  )
  other.roll()
  other.highWatermark = other.logEndOffset
  expect(compactionRange(other, undefined, nowMs).firstUncleanableOffset).toBe(1)
})

test('a checkpoint outside the log makes all of it dirty', () => {
  const log = temporaryLog(compactOnly)
  segments(log, ['a=1'], ['a=2'])
  const ratios = [undefined, 1, 99].map((checkpoint) =>
    dirtyRatio(compactionRange(log, checkpoint, Date.now())),
  )
  expect(ratios).toEqual([1, 0, 1])
})

test('an emptied segment in the middle is read over', async () => {
  const logs = await manager(temporaryDirectory(), { segmentBytes: 90 })
  const log = logs.create('t', 0, topicId)
  segments(log, ['a=1'], ['b=1'], ['a=2'], ['b=2'], ['c=1'])
  await logs.maintain()
  expect(await valuesOf(log)).toEqual(['a=2', 'b=2', 'c=1'])
  const read = log.read(0, 1e6)
  expect(read?.records.length).toBeGreaterThan(0)
  read?.release()
})
