/** Whatever brokers do, a client's promises are settled, and its connections are made again. */
import { expect, onTestFinished, test } from 'vitest'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { oneTopic, produced, producerId, ScriptedBroker } from './scripted-broker.ts'

function clusterOf(...brokers: ScriptedBroker[]): Cluster {
  const bootstrap = brokers.map(({ port }) => ({ host: '127.0.0.1', port }))
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap, retryBackoffMs: 10 })
  onTestFinished(() => cluster.close())
  return cluster
}

const settled = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error) => error.name,
  )

test('a connection that began as the bootstrap connection is made again after it broke', async () => {
  const broker = await ScriptedBroker.start(1, () => oneTopic([broker], 1))
  const cluster = clusterOf(broker)
  await cluster.topic('topic')
  const first = await cluster.connection(1)
  first.close()
  const second = await cluster.connection(1)
  expect([first.closed, second.closed]).toEqual([true, false])
})

test('metadata that is asked for over a connection which breaks is asked for again', async () => {
  let asked = 0
  const broker = await ScriptedBroker.start(1, () => {
    asked++
    if (asked === 1) broker.breakAll()
    return asked === 1 ? undefined : oneTopic([broker], 1)
  })
  const cluster = clusterOf(broker)
  await cluster.refresh(['topic'])
  expect([asked, cluster.metadata.topics.has('topic')]).toEqual([2, true])
})

test('a broker that was not known for a moment is connected to once it is', async () => {
  const broker = await ScriptedBroker.start(1, () => oneTopic([broker], 1))
  const cluster = clusterOf(broker)
  const before = await settled(cluster.connection(1))
  await cluster.topic('topic')
  expect([before, (await cluster.connection(1)).nodeId]).toEqual(['TRANSPORT', 1])
})

test('a send whose leader never answers ends at its delivery timeout', async () => {
  const broker = await ScriptedBroker.start(1, (api) => {
    if (api === Metadata) return oneTopic([broker], 1)
    return api === InitProducerId ? producerId : undefined
  })
  const producer = new Producer(clusterOf(broker), { deliveryTimeoutMs: 300, lingerMs: 0 })
  const sent = ['a', 'b', 'c'].map((value) => settled(producer.send({ topic: 'topic', value })))
  expect(await Promise.all(sent)).toEqual(['MSG_TIMED_OUT', 'MSG_TIMED_OUT', 'MSG_TIMED_OUT'])
})

test('a send that never gets a producer id, or a leader, ends at its delivery timeout', async () => {
  const mute = await ScriptedBroker.start(1, (api) =>
    api === Metadata ? oneTopic([mute], 1) : undefined,
  )
  const leaderless = await ScriptedBroker.start(1, (api) =>
    api === Metadata ? oneTopic([leaderless], -1) : producerId,
  )
  const sends = [mute, leaderless].map((broker) => {
    const producer = new Producer(clusterOf(broker), { deliveryTimeoutMs: 300, lingerMs: 0 })
    return settled(producer.send({ topic: 'topic', value: 'a' }))
  })
  expect(await Promise.all(sends)).toEqual(['MSG_TIMED_OUT', 'MSG_TIMED_OUT'])
})

test('what is sent after the producer or the cluster was closed is refused', async () => {
  const broker = await ScriptedBroker.start(1, (api) => {
    if (api === Metadata) return oneTopic([broker], 1)
    return api === InitProducerId ? producerId : produced(0)
  })
  const closed = new Producer(clusterOf(broker), { lingerMs: 0 })
  await closed.send({ topic: 'topic', value: 'a' })
  await closed.close()
  const cluster = clusterOf(broker)
  const orphan = new Producer(cluster, { lingerMs: 0 })
  await orphan.send({ topic: 'topic', value: 'a' })
  cluster.close()
  const late = [closed, orphan].map((producer) =>
    settled(producer.send({ topic: 'topic', value: 'b' })),
  )
  expect(await Promise.all(late)).toEqual(['DESTROY', 'DESTROY'])
})

test('a producer leaves a frozen leader for the one that was elected', async () => {
  const brokers: ScriptedBroker[] = []
  let leader = 1
  const script = (api: unknown) => {
    if (api === Metadata) return oneTopic(brokers, leader, leader)
    if (api === InitProducerId) return producerId
    return api === Produce ? produced(leader) : undefined
  }
  brokers.push(await ScriptedBroker.start(1, script), await ScriptedBroker.start(2, script))
  const producer = new Producer(clusterOf(...brokers), { lingerMs: 0 })
  const before = await producer.send({ topic: 'topic', value: 'a' })
  brokers[0]!.frozen = true
  leader = 2
  const after = await producer.send({ topic: 'topic', value: 'b' })
  expect([before.offset, after.offset]).toEqual([1, 2])
}, 120_000)
