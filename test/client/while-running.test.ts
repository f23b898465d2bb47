/** Administration under clients that are at work: topics vanish, configurations change. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alterConfigs, describeConfigs, type ResourceType } from '../../src/client/admin/configs.ts'
import { createTopics, deleteTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Consumer } from '../../src/client/consumer.ts'
import { FetchedRecords } from '../../src/client/fetched-records.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'

let broker: TestNode
const clusters: Cluster[] = []
const newCluster = (operationTimeoutMs = 10_000) => {
  const bootstrap = [{ host: '127.0.0.1', port: broker.port }]
  const options = { bootstrap, operationTimeoutMs, allowAutoTopicCreation: false }
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), options)
  clusters.push(cluster)
  return cluster
}
beforeAll(async () => {
  broker = await startTestNode({ 'auto.create.topics.enable': 'false' })
})
afterAll(async () => {
  for (const cluster of clusters) cluster.close()
  await broker.stop()
})

async function set(type: ResourceType, name: string, configs: Record<string, string | null>) {
  const changes = Object.entries(configs).map(([name, value]) => ({
    name,
    value,
    operation: value === null ? ('delete' as const) : ('set' as const),
  }))
  const { error } = await alterConfigs(newCluster(), { type, name }, changes)
  if (error) throw error
}

async function valuesFrom(cluster: Cluster, topic: string, count: number): Promise<string[]> {
  const consumer = new Consumer(cluster)
  await consumer.assign(topic, 0, 0)
  const values: string[] = []
  while (values.length < count) {
    const fetched = await consumer.poll(1_000)
    if (fetched === undefined) continue
    const records = new FetchedRecords(fetched)
    while (records.next()) values.push(records.record.value()?.toString() ?? '')
  }
  await consumer.close()
  return values
}

test('a topic is deleted under a producer and a waiting reader, and made anew under its name', async () => {
  const admin = newCluster()
  await createTopics(admin, [{ name: 'gone', partitions: 1 }])
  const producer = new Producer(newCluster())
  const hasty = new Producer(newCluster(1_000), { deliveryTimeoutMs: 1_500 })
  await hasty.topic('gone')
  await producer.send({ topic: 'gone', value: 'old' })
  const reader = new Consumer(newCluster(), { offsetReset: 'earliest' })
  await reader.assign('gone', 0, 0)
  const first = await reader.poll(10_000)
  const waiting = reader.poll(300)
  await deleteTopics(admin, ['gone'])
  const lost = await hasty.send({ topic: 'gone', value: 'lost' }).catch((error: Error) => error)
  await waiting
  expect([first?.nextOffset, lost]).toEqual([1, expect.any(Error)])
  await createTopics(admin, [{ name: 'gone', partitions: 1 }])
  await producer.send({ topic: 'gone', value: 'new' })
  expect(await valuesFrom(newCluster(), 'gone', 1)).toEqual(['new'])
  await reader.close()
  await hasty.close()
  await producer.close()
})

test('a smaller max.message.bytes holds for the next batch, of the topic and of the whole cluster', async () => {
  await createTopics(newCluster(), [{ name: 'limited', partitions: 1 }])
  const producer = new Producer(newCluster())
  const send = () =>
    producer.send({ topic: 'limited', value: 'x'.repeat(2_000) }).then(
      () => 'taken',
      (error: Error) => error.name,
    )
  const outcomes = [await send()]
  await set('topic', 'limited', { 'max.message.bytes': '1000' })
  outcomes.push(await send())
  await set('topic', 'limited', { 'max.message.bytes': null })
  outcomes.push(await send())
  await set('broker', '', { 'message.max.bytes': '1000' })
  outcomes.push(await send())
  const described = await describeConfigs(newCluster(), { type: 'topic', name: 'limited' })
  const entry = described.find(({ name }) => name === 'max.message.bytes')
  await set('broker', '', { 'message.max.bytes': null })
  outcomes.push(await send())
  await producer.close()
  expect(outcomes).toEqual(['taken', 'MESSAGE_TOO_LARGE', 'taken', 'MESSAGE_TOO_LARGE', 'taken'])
  expect([entry?.value, entry?.source]).toEqual(['1000', 'DYNAMIC_DEFAULT_BROKER_CONFIG'])
})

test('what a topic writes as its time follows its configuration', async () => {
  await createTopics(newCluster(), [{ name: 'stamped', partitions: 1 }])
  const producer = new Producer(newCluster())
  const send = async () => {
    const { timestampMs } = await producer.send({
      topic: 'stamped',
      value: 'x',
      timestampMs: 5_000,
    })
    return timestampMs
  }
  const before = await send()
  await set('topic', 'stamped', { 'message.timestamp.type': 'LogAppendTime' })
  const after = await send()
  await producer.close()
  expect([before, after > 1_000_000_000_000]).toEqual([5_000, true])
})
