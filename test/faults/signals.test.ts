/** A second Ctrl-C ends at once what a first one would end in its own time. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { Daemon, temporaryDirectory, until } from './daemon.ts'

const cluster = new LocalCluster()

beforeAll(() => cluster.start(1), 60_000)
afterAll(() => cluster.close(), 30_000)

/** Signals that come too close together are one, so there are more than two of them. */
async function interrupted(child: { kill(signal: NodeJS.Signals): unknown }, over: () => boolean) {
  await until(() => {
    if (!over()) child.kill('SIGINT')
    return over()
  }, 'the end')
}

test('a broker that waits for its coordinator to hand over ends with 130 at the second Ctrl-C', async () => {
  await cluster.killCoordinator()
  const { process: child } = cluster.brokers.get(1)!
  await interrupted(child, () => child.exitCode !== null || child.signalCode !== null)
  expect([child.exitCode, child.signalCode]).toEqual([130, null])
})

test('a broker that waits for a coordinator at its start ends with 130 at Ctrl-C', async () => {
  const overrides = ['process.roles=broker', 'coordinator.servers=127.0.0.1:1']
  const daemon = Daemon.spawn(temporaryDirectory(), { overrides })
  await until(() => daemon.err.includes('Waiting for a coordinator'), 'its wait')
  daemon.kill('SIGINT')
  expect(await daemon.ended).toBe(130)
})
