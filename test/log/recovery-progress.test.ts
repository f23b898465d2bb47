/** Long recoveries: what the log says meanwhile, and what goes on beside each other. */
import { expect, test } from 'vitest'
import type { Env } from '../../src/env/env.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'

const directories = ['/a', '/b']
const logs = 4

const open = (env: Env) =>
  LogManager.open(env, {
    directories,
    clusterId: 'c',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, messageTimestampAfterMaxMs: Infinity }),
  })

test('a long recovery tells every few seconds how far it is, and directories are recovered beside each other', async () => {
  const disk = new LossyDisk()
  const first = await open(simulatedEnv(disk))
  for (let i = 0; i < directories.length * logs; i++)
    append(first.create('t', i, 'A'.repeat(22)), 'a', 'b')
  disk.kill()
  disk.restart()
  const env = simulatedEnv(disk)
  let nowMs = 0
  // Every look at the clock takes three seconds.
  const slow = { ...env, clock: { ...env.clock, monotonicMs: () => (nowMs += 3000) } }
  const second = await open(slow)
  const told = env.lines.filter((line) => line.startsWith('INFO Recovering logs'))
  for (const directory of directories) {
    const own = told.filter((line) => line.includes(`"directory":"${directory}"`))
    expect(own.length).toBeGreaterThan(1)
    expect(own[0]).toMatch(new RegExp(`"done":[0-${logs - 1}],"logs":${logs},"mebibytes":0`))
  }
  // The first directory is not finished before the second begins.
  const isFinished = env.lines.findIndex((line) => line.startsWith('INFO Logs are open'))
  for (const directory of directories)
    expect(env.lines.slice(0, isFinished).join()).toContain(`"directory":"${directory}"`)
  await second.close()
})
