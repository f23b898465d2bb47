/**
 * How fast compaction is, and what it does to a produce meanwhile: an append of 16 KiB to another log every
 * millisecond, timed from the moment when it was due.
 */
import { join } from 'node:path'
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { defaultCleanerOptions } from '../../src/log/cleaner.ts'
import { compact } from '../../src/log/compaction.ts'
import { compactionRange } from '../../src/log/compaction-range.ts'
import type { Log } from '../../src/log/log.ts'
import { Pace } from '../../src/log/pace.ts'
import { append, batchOfBytes, inDirectory, newLog } from './place.ts'
import type { Row, Sizes } from './sizes.ts'

export function compactionRows({ compactionBytes }: Sizes): Promise<Row[]> {
  return inDirectory(async (path) => {
    const other = newLog(join(path, 'other'))
    const quiet = producing(other)
    await sleep(Math.min(2000, compactionBytes / 50_000))
    const quietMs = quiet.stop()
    const alone = await compacting(await dirtyLog(join(path, 'alone'), compactionBytes))
    const dirty = await dirtyLog(join(path, 'busy'), compactionBytes)
    const busy = producing(other)
    await compacting(dirty)
    const busyMs = busy.stop()
    other.release()
    return [
      { name: 'compaction', value: compactionBytes / 1e3 / alone, unit: 'MB/s', goal: '>= 100' },
      { name: 'produce p99 without compaction', value: quietMs, unit: 'ms' },
      { name: 'produce p99 during compaction', value: busyMs, unit: 'ms' },
      {
        name: 'produce p99, with to without compaction',
        value: busyMs / quietMs,
        unit: 'ratio',
        goal: '<= 2',
      },
    ]
  })
}

/** Three of four of its records are outdated. */
async function dirtyLog(path: string, bytes: number): Promise<Log> {
  const log = newLog(path, {
    segmentBytes: Math.ceil(bytes / 8),
    cleanupPolicy: { delete: false, compact: true },
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
  return log
}

/** Milliseconds that it takes. */
async function compacting(log: Log): Promise<number> {
  const { env } = log.disk
  const nowMs = env.clock.wallMs()
  const pace = new Pace(env, defaultCleanerOptions)
  const startMs = performance.now()
  await compact(log, compactionRange(log, 0, nowMs), defaultCleanerOptions, pace, nowMs)
  const ms = performance.now() - startMs
  log.release()
  return ms
}

/** Appends until it is stopped, which tells the 99th percentile in milliseconds. */
function producing(log: Log): { stop(): number } {
  const histogram = createHistogram()
  const batch = batchOfBytes(16 * 1024)
  let dueMs = performance.now() + 1
  let timer: NodeJS.Timeout
  const arm = () => {
    timer = setTimeout(
      () => {
        append(log, batch)
        histogram.record(Math.max(1, Math.round((performance.now() - dueMs) * 1e6)))
        dueMs = performance.now() + 1
        arm()
      },
      Math.max(0, dueMs - performance.now()),
    )
  }
  arm()
  return {
    stop() {
      clearTimeout(timer)
      return histogram.percentile(99) / 1e6
    },
  }
}
