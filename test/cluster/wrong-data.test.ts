/** Data and metadata that do not belong together: nothing may be lost, and nobody may lead with old data. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startNode } from '../../src/index.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function startCluster(brokers: number, configs = {}): Promise<EmbeddedCluster> {
  const cluster = await EmbeddedCluster.start(brokers, configs)
  cleanups.push(() => cluster.stop())
  return cluster
}

async function produce(cluster: EmbeddedCluster, topic: string, value: string): Promise<void> {
  await cluster.withClient(async (client) => {
    await new Producer(client, { acks: -1, lingerMs: 0 }).send({ topic, partition: 0, value })
  })
}

const logsIn = (directory: string) =>
  readdirSync(directory).filter((name) => name.startsWith('orders-'))

test('a node whose journal is gone does not start, and its logs stay', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-lost-'))
  cleanups.push(() => rmSync(directory, { recursive: true }))
  const node = await startNode({ 'log.dirs': directory })
  const { host, port } = node.advertised[0]!
  const client = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap: [{ host, port }] })
  await createTopics(client, [{ name: 'orders', partitions: 2 }])
  client.close()
  await node.stop()
  rmSync(join(directory, '__cluster_metadata-0'), { recursive: true })
  await expect(startNode({ 'log.dirs': directory })).rejects.toThrow(
    /^The cluster's metadata is missing: there is no journal in .*, but there are 2 logs/,
  )
  expect([logsIn(directory), existsSync(join(directory, '__cluster_metadata-0'))]).toEqual([
    ['orders-0', 'orders-1'],
    false,
  ])
})

test('a coordinator that lost its metadata gets no brokers, whose logs stay', async () => {
  const configs = { 'cluster.id': `${'A'.repeat(21)}Q` }
  const cluster = await startCluster(1, configs)
  await cluster.createTopic('orders', [[1]])
  await cluster.stopBroker(1)
  await cluster.restartCoordinator(() =>
    rmSync(join(cluster.directory, 'coordinator'), { recursive: true }),
  )
  await expect(cluster.startBroker(1)).rejects.toThrow(
    /Broker 1 was registered in epoch \d+, but this coordinator knows of none above 0/,
  )
  expect(logsIn(join(cluster.directory, 'broker-1'))).toEqual(['orders-0'])
})

test('a running broker ends when its coordinator comes back without its metadata', async () => {
  const configs = { 'cluster.id': `${'A'.repeat(21)}Q` }
  const cluster = await startCluster(1, configs)
  await cluster.startBroker(2)
  await cluster.createTopic('orders', [[2, 1]])
  await cluster.restartCoordinator(() =>
    rmSync(join(cluster.directory, 'coordinator'), { recursive: true }),
  )
  const { session } = cluster.broker(2).broker!
  await cluster.until('the lease has ended', () => !session.lease.valid())
  expect([session.connected, logsIn(join(cluster.directory, 'broker-2'))]).toEqual([
    false,
    ['orders-0'],
  ])
})

test('D15: a second broker with the same id gives up, and the first goes on', async () => {
  const cluster = await startCluster(1)
  const { port } = cluster.coordinator.coordinator!.listening[0]!
  const second = startNode({
    'process.roles': 'broker',
    'node.id': 1,
    'coordinator.servers': `127.0.0.1:${port}`,
    'log.dirs': join(cluster.directory, 'second'),
    'initial.broker.registration.timeout.ms': 500,
  })
  await expect(second).rejects.toThrow('Another incarnation of broker 1 has a session')
  await cluster.createTopic('orders', [[1]])
  expect(cluster.partition('orders').leader).toBe(1)
})

test('D16: a broker of another cluster is refused', async () => {
  const [one, two] = [await startCluster(1), await startCluster(1)]
  await one.createTopic('orders', [[1]])
  await one.stopBroker(1)
  await two.stopBroker(1)
  rmSync(join(two.directory, 'broker-1'), { recursive: true })
  cpSync(join(one.directory, 'broker-1'), join(two.directory, 'broker-1'), { recursive: true })
  await expect(two.startBroker(1)).rejects.toThrow(/belongs to cluster/)
  expect(logsIn(join(two.directory, 'broker-1'))).toEqual(['orders-0'])
})

test('D22: a data directory restored from an old copy never leads before it has caught up', async () => {
  const cluster = await startCluster(2, { 'min.insync.replicas': 2 })
  await cluster.createTopic('orders', [[2, 1]])
  await produce(cluster, 'orders', 'old')
  const data = join(cluster.directory, 'broker-2')
  const copy = join(cluster.directory, 'copy')
  // Registered once more after the copy: the copy is of an earlier incarnation.
  cpSync(data, copy, { recursive: true })
  await cluster.stopBroker(2)
  await cluster.startBroker(2)
  await cluster.settled('orders')
  await produce(cluster, 'orders', 'new')
  await cluster.stopBroker(1)
  await cluster.stopBroker(2)
  rmSync(data, { recursive: true })
  cpSync(copy, data, { recursive: true })
  const before = cluster.partition('orders')
  await cluster.startBroker(2)
  const alone = cluster.partition('orders')
  await cluster.startBroker(1)
  await cluster.settled('orders')
  const after = cluster.partition('orders')
  const ends = [1, 2].map((id) => cluster.broker(id).broker!.partitions.get('orders', 0)!.log!)
  expect({
    eligible: [...before.isr, ...before.elr].sort(),
    alone: [alone.leader, alone.isr, alone.elr],
    leader: after.leader,
    unclean: after.unclean,
    ends: ends.map(({ logEndOffset }) => logEndOffset),
  }).toEqual({ eligible: [1, 2], alone: [-1, [], [1]], leader: 1, unclean: false, ends: [2, 2] })
})

test('D22: a copy of a directory in use, restored before the broker was registered again, does not lead either', async () => {
  const cluster = await startCluster(2, { 'min.insync.replicas': 2 })
  await cluster.createTopic('orders', [[2, 1]])
  await produce(cluster, 'orders', 'old')
  const data = join(cluster.directory, 'broker-2')
  const copy = join(cluster.directory, 'copy')
  cpSync(data, copy, { recursive: true })
  await produce(cluster, 'orders', 'new')
  await cluster.stopBroker(1)
  await cluster.stopBroker(2)
  rmSync(data, { recursive: true })
  cpSync(copy, data, { recursive: true })
  await cluster.startBroker(2)
  const alone = cluster.partition('orders')
  await cluster.startBroker(1)
  await cluster.settled('orders')
  const ends = [1, 2].map((id) => cluster.broker(id).broker!.partitions.get('orders', 0)!.log!)
  expect({
    alone: [alone.leader, alone.isr, alone.elr],
    leader: cluster.partition('orders').leader,
    ends: ends.map(({ logEndOffset }) => logEndOffset),
  }).toEqual({ alone: [-1, [], [1]], leader: 1, ends: [2, 2] })
})

test('a directory that was moved after a clean stop is taken for what it is', async () => {
  const cluster = await startCluster(2, { 'min.insync.replicas': 2 })
  await cluster.createTopic('orders', [[2, 1]])
  await produce(cluster, 'orders', 'new')
  await cluster.stopBroker(1)
  await cluster.stopBroker(2)
  const data = join(cluster.directory, 'broker-2')
  const moved = join(cluster.directory, 'moved')
  cpSync(data, moved, { recursive: true })
  rmSync(data, { recursive: true })
  cpSync(moved, data, { recursive: true })
  await cluster.startBroker(2)
  expect(cluster.partition('orders').leader).toBe(2)
})
