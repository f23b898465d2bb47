/**
 * Real processes on loopback: leaders are killed and stopped under acks=all load, and nothing that
 * was acknowledged is lost, doubled or moved (D1, R12, R20 of the fault catalogue).
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anomalies } from '../cluster/history.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { readAll, Workload } from '../cluster/workload.ts'

const partitions = 3
const local = new LocalCluster()
/** A new one for each test: connections to brokers that were stopped are of no use. */
let cluster: Cluster

beforeAll(async () => {
  await local.start(3)
}, 60_000)

beforeEach(() => {
  cluster = new Cluster(nodeEnv({ level: 'error' }), { bootstrap: local.bootstrap })
})

afterEach(() => cluster.close())

afterAll(() => local.close(), 30_000)

/** Waits until every partition of the topic has all its replicas in sync. */
async function whole(topic: string): Promise<void> {
  for (let i = 0; i < 120; i++) {
    const [info] = await cluster.refresh([topic])
    if (info?.partitions.length === partitions && info.partitions.every((p) => p.isr.length === 3))
      return
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error('Not all replicas are in sync again')
}

async function loadThrough(topic: string, fault: () => Promise<void>) {
  const configs = new Map([['min.insync.replicas', '2']])
  await createTopics(cluster, [{ name: topic, partitions, replicationFactor: 3, configs }], false)
  await whole(topic)
  const workload = new Workload(local.bootstrap, topic, partitions, 100)
  await new Promise((resolve) => setTimeout(resolve, 500))
  await fault()
  await whole(topic)
  await workload.finish()
  const log = await readAll(local.bootstrap, topic, partitions)
  return {
    errors: workload.errors,
    anomalies: anomalies(workload.sent, log, { idempotent: true }),
  }
}

test('brokers that are killed one after the other lose no acknowledged record', async () => {
  const outcome = await loadThrough('killed', async () => {
    for (const id of [1, 2]) {
      await local.kill(id)
      await new Promise((resolve) => setTimeout(resolve, 500))
      await local.startBroker(id)
      await whole('killed')
    }
  })
  expect(outcome).toEqual({ errors: [], anomalies: [] })
}, 120_000)

test('a rolling restart loses nothing', async () => {
  const outcome = await loadThrough('restarted', async () => {
    for (const id of [1, 2, 3]) {
      await local.stopBroker(id)
      await local.startBroker(id)
      await whole('restarted')
    }
  })
  expect(outcome).toEqual({ errors: [], anomalies: [] })
}, 120_000)

test('a coordinator that is killed and comes back is not noticed by clients', async () => {
  const outcome = await loadThrough('coordinated', async () => {
    local.coordinator?.process.kill('SIGKILL')
    await local.startCoordinator()
    await new Promise((resolve) => setTimeout(resolve, 1000))
  })
  expect(outcome).toEqual({ errors: [], anomalies: [] })
}, 120_000)
