/**
 * A compaction of several groups is stopped before and after each change of a file that it makes, by kill -9
 * and by a power loss. The log must open with its old or its new records, and a compaction after that
 * must end where one without a crash ends.
 */
import { expect, test } from 'vitest'
import type { Env } from '../../src/env/env.ts'
import { defaultCleanerOptions } from '../../src/log/cleaner.ts'
import { compact } from '../../src/log/compaction.ts'
import { compactionRange } from '../../src/log/compaction-range.ts'
import { openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { Pace } from '../../src/log/pace.ts'
import { CompactionLife, type Step } from './compaction-life.ts'
import { finalState, type ModelRecord } from './compaction-model.ts'
import { CrashPoint, crashingFiles } from './crashing-files.ts'

const put = (producer: number, ...keys: number[]): Step => ({
  kind: 'batch',
  producer,
  records: keys.map((key) => ({ key: Math.abs(key), isTombstone: key < 0 })),
  codec: 0,
})
const roll: Step = { kind: 'roll' }

/** Six closed segments: two become one, twice; one is left without records; a transaction was aborted. */
const script: Step[] = [
  put(0, 1, 2, 3),
  put(1, 4, 5),
  roll,
  put(0, 6, 1),
  put(3, 2, 2),
  roll,
  put(0, 1, 2, 3),
  { kind: 'end', producer: 3, commit: false },
  roll,
  put(0, 1, 2),
  roll,
  put(4, 1, -3),
  { kind: 'end', producer: 4, commit: true },
  roll,
  put(1, 2, 5),
  roll,
  put(0, 1),
]

async function prepared(): Promise<CompactionLife> {
  const life = new CompactionLife(1, undefined, {
    segmentBytes: 500,
    deleteRetentionMs: 1e9,
  })
  await life.run(script)
  await life.lonely.finish(life.log.flush())
  return life
}

/** The log again, as a process finds it that works through `env`. */
async function open(life: CompactionLife, env: Env): Promise<Log> {
  const { topic, partition, directory, config, highWatermark } = life.log
  const log = await openLog(
    new LogDisk(env, '/data'),
    { topic, partition, directory, config },
    { wasClean: false, recoveryPoint: 0, logStartOffset: 0, highWatermark: 0 },
  )
  log.highWatermark = highWatermark
  return log
}

function compacted(log: Log): Promise<unknown> {
  const { env } = log.disk
  const nowMs = env.clock.wallMs()
  const range = compactionRange(log, 0, nowMs)
  return compact(log, range, defaultCleanerOptions, new Pace(env, defaultCleanerOptions), nowMs)
}

/** What stands in the log after a crash, and after another compaction. */
async function crashed(at: number, side: 'before' | 'after', withPowerLoss: boolean) {
  const life = await prepared()
  const { lonely } = life
  const { host } = lonely
  const point = new CrashPoint(at, side, () => (withPowerLoss ? host.powerLoss() : host.crash()))
  const { env } = host
  const doomed = await lonely.finish(open(life, { ...env, files: crashingFiles(env.files, point) }))
  point.isArmed = true
  await lonely.finish(compacted(doomed)).catch(() => {})
  if (!point.hasCrashed) return { changes: point.changes }
  host.revive()
  const again = await lonely.finish(open(life, host.env))
  const found = await life.records(again)
  await lonely.finish(compacted(again))
  return { found, after: await life.records(again), end: again.logEndOffset, life }
}

/** Without what the aborted transaction wrote: its values are no tombstones of a later writer. */
const abortedOffsets = new Set([7, 8])
const committed = (records: readonly ModelRecord[]) =>
  records.filter(({ offset }) => !abortedOffsets.has(offset))
const stateOf = (records: readonly ModelRecord[]) =>
  finalState([{ records, isAborted: false, horizonMs: undefined }])

test.each([false, true])(
  'a compaction may be stopped at every change of a file (power loss: %s)',
  async (withPowerLoss) => {
    const whole = await prepared()
    const original = await whole.records()
    await whole.compact(0)
    const expected = await whole.records()
    const { changes } = await crashed(Infinity, 'before', withPowerLoss)
    expect(changes).toBeGreaterThan(50)
    for (let at = 0; at < changes!; at++)
      for (const side of ['before', 'after'] as const) {
        const result = await crashed(at, side, withPowerLoss)
        const found = result.found!
        expect({ at, side, state: stateOf(committed(found)) }).toEqual({
          at,
          side,
          state: stateOf(expected),
        })
        // Nothing that compaction keeps is missing, and nothing is there that was not.
        expect(original).toEqual(expect.arrayContaining(found))
        expect(found).toEqual(expect.arrayContaining(expected))
        expect({ after: result.after, end: result.end }).toEqual({
          after: expected,
          end: whole.log.logEndOffset,
        })
      }
  },
)
