/**
 * How fast compaction is, and what it does to a produce meanwhile: an append of 16 KiB to another log of the same
 * directory every millisecond, timed from the moment when it was due. Rounds without and with compaction
 * alternate; of all of them the median counts, because a machine has moods.
 */
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { metronome } from '../../src/cli/bench/metronome.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, batchOfBytes, inDirectory, silent } from './place.ts'
import type { Row, Sizes } from './sizes.ts'

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

export function compactionRows({ compactionBytes: bytes, rounds }: Sizes): Promise<Row[]> {
  return inDirectory(async (path) => {
    const logs = await LogManager.open(silent(), {
      directories: [path],
      clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
      nodeId: 1,
      configOf: () => defaultLogConfig,
    })
    const other = logs.create('other', 0, topicId)
    const found: { quietMs: number; busyMs: number; megabytesPerSecond: number }[] = []
    for (let round = 0; round < rounds; round++) {
      await makeDirtyLog(logs, bytes)
      const quiet = await producing(other)
      await sleep(Math.min(1000, bytes / 50_000))
      const quietMs = await quiet.stop()
      const busy = await producing(other)
      const startMs = performance.now()
      await logs.cleaner.runOnce()
      const megabytesPerSecond = bytes / 1e3 / (performance.now() - startMs)
      found.push({ quietMs, busyMs: await busy.stop(), megabytesPerSecond })
      logs.delete('dirty', 0)
    }
    if (logs.cleaner.totals.compactions !== rounds) throw new Error('Not every log was compacted')
    await logs.close()
    const median = (of: (one: (typeof found)[number]) => number) =>
      found.map(of).sort((a, b) => a - b)[rounds >> 1]!
    return [
      {
        name: 'compaction, beside produce',
        value: median((one) => one.megabytesPerSecond),
        unit: 'MB/s',
        goal: '>= 100',
      },
      { name: 'produce p99 without compaction', value: median((one) => one.quietMs), unit: 'ms' },
      { name: 'produce p99 during compaction', value: median((one) => one.busyMs), unit: 'ms' },
      {
        name: 'produce p99, with to without compaction',
        value: median((one) => one.busyMs / one.quietMs),
        unit: 'ratio',
        goal: '<= 2',
      },
    ]
  })
}

/** Three of four of its records are outdated. */
async function makeDirtyLog(logs: LogManager, bytes: number): Promise<void> {
  const log = logs.create('dirty', 0, topicId, {
    ...defaultLogConfig,
    segmentBytes: Math.ceil(bytes / 8),
    cleanupPolicy: { delete: false, compact: true },
    fileDeleteDelayMs: 0,
  })
  const keys = Math.max(1, Math.floor(bytes / 1020 / 4))
  let next = 0
  for (let done = 0; done < bytes; ) {
    const batch = batchOfBytes(16 * 1024, () => `key-${next++ % keys}`)
    append(log, batch)
    done += batch.length
    if (next % 512 === 0) await new Promise(setImmediate)
  }
  log.roll()
  log.highWatermark = log.logEndOffset
  await log.flush()
  collectGarbage()
}

/** What the preparation left is not to be cleared away while something is measured. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

/**
 * Appends until it is stopped, which tells the 99th percentile in milliseconds. The beat comes from a thread: a timer of
 * this loop is as much as a millisecond late as soon as anything else runs in it.
 */
async function producing(log: Log): Promise<{ stop(): Promise<number> }> {
  const histogram = createHistogram()
  const batch = batchOfBytes(16 * 1024)
  let stop: () => Promise<unknown> = async () => {}
  await new Promise<void>((resolve, reject) => {
    const beat = (dueMs: number) => {
      append(log, batch)
      histogram.record(Math.max(1, Math.round((performance.now() - dueMs) * 1e6)))
      resolve()
    }
    stop = metronome(1, beat, reject)
  })
  return {
    async stop() {
      await stop()
      return histogram.percentile(99) / 1e6
    },
  }
}
