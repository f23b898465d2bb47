/** The last replica in sync is gone: without unclean elections the partition waits for it, with them it pays (R15). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alterConfigs } from '../../src/client/admin/configs.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { Faulted, pause, sound, until } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { readAll } from '../cluster/workload.ts'

const cluster = new LocalCluster()

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

/** Leaves the leader alone in sync, has it acknowledge more, kills it, and brings the others back. */
async function loseLeader(topic: string, configs: Readonly<Record<string, string>>) {
  const given = { 'min.insync.replicas': '1', ...configs }
  const faulted = await Faulted.start(cluster, topic, { configs: given })
  const leader = await faulted.leader()
  const followers = [1, 2, 3].filter((id) => id !== leader)
  await Promise.all(followers.map((id) => cluster.kill(id)))
  await until(async () => (await faulted.isr()) === 1, 'an ISR of the leader alone')
  await faulted.acknowledged()
  await faulted.load.stop()
  await cluster.kill(leader)
  await Promise.all(followers.map((id) => cluster.startBroker(id)))
  return { faulted, leader }
}

test('without unclean elections nobody leads until the last replica in sync is back', async () => {
  const { faulted, leader } = await loseLeader('clean', {})
  // Both others serve by now, and are not elected.
  await pause(1000)
  expect(await faulted.leader()).toBe(-1)
  await cluster.startBroker(leader)
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('an unclean election loses what only the dead leader had, and leaves one log', async () => {
  const { faulted, leader } = await loseLeader('unclean', {
    'unclean.leader.election.enable': 'true',
  })
  const successor = await faulted.successorOf(leader)
  expect(successor).not.toBe(leader)
  await cluster.startBroker(leader)
  const { errors, anomalies, replicas, complaints } = await faulted.outcome()
  const kinds = [...new Set(anomalies.map((text) => text.split(':')[0]))]
  expect({ errors, replicas, complaints }).toEqual({ errors: [], replicas: [], complaints: [] })
  // Acknowledged by one replica alone, as min.insync.replicas=1 and the election allow.
  expect(
    kinds.filter(
      (kind) => !['lost-write', 'inconsistent-offsets', 'nonmonotonic-send'].includes(`${kind}`),
    ),
  ).toEqual([])
  expect(kinds).not.toEqual([])
  const log = await readAll(cluster.bootstrap, 'unclean', 1)
  expect(log.map(({ offset }) => offset)).toEqual(log.map((_, i) => i))
  expect(log.length).toBeLessThan(faulted.load.sent.length)
}, 180_000)

test('of several that lack something the one with the longest log is elected, also by a coordinator that begins anew', async () => {
  const topic = 'longest'
  const faulted = await Faulted.start(cluster, topic, { configs: { 'min.insync.replicas': '1' } })
  const leader = await faulted.leader()
  const [shorter, longer] = (await faulted.replicas()).filter((id) => id !== leader)
  // The preferred one of the two stops first, and so has less.
  for (const [id, left] of [
    [shorter!, 2],
    [longer!, 1],
  ] as const) {
    await cluster.kill(id)
    await until(async () => (await faulted.isr()) === left, 'a smaller ISR')
    await faulted.acknowledged()
  }
  await faulted.load.stop()
  await cluster.kill(leader)
  await Promise.all([shorter!, longer!].map((id) => cluster.startBroker(id)))
  const client = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap: cluster.bootstrap })
  const change = {
    name: 'unclean.leader.election.enable',
    operation: 'set',
    value: 'true',
  } as const
  await until(async () => {
    const { error } = await alterConfigs(client, { type: 'topic', name: topic }, [change])
    return error === undefined
  }, 'leave for unclean elections')
  client.close()
  await cluster.restartCoordinator()
  expect(await faulted.successorOf(leader)).toBe(longer)
  await cluster.startBroker(leader)
  const { errors, replicas, complaints } = await faulted.outcome()
  expect({ errors, replicas, complaints }).toEqual({ errors: [], replicas: [], complaints: [] })
}, 180_000)
