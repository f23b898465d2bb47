/**
 * After a sync that failed, Linux takes for written what it only has in memory: a process that starts then
 * reads it, and its own sync does nothing (fsyncgate). So it is written again before it is trusted.
 */
import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append } from '../log/batches.ts'
import { Host } from './host.ts'
import { Network } from './network.ts'
import { World } from './world.ts'

const world = new World(1)
const host = new Host(world, new Network(world), 'h')

async function done<T>(promise: Promise<T>): Promise<T> {
  let settled = false
  const end = promise.finally(() => {
    settled = true
  })
  end.catch(() => undefined)
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve))
    await world.run(world.nowMs + 50, () => settled)
  }
  return end
}

/** A process on the host, from its start. */
function open(): Promise<LogManager> {
  host.revive()
  const logs = LogManager.open(host.env, {
    directories: ['/data'],
    clusterId: 'cluster-one',
    nodeId: 1,
    // Batches are stamped with today's time, and the host lives in 2023.
    configOf: () => ({ ...defaultLogConfig, messageTimestampAfterMaxMs: Infinity }),
  })
  return done(logs)
}

const isMarked = () => host.env.files.stat('/data/.ottla_failed') !== undefined

test('what a failed sync left in memory alone is on the disk after the next start', async () => {
  const first = await open()
  const log = first.create('orders', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  await done(log.flush())
  for (const value of ['a', 'b', 'c']) append(log, value)
  host.disk.failSyncs = 1
  await expect(done(log.flush())).rejects.toThrow('EIO')
  expect([first.directories[0]?.disk.failure !== undefined, isMarked()]).toEqual([true, true])
  // It ends, and the next one reads what is in memory.
  host.crash()
  const second = await open()
  expect([second.get('orders', 0)?.logEndOffset, isMarked()]).toEqual([3, false])
  host.powerLoss()
  const third = await open()
  expect(third.get('orders', 0)?.logEndOffset).toBe(3)
})
