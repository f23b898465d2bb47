/**
 * The same log compacted by Kafka and by Ottla gives the same segments, byte by byte. Kafka's run has its own
 * time, which is that of the delete horizons in its result.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildBatch } from '../../protocol/build-batch.ts'
import { defaultCleanerOptions } from '../../src/log/cleaner.ts'
import { compact } from '../../src/log/compaction.ts'
import { compactionRange } from '../../src/log/compaction-range.ts'
import { openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { Pace } from '../../src/log/pace.ts'
import { goldenFiles, unpackGolden } from './golden-logs.ts'
import { clean, place, quietEnv, reopened, temporaryDirectory } from './temporary-disk.ts'

const dayMs = 86_400_000
/** When Kafka's passes ran: a delete horizon is that time and the retention. */
const firstPassMs = { compact: 1_795_366_804_367, 'compact-now': 1_795_366_804_854 }
const secondPassMs = 1_795_366_830_607
const thirdPassMs = 1_795_366_831_217

async function goldenLog(topic: 'compact' | 'compact-now'): Promise<Log> {
  const directory = temporaryDirectory()
  unpackGolden('compact-before', directory)
  const {
    topic: name,
    partition,
    directory: path,
    config,
  } = place(
    directory,
    {
      segmentBytes: 2048,
      indexIntervalBytes: topic === 'compact' ? 512 : 4096,
      deleteRetentionMs: topic === 'compact' ? dayMs : 0,
      producerIdExpirationMs: Infinity,
      cleanupPolicy: { delete: false, compact: true },
    },
    `${topic}-0`,
  )
  const log = await openLog(
    new LogDisk(quietEnv(), directory),
    { topic: name, partition, directory: path, config },
    { ...clean, recoveryPoint: 89, highWatermark: 89 },
  )
  return log
}

async function compactAt(log: Log, checkpoint: number, nowMs: number): Promise<number> {
  const range = compactionRange(log, checkpoint, nowMs)
  const options = defaultCleanerOptions
  const { endOffset } = await compact(log, range, options, new Pace(log.disk.env, options), nowMs)
  return endOffset
}

const kinds = /\.(log|index|timeindex|txnindex)$/

/** Content of the segment files, in hex. */
function filesOf(log: Log): Record<string, string> {
  const names = readdirSync(log.directory).filter((name) => kinds.test(name))
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(log.directory, name)).toString('hex')]),
  )
}

function kafkaFiles(topic: string): Record<string, string> {
  const prefix = `compact-after/${topic}-0/`
  return Object.fromEntries(
    [...goldenFiles]
      .filter(([path]) => path.startsWith(prefix) && kinds.test(path))
      .map(([path, content]) => [path.slice(prefix.length), content.toString('hex')]),
  )
}

test('a first pass leaves the same bytes as the one of Kafka', async () => {
  const log = await goldenLog('compact')
  expect(await compactAt(log, 0, firstPassMs.compact)).toBe(88)
  await log.close()
  expect(filesOf(log)).toEqual(kafkaFiles('compact'))
})

test('later passes drop tombstones and markers as those of Kafka do', async () => {
  const log = await goldenLog('compact-now')
  expect(await compactAt(log, 0, firstPassMs['compact-now'])).toBe(88)
  for (let i = 0; i < 11; i++) appendLate(log, i)
  log.highWatermark = log.logEndOffset
  // Kafka had forgotten the producers whose records are from 2023.
  log.producers.expire(secondPassMs, dayMs)
  expect(await compactAt(log, 88, secondPassMs)).toBe(99)
  for (let i = 11; i < 30; i++) appendLate(log, i)
  log.highWatermark = log.logEndOffset
  expect(await compactAt(log, 99, thirdPassMs)).toBe(110)
  await log.close()
  expect(filesOf(log)).toEqual(kafkaFiles('compact-now'))
})

/** What `MakeLogs compact2` sent between the passes. */
function appendLate(log: Log, i: number): void {
  const batch = buildBatch({
    records: [
      {
        timestamp: 1_700_000_090_000 + i,
        key: Buffer.from(`late-${i % 3}`),
        value: Buffer.from(`later ${i}${'u'.repeat(100)}`),
      },
    ],
    producerId: 2000,
    producerEpoch: 0,
    baseSequence: i,
  })
  log.stageAsLeader(batch, { leaderEpoch: 4, origin: 'client' })
  log.writeStaged()
}

test('a log that was compacted is recovered without a loss', async () => {
  const log = await goldenLog('compact')
  await compactAt(log, 0, firstPassMs.compact)
  await log.close()
  const again = await reopened(log, { wasClean: false, recoveryPoint: 0 })
  expect([again.logStartOffset, again.logEndOffset]).toEqual([0, 89])
  await again.close()
  const segments = (files: Record<string, string>) =>
    Object.entries(files).filter(([name]) => name.endsWith('.log'))
  expect(segments(filesOf(log))).toEqual(segments(kafkaFiles('compact')))
})
