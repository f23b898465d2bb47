/**
 * Real processes on loopback: brokers and the coordinator are killed and stopped under acks=all load,
 * and nothing that was acknowledged is lost, doubled or moved (D1, D2, R12, R13 of the fault catalogue).
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Faulted, pause, sound } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'

const cluster = new LocalCluster()

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

test('D1: leaders that are killed at any moment lose no acknowledged record', async () => {
  const faulted = await Faulted.start(cluster, 'killed', { partitions: 3 })
  for (let round = 0; round < 4; round++) {
    const victim = await faulted.leader(round % 3)
    await pause(Math.random() * 200)
    await cluster.kill(victim)
    await faulted.acknowledged()
    await cluster.startBroker(victim)
    await faulted.whole()
  }
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('brokers that are killed before they are whole again leave the same log everywhere', async () => {
  const faulted = await Faulted.start(cluster, 'generations', {
    configs: { 'min.insync.replicas': '1' },
  })
  // Three generations of leaders, each with something that others may not have.
  for (let round = 0; round < 3; round++) {
    const victim = await faulted.leader()
    await cluster.kill(victim)
    await faulted.successorOf(victim)
    await cluster.startBroker(victim)
  }
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('a rolling restart loses nothing', async () => {
  const faulted = await Faulted.start(cluster, 'restarted', { partitions: 3 })
  for (const id of [1, 2, 3]) {
    await cluster.stopBroker(id)
    await cluster.startBroker(id)
    await faulted.whole()
  }
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('D2: everything that is killed at once comes back with every acknowledged record', async () => {
  const faulted = await Faulted.start(cluster, 'all-killed', { partitions: 3 })
  await Promise.all([cluster.killCoordinator(), ...[1, 2, 3].map((id) => cluster.kill(id))])
  await cluster.startCoordinator()
  await Promise.all([1, 2, 3].map((id) => cluster.startBroker(id)))
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('a coordinator that is killed and comes back costs no record', async () => {
  const faulted = await Faulted.start(cluster, 'coordinated', { partitions: 3 })
  await cluster.restartCoordinator()
  await faulted.acknowledged()
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)
