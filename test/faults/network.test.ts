/**
 * Links between real processes that are cut, one way or both, or reset: R3 to R6 of the fault
 * catalogue. Each process has a network namespace of its own, made and removed here; where none can
 * be made, vitest.faults.config.ts leaves this file out and says why.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Faulted, pause, sound, until } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { Network } from '../cluster/network.ts'
import { overlapMs, Probe } from '../cluster/probe.ts'

const names = ['coordinator', 'broker-1', 'broker-2', 'broker-3']
let network: Network
let cluster: LocalCluster

const nameOf = (id: number) => `broker-${id}`
const others = (id: number) => [1, 2, 3].filter((other) => other !== id)
const addressOf = (id: number) => cluster.brokers.get(id)!

/** Probes at every broker while `fault` runs: how long two of them answered at the same time. */
async function whileProbing(faulted: Faulted, fault: () => Promise<number>): Promise<number> {
  const former = await faulted.leader()
  const probes = new Map<number, Probe>()
  for (const id of [1, 2, 3]) probes.set(id, await Probe.start(addressOf(id), faulted.topic))
  const successor = await fault()
  for (const probe of probes.values()) await probe.stop()
  return Math.max(0, overlapMs(probes.get(former)!, probes.get(successor)!))
}

beforeAll(async () => {
  network = new Network(names)
  const configs = ['replica.lag.time.max.ms=2000']
  cluster = new LocalCluster({ configs, place: (name) => network.place(name) })
  await cluster.start(3)
}, 120_000)

afterAll(async () => {
  await cluster.close()
  network.close()
}, 120_000)

test('a leader that is cut off from the coordinator alone stops before the next one begins', async () => {
  const faulted = await Faulted.start(cluster, 'uncoordinated')
  const former = await faulted.leader()
  const overlap = await whileProbing(faulted, async () => {
    network.cut('coordinator', nameOf(former))
    const successor = await faulted.successorOf(former)
    await faulted.acknowledged()
    network.heal('coordinator', nameOf(former))
    return successor
  })
  expect([overlap, await faulted.outcome()]).toEqual([0, sound])
}, 180_000)

test('a leader whose connections with the coordinator are reset stops before the next one begins', async () => {
  const faulted = await Faulted.start(cluster, 'rejected')
  const former = await faulted.leader()
  const overlap = await whileProbing(faulted, async () => {
    network.reset('coordinator', nameOf(former))
    network.cut('coordinator', nameOf(former))
    const successor = await faulted.successorOf(former)
    await faulted.acknowledged()
    network.heal('coordinator', nameOf(former))
    return successor
  })
  expect([overlap, await faulted.outcome()]).toEqual([0, sound])
}, 180_000)

test('a leader that is cut off from its followers acknowledges nothing with two required', async () => {
  const faulted = await Faulted.start(cluster, 'unfollowed')
  const former = await faulted.leader()
  for (const id of others(former)) network.cut(nameOf(former), nameOf(id))
  await until(async () => (await faulted.isr()) === 1, 'an ISR of the leader alone')
  for (const id of others(former)) network.heal(nameOf(former), nameOf(id))
  await faulted.acknowledged()
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

for (const [what, cut] of [
  ['is cut off from all', (one: string, other: string) => network.cut(one, other)],
  ['can only hear', (one: string, other: string) => network.cutOneWay(one, other)],
] as const)
  test(`a leader that ${what} is replaced, and follows when it is healed`, async () => {
    const faulted = await Faulted.start(cluster, what.replaceAll(' ', '-'))
    const former = await faulted.leader()
    const all = ['coordinator', 'test', ...others(former).map(nameOf)]
    for (const other of all) cut(nameOf(former), other)
    await faulted.successorOf(former)
    await faulted.acknowledged()
    for (const other of all) network.heal(nameOf(former), other)
    expect(await faulted.outcome()).toEqual(sound)
  }, 180_000)

test('two brokers that only a third one sees both lose nothing', async () => {
  const faulted = await Faulted.start(cluster, 'bridged', { partitions: 3 })
  network.cut('broker-1', 'broker-3')
  await pause(3000)
  await faulted.acknowledged()
  network.heal('broker-1', 'broker-3')
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('links that flap cause no storm of elections', async () => {
  const faulted = await Faulted.start(cluster, 'flapping')
  const before = await faulted.leaderEpoch()
  for (const periodMs of [50, 100, 200, 400, 800])
    for (let i = 0; i < 3; i++) {
      const leader = await faulted.leader()
      const peers = leader === -1 ? [] : [nameOf((leader % 3) + 1), 'coordinator']
      for (const peer of peers) network.cut(nameOf(leader), peer)
      await pause(periodMs)
      for (const peer of peers) network.heal(nameOf(leader), peer)
      await pause(periodMs)
    }
  await faulted.acknowledged()
  const elections = (await faulted.leaderEpoch()) - before
  // Each of the fifteen cuts may cost the leader its place, and giving it back another one.
  expect(elections).toBeLessThanOrEqual(30)
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)
