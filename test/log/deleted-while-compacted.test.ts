/** A log is deleted, and perhaps made again, at each step of its compaction: nobody else is to notice. */
import { expect, test } from 'vitest'
import type { Env, File } from '../../src/env/env.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { appendBatch, batchOf, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { settled, simulatedEnv } from './simulated-env.ts'

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** Calls `act` before or behind one of the waits for the thread pool or the loop. */
class Waits {
  count = 0
  at = Infinity
  act = () => {}

  async around<T>(run: () => Promise<T>): Promise<T> {
    this.#meet()
    const result = await run()
    this.#meet()
    return result
  }

  #meet(): void {
    if (this.count++ === this.at) this.act()
  }

  env(env: Env): Env {
    const { files, timers } = env
    const open = (path: string, mode: Parameters<typeof files.open>[1]): File => {
      const file = files.open(path, mode)
      return {
        ...file,
        readLater: (...args) => this.around(() => file.readLater(...args)),
        syncLater: () => this.around(() => file.syncLater()),
      }
    }
    return {
      ...env,
      timers: {
        ...timers,
        soon: (run) => void this.around(() => new Promise<void>(timers.soon)).then(run),
      },
      files: {
        ...files,
        open,
        syncDirectoryLater: (path) => this.around(() => files.syncDirectoryLater(path)),
      },
    }
  }
}

function append(log: Log, ...values: string[]): void {
  const batch = batchOf(values, { maxTimestamp: log.disk.env.clock.wallMs() })
  expect(appendBatch(log, batch).errorCode).toBe(0)
}

async function compactedWhile(waits: Waits, isMadeAgain: boolean) {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const manager = await LogManager.open(waits.env(env), {
    directories: ['/data'],
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, cleanupPolicy: { delete: false, compact: true } }),
  })
  manager.cleaner.updateOptions({ sliceMs: 0 })
  const log = manager.create('t', 0, topicId)
  for (const segment of [1, 2, 3]) {
    append(log, `a=${segment}`, `b=${segment}`)
    append(log, `c=${segment}`)
    log.roll()
  }
  append(log, 'd=1')
  log.highWatermark = log.logEndOffset
  waits.count = 0
  waits.act = () => {
    manager.delete('t', 0)
    if (isMadeAgain) append(manager.create('t', 0, topicId), 'n=1')
  }
  await manager.cleaner.runOnce()
  waits.act = () => {}
  await settled()
  return { manager, env, disk }
}

test.each([false, true])(
  'a log is deleted at each step of its compaction (and made again: %s)',
  async (isMadeAgain) => {
    const whole = new Waits()
    await compactedWhile(whole, isMadeAgain)
    expect(whole.count).toBeGreaterThan(40)
    for (let at = 0; at < whole.count; at++) {
      const waits = new Waits()
      waits.at = at
      const { manager, env, disk } = await compactedWhile(waits, isMadeAgain)
      const [directory] = manager.directories
      const bad = env.lines.filter((line) => !/^(DEBUG|INFO)/.test(line))
      const log = manager.get('t', 0)
      expect({
        at,
        failure: directory!.disk.failure,
        bad,
        values: log && (await valuesOf(log)),
        left: disk.paths.filter((path) => /^\/data\/t-0\/.*(cleaned|swap)$/.test(path)),
        checkpoint: directory!.checkpoints.cleanerOffsets.get('t-0'),
      }).toEqual({
        at,
        failure: undefined,
        bad: [],
        values: isMadeAgain ? ['n=1'] : undefined,
        left: [],
        checkpoint: undefined,
      })
      await manager.close()
    }
  },
)
