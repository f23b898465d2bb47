/**
 * Compaction waits for two syncs of the directory while it puts a segment in the place of others. What happens
 * to the log meanwhile must hold after a crash, too: a start would put in place whatever a `.swap` covers.
 */
import { expect, test } from 'vitest'
import type { Env, Files } from '../../src/env/env.ts'
import { defaultCleanerOptions } from '../../src/log/cleaner.ts'
import { compact } from '../../src/log/compaction.ts'
import { compactionRange } from '../../src/log/compaction-range.ts'
import { createLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { Pace } from '../../src/log/pace.ts'
import { appendBatch, batchOf, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, settled, simulatedEnv } from './simulated-env.ts'
import { place, reopened } from './temporary-disk.ts'

const compactOnly = { cleanupPolicy: { delete: false, compact: true } }

/** Holds syncs on the thread pool back until `release`. */
class Held {
  readonly files: Files
  readonly #waiting: (() => void)[] = []
  /** Of which path, and from the how-manieth on. */
  hold: { readonly path: string; skip: number } | undefined

  constructor(files: Files) {
    this.files = {
      ...files,
      open: (path, mode) => {
        const file = files.open(path, mode)
        return { ...file, syncLater: () => this.#later(path, () => file.syncLater()) }
      },
      syncDirectoryLater: (path) => this.#later(path, () => files.syncDirectoryLater(path)),
    }
  }

  async #later(path: string, run: () => Promise<void>): Promise<void> {
    const { hold } = this
    if (hold?.path === path && hold.skip-- === 0)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    await run()
  }

  get isHolding(): boolean {
    return this.#waiting.length > 0
  }

  release(): void {
    for (const go of this.#waiting.splice(0)) go()
  }
}

/** At the time of the simulated clock. */
function append(log: Log, ...values: string[]): void {
  const batch = batchOf(values, { maxTimestamp: log.disk.env.clock.wallMs() })
  expect(appendBatch(log, batch).errorCode).toBe(0)
}

function segmentsOf(log: Log): void {
  append(log, 'a=1', 'b=1')
  log.roll()
  append(log, 'a=2', 'b=2')
  append(log, 'c=1')
  log.roll()
  append(log, 'd=1')
  log.highWatermark = log.logEndOffset
}

async function untilHeld(held: Held): Promise<void> {
  for (let i = 0; i < 100 && !held.isHolding; i++) await settled()
  expect(held.isHolding).toBe(true)
}

const changes: Readonly<Record<string, (log: Log) => void>> = {
  'is cut within a segment': (log) => log.truncateTo(4),
  'is cut between two': (log) => log.truncateTo(2),
  'is cut at its start': (log) => log.truncateTo(0),
  'begins anew in its middle': (log) => log.truncateFullyAndStartAt(2),
  'begins anew behind its end': (log) => log.truncateFullyAndStartAt(9),
  'loses its first records': (log) => log.deleteRecordsBefore(5),
}
const cases = Object.keys(changes).flatMap((name) =>
  [0, 1].flatMap((skip) => [1, 2, 3].map((seed) => ({ name, skip, seed }))),
)

const knownNames =
  /\/(\d{20}\.(log|index|timeindex|txnindex|snapshot)(\.deleted)?|leader-epoch-checkpoint)$/

/** Compacts a log, and changes it while the compaction waits for a sync of the directory. */
async function changedWhileHeld(
  env: Env,
  held: Held,
  log: Log,
  { name, skip }: { name: string; skip: number },
): Promise<{ compacting: Promise<any> }> {
  held.hold = { path: log.directory, skip }
  const pace = new Pace(env, defaultCleanerOptions)
  const range = compactionRange(log, 0, 0)
  const compacting = compact(log, range, defaultCleanerOptions, pace, 0).catch((error) => error)
  await untilHeld(held)
  changes[name]!(log)
  append(log, 'x=1', 'y=1')
  return { compacting }
}

test.each(cases)(
  'a log that $name while it waits for sync $skip holds (seed $seed)',
  async ({ name, skip, seed }) => {
    const disk = new LossyDisk()
    const held = new Held(disk.files)
    const env: Env = { ...simulatedEnv(disk, seed), files: held.files }
    const log = createLog(new LogDisk(env, '/'), place('/', compactOnly))
    disk.files.syncDirectory('/')
    segmentsOf(log)
    await log.flush()
    const { compacting } = await changedWhileHeld(env, held, log, { name, skip })
    await log.flush()
    // All of this is on the disk, and the power goes before the compaction goes on.
    const { logStartOffset, logEndOffset, recoveryPoint } = log
    const found = await valuesOf(log)
    disk.kill()
    held.release()
    await compacting
    disk.losePower(randomFrom(seed))
    disk.restart()
    const after = await reopened(log, { wasClean: false, recoveryPoint, logStartOffset })
    expect(await valuesOf(after)).toEqual(found)
    expect(after.logEndOffset).toBe(logEndOffset)
  },
)

test.each(cases.filter(({ seed }) => seed === 1))(
  'a compaction goes on or is given up when its log $name while it waits for sync $skip',
  async ({ name, skip }) => {
    const disk = new LossyDisk()
    const held = new Held(disk.files)
    const env: Env = { ...simulatedEnv(disk), files: held.files }
    const log = createLog(new LogDisk(env, '/'), place('/', compactOnly))
    segmentsOf(log)
    const behind = log.flusher.isDirty ? skip + 1 : skip
    const { compacting } = await changedWhileHeld(env, held, log, { name, skip: behind })
    const found = await valuesOf(log)
    held.release()
    const result = await compacting
    expect(result.name ?? 'done').toBe(skip === 0 ? 'AbortedError' : 'done')
    await settled()
    expect(log.disk.failure).toBeUndefined()
    expect(await valuesOf(log)).toEqual(found)
    // Nothing has a name that the next start would not know: a segment that went while it was a `.swap`, too.
    expect(disk.paths.filter((path) => !knownNames.test(path))).toEqual([])
  },
)

async function managed() {
  const disk = new LossyDisk()
  const held = new Held(disk.files)
  const manager = await LogManager.open(
    { ...simulatedEnv(disk), files: held.files },
    {
      directories: ['/data'],
      clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
      nodeId: 1,
      configOf: () => ({ ...defaultLogConfig, ...compactOnly }),
    },
  )
  return { disk, held, manager }
}
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

test.each([0, 1])(
  'a log that is deleted and made again while its compaction waits for sync %i is left alone',
  async (skip) => {
    const { held, manager } = await managed()
    const log = manager.create('t', 0, topicId)
    segmentsOf(log)
    await log.flush()
    held.hold = { path: log.directory, skip }
    const compacting = manager.cleaner.runOnce()
    await untilHeld(held)
    manager.delete('t', 0)
    const next = manager.create('t', 0, topicId)
    append(next, 'n=1')
    const files = held.files.list(next.directory)
    held.release()
    await compacting
    expect(held.files.list(next.directory)).toEqual(files)
    expect(next.disk.failure).toBeUndefined()
    expect(await valuesOf(next)).toEqual(['n=1'])
  },
)

test('a recovery point that a truncation has lowered is not written over by one that was on its way', async () => {
  const { disk, held, manager } = await managed()
  const log = manager.create('t', 0, topicId)
  segmentsOf(log)
  await log.flush()
  const path = '/data/recovery-point-offset-checkpoint'
  held.hold = { path: `${path}.new`, skip: 0 }
  const writing = manager.directories[0]!.checkpoints.writeRecoveryPointsLater()
  await untilHeld(held)
  log.truncateTo(2)
  held.release()
  await writing
  expect(disk.bytesOf(path).toString()).toBe('0\n1\nt 0 2\n')
})
