/**
 * What three brokers answer that only one of them may answer with yes: raw requests (one-leader-steps.ts) to each
 * broker of Ottla and of a real Kafka in turn, with all three there, and after the leader was stopped.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { KafkaCluster } from '../../bench/kafka-cluster.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import type { FaultyCluster } from '../../src/cli/bench/failover/local-cluster.ts'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { batchOf } from '../broker/batch-of.ts'
import { RawClient } from '../broker/raw-client.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { ofCoordinators, ofLeaders, type Step } from './one-leader-steps.ts'
import { until } from './process.ts'

vi.setConfig({ testTimeout: 120_000 })

const configs = [
  'offsets.topic.replication.factor=3',
  'offsets.topic.num.partitions=1',
  'group.initial.rebalance.delay.ms=0',
  'auto.leader.rebalance.enable=false',
]
const directory = mkdtempSync(join(tmpdir(), 'ottla-one-leader-'))
let clusters: FaultyCluster[] = []

beforeAll(async () => {
  clusters = [
    new LocalCluster({ configs }),
    new KafkaCluster({ directory, port: await freePort(30), configs, heap: '384m' }),
  ]
  const started = await Promise.allSettled(clusters.map((cluster) => cluster.start(3)))
  for (const one of started) if (one.status === 'rejected') throw one.reason
  for (const cluster of clusters) await createTopic(cluster)
}, 180_000)
afterAll(async () => {
  for (const cluster of clusters) await cluster.close()
  rmSync(directory, { recursive: true, force: true })
})

async function at<T>(cluster: FaultyCluster, id: number, run: (client: RawClient) => Promise<T>) {
  const client = await RawClient.connect(cluster.bootstrap[id - 1]!.port)
  try {
    return await run(client)
  } finally {
    client.destroy()
  }
}

const partitionAt = (cluster: FaultyCluster, id: number) =>
  at(cluster, id, async (client) => {
    const request = { topics: [{ name: 't' }], allowAutoTopicCreation: false }
    const { topics } = await client.ask(Metadata, 12, request as never)
    return { topicId: topics[0]?.topicId ?? '', ...topics[0]?.partitions[0] }
  })

const untilLed = (by: number, cluster: FaultyCluster, ids: readonly number[], inSync: number) =>
  until(
    () => `Broker ${by} leads`,
    async () => {
      const seen = await Promise.all(ids.map((id) => partitionAt(cluster, id)))
      return seen.every(({ leaderId, isrNodes }) => leaderId === by && isrNodes?.length === inSync)
    },
    60_000,
  )

async function createTopic(cluster: FaultyCluster): Promise<void> {
  const topic = {
    name: 't',
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [1, 2, 3] }],
    configs: [],
  }
  await at(cluster, 1, (client) =>
    client.ask(CreateTopics, 7, { topics: [topic], timeoutMs: 20_000 }),
  )
  await untilLed(1, cluster, [1, 2, 3], 3)
}

const aside = new Set([
  ...['throttleTimeMs', 'topicId', 'leaderEpoch', 'epoch', 'timestamp', 'lastTimestamp', 'port'],
  'logAppendTimeMs',
  // Ours say of a group what is wrong.
  'errorMessage',
])

/** Records by their number of bytes, epochs and times not at all: they differ from run to run. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.length
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (aside.has(key) ? [] : [[key, plain(inner)]])),
  )
}

const highWatermarkOf = (answer: any): unknown =>
  answer.responses?.[0]?.partitions?.[0]?.highWatermark

/** The leader is the first of them. Followers learn a moment later what is committed. */
async function answers(cluster: FaultyCluster, steps: readonly Step[], ids: readonly number[]) {
  const told: { name: string; id: number; answer: unknown }[] = []
  for (const { name, api, version, request, asksFollowers } of steps) {
    let committed: unknown
    for (const id of asksFollowers ? ids : ids.slice(0, 1)) {
      const { leaderEpoch = -1, topicId } = await partitionAt(cluster, id)
      const asked = request(leaderEpoch, topicId)
      const ask = () => at(cluster, id, (client) => client.ask(api, version, asked as never))
      let answer = await ask()
      if (id === ids[0]) committed = highWatermarkOf(answer)
      else
        await until(
          () => `${name}: broker ${id} knows ${committed}`,
          async () => {
            const known = highWatermarkOf(answer)
            if (known === committed || known === -1) return true
            answer = await ask()
            return false
          },
          20_000,
        )
      told.push({ name, id, answer: plain(answer) })
    }
  }
  return told
}

async function compared(steps: readonly Step[], ids: readonly number[]) {
  const [ours, theirs] = await Promise.all(clusters.map((each) => answers(each, steps, ids)))
  expect(ours).toEqual(theirs)
}

test('the leader, and two that follow', () => compared(ofLeaders, [1, 2, 3]))

test('acks=0 to a follower ends the connection, to the leader it does not', async () => {
  const ended = async (cluster: FaultyCluster, id: number) =>
    at(cluster, id, async (client) => {
      const partitionData = [{ index: 0, records: batchOf(['x']) }]
      const topicData = [{ name: 't', partitionData }]
      const request = { transactionalId: null, acks: 0, timeoutMs: 1000, topicData }
      client.send(client.encode(Produce, 9, request))
      try {
        await client.ask(Metadata, 12, { topics: [], allowAutoTopicCreation: false } as never)
        return false
      } catch {
        return true
      }
    })
  for (const cluster of clusters)
    expect([await ended(cluster, 1), await ended(cluster, 2)]).toEqual([false, true])
})

test('brokers that do not coordinate the group', async () => {
  const told = await Promise.all(
    clusters.map(async (cluster) => {
      let nodeId = -1
      await until(
        () => 'The group has a coordinator',
        async () => {
          const asked = { key: 'g', keyType: 0 }
          const found = await at(cluster, 1, (client) => client.ask(FindCoordinator, 3, asked))
          nodeId = found.nodeId
          return found.errorCode === 0
        },
        60_000,
      )
      const others = await answers(cluster, ofCoordinators, [(nodeId % 3) + 1])
      return others.map((each: any) => ({ ...each, id: undefined }))
    }),
  )
  expect(told[0]).toEqual(told[1])
})

test('the next leader, and one that follows it, when the first is stopped', async () => {
  await Promise.all(clusters.map((cluster) => cluster.stopBroker(1)))
  for (const cluster of clusters) await untilLed(2, cluster, [2, 3], 2)
  await compared(ofLeaders, [2, 3])
})
