/** A broker that stops hands over what it leads, and what it has acknowledged with acks=1 too. */
import { afterEach, expect, test, vi } from 'vitest'
import { Produce } from '../../protocol/messages/produce.ts'
import { batchOf } from '../broker/batch-of.ts'
import { RawClient } from '../broker/raw-client.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

let cluster: EmbeddedCluster
afterEach(() => cluster.stop())

async function produce(client: RawClient, value: string): Promise<number> {
  const partitionData = [{ index: 0, records: batchOf([value]) }]
  const topicData = [{ name: 'orders', partitionData }]
  const request = { transactionalId: null, acks: 1, timeoutMs: 60_000, topicData }
  const { responses } = await client.ask(Produce, 8, request)
  return responses[0]!.partitionResponses[0]!.errorCode
}

const endsAt = (ids: readonly number[]) =>
  ids.map((id) => cluster.broker(id).broker?.partitions.get('orders', 0)?.log?.logEndOffset)

test('while it hands over it acknowledges nothing that it has alone', async () => {
  cluster = await EmbeddedCluster.start(3)
  await cluster.createTopic('orders', [[1, 2, 3]])
  const client = await RawClient.connect(cluster.broker(1).advertised[0]!.port)
  expect(await produce(client, 'before')).toBe(0)
  await expect.poll(() => endsAt([1, 2, 3])).toEqual([1, 1, 1])
  // They are in sync as far as anybody knows, and copy nothing more.
  for (const id of [2, 3]) cluster.broker(id).broker!.replication.close()
  const stopping = cluster.stopBroker(1)
  const told = await produce(client, 'meanwhile').catch(() => 'the end of the connection')
  expect([6, 'the end of the connection']).toContain(told)
  await stopping
  expect(endsAt([2, 3])).toEqual([1, 1])
  client.destroy()
})

/** What the broker's replica is sent fails to be appended, until the test lets it. */
function holdCopying(id: number): () => void {
  const log = cluster.broker(id).broker!.partitions.get('orders', 0)!.log!
  const append = log.stageAsFollower.bind(log)
  log.stageAsFollower = () => {
    throw new Error('A test holds it up')
  }
  return () => {
    log.stageAsFollower = append
  }
}

test('what it acknowledged with acks=1 is copied before another leads, and another leads before it has stopped', async () => {
  cluster = await EmbeddedCluster.start(3)
  await cluster.createTopic('orders', [[1, 2, 3]])
  const releases = [2, 3].map(holdCopying)
  const client = await RawClient.connect(cluster.broker(1).advertised[0]!.port)
  expect(await produce(client, 'one')).toBe(0)
  const stopping = cluster.stopBroker(1)
  // It has begun to stop; they try again within half a second.
  await new Promise((resolve) => setImmediate(resolve))
  for (const release of releases) release()
  await stopping
  expect([endsAt([2, 3]), cluster.partition('orders').leader]).toEqual([[1, 1], 2])
  client.destroy()
})

test('a broker that leads nothing that anybody copies stops at once', async () => {
  cluster = await EmbeddedCluster.start(1)
  await cluster.createTopic('orders', [[1]])
  const client = await RawClient.connect(cluster.broker(1).advertised[0]!.port)
  expect(await produce(client, 'alone')).toBe(0)
  await cluster.stopBroker(1)
  client.destroy()
})
