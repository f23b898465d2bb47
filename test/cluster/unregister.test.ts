/** UnregisterBroker: of a broker that is gone, which may come back, and of one that runs. */
import { afterEach, expect, test, vi } from 'vitest'
import { UnregisterBroker } from '../../protocol/messages/unregister-broker.ts'
import { Producer } from '../../src/client/producer.ts'
import { RawClient } from '../broker/raw-client.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

let cluster: EmbeddedCluster
afterEach(() => cluster.stop())

async function start(): Promise<void> {
  cluster = await EmbeddedCluster.start(3)
  await cluster.createTopic('orders', [[1, 2, 3]])
}

async function unregister(brokerId: number, at = 2): Promise<number> {
  const client = await RawClient.connect(cluster.broker(at).advertised[0]!.port)
  const { errorCode } = await client.ask(UnregisterBroker, 0, { brokerId })
  client.destroy()
  return errorCode
}

const produce = (values: readonly string[]) =>
  cluster.withClient(async (client) => {
    const producer = new Producer(client, { acks: -1 })
    await Promise.all(
      values.map((value) => producer.send({ topic: 'orders', partition: 0, value })),
    )
  })

const ends = () =>
  [...cluster.brokers.values()].map(
    ({ broker }) => broker?.partitions.get('orders', 0)?.log?.logEndOffset,
  )

test('a broker that is stopped is forgotten, its replicas are not, and it may come back', async () => {
  await start()
  await cluster.stopBroker(3)
  const epoch = cluster.image.brokers.get(3)!.brokerEpoch
  expect(await unregister(3)).toBe(0)
  expect([...cluster.image.brokers.keys()]).toEqual([1, 2])
  expect(await unregister(3)).toBe(102)
  await produce(['a', 'b'])
  expect(cluster.partition('orders')).toMatchObject({ replicas: [1, 2, 3], isr: [1, 2] })
  await cluster.startBroker(3)
  await expect.poll(() => cluster.partition('orders').isr).toHaveLength(3)
  expect(cluster.image.brokers.get(3)!.brokerEpoch).toBeGreaterThan(epoch)
  expect(ends()).toEqual([2, 2, 2])
})

test('a broker that runs is replaced at once, and registers anew as a follower', async () => {
  await start()
  await produce(['a'])
  const epoch = cluster.image.brokers.get(1)!.brokerEpoch
  expect(await unregister(1)).toBe(0)
  expect(cluster.partition('orders').leader).not.toBe(1)
  await produce(['b', 'c'])
  await expect.poll(() => cluster.partition('orders').isr, { timeout: 20_000 }).toHaveLength(3)
  expect(cluster.image.brokers.get(1)!.brokerEpoch).toBeGreaterThan(epoch)
  await expect.poll(ends).toEqual([3, 3, 3])
})
