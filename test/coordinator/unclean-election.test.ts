/** Unclean elections ask for the ends of logs first (LEASES §4.7), whatever happens meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { CoordinatorClient } from '../../src/broker/session/coordinator-client.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anyConfigs } from '../core/cluster/any-configs.ts'

vi.setConfig({ testTimeout: 60_000 })

const env = nodeEnv({ level: 'silent' })
let directory: string
let coordinator: Coordinator
let port: number
const brokers = new Map<number, CoordinatorClient>()
/** By broker id: where its log ends; without an entry it cannot use its log. */
const ends = new Map<number, number>()

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ottla-unclean-'))
  port = 0
  await startCoordinator()
})
afterEach(async () => {
  for (const broker of brokers.values()) broker.close()
  brokers.clear()
  ends.clear()
  await coordinator.close()
  rmSync(directory, { recursive: true })
})

async function startCoordinator(): Promise<void> {
  coordinator = await Coordinator.start(env, {
    store: new Journal(env, directory),
    rules: anyConfigs,
    staticConfigs: { 'min.insync.replicas': '1' },
    leaseMs: 5000,
  })
  ;({ port } = await coordinator.listen({ host: '127.0.0.1', port }))
}

async function startBroker(brokerId: number): Promise<CoordinatorClient> {
  const broker = await CoordinatorClient.start(env, {
    dial: (handler) => env.net.connect({ host: '127.0.0.1', port }, handler),
    brokerId,
    clusterId: '',
    rack: null,
    // Nobody listens there: a broker that is closed is known to have ended.
    listeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 1, securityProtocol: 0 }],
    features: [],
    logDirs: [],
    logEnds: (asked) => {
      const endOffset = ends.get(brokerId)
      return endOffset === undefined ? [] : asked.map((a) => ({ ...a, leaderEpoch: 0, endOffset }))
    },
    cleanShutdown: true,
    bootId: 'A'.repeat(22),
    previousBrokerEpoch: -1,
    durable: false,
    defaultPartitions: 1,
    defaultReplicationFactor: 1,
  })
  brokers.set(brokerId, broker)
  await broker.ready()
  return broker
}

const partition = () => coordinator.image.topic('orders')!.partitions[0]!
const leads = (id: number) => expect.poll(() => partition().leader, { timeout: 50_000 }).toBe(id)

/** Broker 1 alone was in sync, and is gone; 2 and 3 are there. */
async function loseLeader(): Promise<void> {
  const leader = await startBroker(1)
  await startBroker(2)
  await startBroker(3)
  const configs = [{ name: 'unclean.leader.election.enable', value: 'true' }]
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2, 3] }]
  const topic = { name: 'orders', numPartitions: -1, replicationFactor: -1, assignments, configs }
  await leader.requests.submit(CreateTopics, { topics: [topic] })
  const { topicId, leaderEpoch, partitionEpoch } = partition()
  const newIsr = [{ brokerId: 1, brokerEpoch: leader.brokerEpoch }]
  await leader.requests.alterIsr([{ topicId, partition: 0, leaderEpoch, partitionEpoch, newIsr }])
  leader.close()
  await leads(-1)
}

test('a coordinator that begins anew asks for what the last one did not get to know', async () => {
  await loseLeader()
  await coordinator.close()
  ends.set(2, 5).set(3, 9)
  await startCoordinator()
  await leads(3)
  expect([partition().unclean, partition().isr]).toEqual([true, [3]])
})

test('a replica that cannot use its log is not elected', async () => {
  await loseLeader()
  await coordinator.close()
  ends.set(3, 0)
  await startCoordinator()
  await leads(3)
})

test('of two that are asked, the one that goes meanwhile is not waited for', async () => {
  await loseLeader()
  await coordinator.close()
  brokers.get(3)!.close()
  ends.set(2, 5).set(3, 9)
  await startCoordinator()
  await leads(2)
})
