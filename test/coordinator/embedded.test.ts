import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { CoordinatorClient } from '../../src/broker/session/coordinator-client.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anyConfigs } from '../core/cluster/any-configs.ts'

const env = nodeEnv({ level: 'error' })
const directories: string[] = []
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-coordinator-'))
  directories.push(directory)
  return directory
}

function startCoordinator(directory: string): Promise<Coordinator> {
  return Coordinator.start(env, {
    store: new Journal(env, directory),
    rules: anyConfigs,
    staticConfigs: { 'min.insync.replicas': '1' },
  })
}

function startBroker(coordinator: Coordinator, brokerId = 1, clusterId = '') {
  return CoordinatorClient.start(env, {
    dial: coordinator.dial,
    brokerId,
    clusterId,
    rack: null,
    listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 9999, securityProtocol: 0 }],
    features: [],
    logDirs: [],
    cleanShutdown: true,
    bootId: 'A'.repeat(22),
    previousBrokerEpoch: -1,
    durable: false,
    defaultPartitions: 2,
    defaultReplicationFactor: 1,
  })
}

const topic = {
  name: 'orders',
  numPartitions: -1,
  replicationFactor: -1,
  assignments: [],
  configs: [],
}

test('an embedded broker registers, creates a topic and leads it with a lease', async () => {
  const coordinator = await startCoordinator(newDirectory())
  const broker = await startBroker(coordinator)
  const fencedFirst = [...broker.image.brokers.values()].map(({ fenced }) => fenced)
  await broker.ready()
  const created = await broker.requests.submit(CreateTopics, { topics: [topic] })
  const partitions = broker.image.topic('orders')?.partitions
  expect({
    fencedFirst,
    error: created.topics[0]?.errorMessage,
    leads: partitions?.map((partition) => broker.leads(partition)),
    lease: broker.lease.valid(),
  }).toEqual({ fencedFirst: [true], error: null, leads: [true, true], lease: true })
  broker.close()
  await coordinator.close()
})

test('metadata survives a restart, and a new incarnation leads in a new epoch', async () => {
  const directory = newDirectory()
  let coordinator = await startCoordinator(directory)
  let broker = await startBroker(coordinator)
  await broker.ready()
  await broker.requests.submit(CreateTopics, { topics: [topic] })
  const first = broker.image.topic('orders')?.partitions[0]
  broker.close()
  await coordinator.close()

  coordinator = await startCoordinator(directory)
  broker = await startBroker(coordinator, 1, coordinator.clusterId)
  const fenced = broker.image.topic('orders')?.partitions[0]
  await broker.ready()
  const again = broker.image.topic('orders')?.partitions[0]
  expect([first, fenced, again].map((p) => [p?.leader, p?.leaderEpoch, p?.isr, p?.elr])).toEqual([
    [1, 0, [1], []],
    [-1, 1, [], [1]],
    [1, 2, [1], []],
  ])
  broker.close()
  await coordinator.close()
})

test('a controlled shutdown ends with nothing led', async () => {
  const coordinator = await startCoordinator(newDirectory())
  const broker = await startBroker(coordinator)
  await broker.ready()
  await broker.requests.submit(CreateTopics, { topics: [topic] })
  await broker.drain()
  expect(coordinator.image.topic('orders')?.partitions.map(({ leader }) => leader)).toEqual([
    -1, -1,
  ])
  broker.close()
  await coordinator.close()
})

test('a broker of another cluster is refused', async () => {
  const coordinator = await startCoordinator(newDirectory())
  await expect(startBroker(coordinator, 1, 'another')).rejects.toMatchObject({ errorCode: 104 })
  await coordinator.close()
})

test('a second coordinator on the same directory is refused, with the process that has it', async () => {
  const directory = newDirectory()
  const coordinator = await startCoordinator(directory)
  await expect(startCoordinator(directory)).rejects.toThrow(
    `Data directory ${directory} is in use by another process (pid ${process.pid})`,
  )
  await coordinator.close()
})
