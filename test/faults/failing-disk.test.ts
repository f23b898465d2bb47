/**
 * A disk whose syncs fail (EIO, by strace): what they were for is never acknowledged (D17). Where there is
 * no strace, vitest.faults.config.ts leaves this file out and says why.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Faulted, sound } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { failSyncs } from '../cluster/strace.ts'

const cluster = new LocalCluster()

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

test('a leader whose disk does not sync acknowledges nothing more and is replaced', async () => {
  const faulted = await Faulted.start(cluster, 'unsynced', { configs: { 'flush.messages': '1' } })
  const victim = await faulted.leader()
  const server = cluster.brokers.get(victim)!
  const tracer = await failSyncs(server.process.pid!)
  try {
    await faulted.successorOf(victim)
    await faulted.acknowledged()
  } finally {
    tracer.kill('SIGKILL')
  }
  const [failure] = / ERROR .*EIO.*/.exec(server.output.join('')) ?? []
  expect(failure).toBeDefined()
  // With a new start it reads what is really there.
  await cluster.kill(victim)
  await cluster.startBroker(victim)
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)
