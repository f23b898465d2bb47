/** More logs and segments than a process may have files open (D23 of the fault catalogue). */
import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, valuesOf } from './batches.ts'
import { quietEnv, temporaryDirectory } from './temporary-disk.ts'

const openFilesMax = 32
const logs = 150
const descriptors = '/proc/self/fd'

test.runIf(existsSync(descriptors))(
  'D23: hundreds of logs with three segments each share a few descriptors, while they are used and when they open again',
  async () => {
    const directory = temporaryDirectory()
    const manage = () =>
      LogManager.open(quietEnv(), {
        directories: [directory],
        clusterId: 'c',
        nodeId: 1,
        configOf: () => defaultLogConfig,
        openFilesMax,
      })
    const before = readdirSync(descriptors).length
    let most = 0
    const look = () => {
      most = Math.max(most, readdirSync(descriptors).length - before)
    }
    const first = await manage()
    for (let i = 0; i < logs; i++) {
      const log = first.create('t', i, 'T'.repeat(22))
      for (const value of ['a', 'b', 'c']) {
        if (log.logEndOffset > 0) log.roll()
        append(log, value)
      }
      if (i % 50 === 0) look()
    }
    await first.close()
    const second = await manage()
    look()
    for (const [i, log] of [...second.logs()].entries()) {
      append(log, 'd')
      expect(await valuesOf(log)).toEqual(['a', 'b', 'c', 'd'])
      if (i % 50 === 0) look()
    }
    await second.close()
    // Some more for the lock, and for what is synced on the thread pool.
    expect(most).toBeGreaterThan(openFilesMax / 2)
    expect(most).toBeLessThan(openFilesMax + 50)
  },
  60_000,
)
