/** A second Ctrl-C ends at once what a first one would end in its own time. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
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

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 0],
] as const)(
  'a broker that waits for a coordinator at its start ends at once at %s, with %i',
  async (signal, exit) => {
    const overrides = ['process.roles=broker', 'coordinator.servers=127.0.0.1:1']
    const daemon = Daemon.spawn(temporaryDirectory(), { overrides })
    await until(() => daemon.err.includes('Waiting for a coordinator'), 'its wait')
    daemon.kill(signal)
    expect(await daemon.ended).toBe(exit)
  },
)

test('a broker whose coordinator is gone stops with 0 at SIGTERM, when it has waited for a while', async () => {
  const other = new LocalCluster()
  onTestFinished(() => other.close())
  await other.start(1)
  await other.killCoordinator()
  const { process: child } = other.brokers.get(1)!
  child.kill('SIGTERM')
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the end')
  expect([child.exitCode, child.signalCode]).toEqual([0, null])
  // Its next start need not look through its logs.
  const directory = join(other.options.directory, 'broker-1')
  expect(existsSync(join(directory, '.kafka_cleanshutdown'))).toBe(true)
})
