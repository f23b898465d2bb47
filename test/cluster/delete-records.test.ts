/** DeleteRecords on replicated partitions: who is waited for, and what is answered meanwhile. */
import { afterEach, expect, test, vi } from 'vitest'
import { DeleteRecords } from '../../protocol/messages/delete-records.ts'
import { Producer } from '../../src/client/producer.ts'
import { RawClient } from '../broker/raw-client.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

let cluster: EmbeddedCluster | undefined
afterEach(async () => {
  await cluster?.stop()
  cluster = undefined
})

/** Three brokers, and a topic with ten records on all of them, led by the first. */
async function filled(configs = {}, ofTopic = {}): Promise<EmbeddedCluster> {
  cluster = await EmbeddedCluster.start(3, configs)
  await cluster.createTopic('orders', [[1, 2, 3]], ofTopic)
  await cluster.withClient(async (client) => {
    const producer = new Producer(client, { acks: -1 })
    const sent = Array.from({ length: 10 }, (_, i) =>
      producer.send({ topic: 'orders', partition: 0, value: `${i}` }),
    )
    await Promise.all(sent)
  })
  return cluster
}

const startsOf = (at: EmbeddedCluster) =>
  [...at.brokers.values()].map(
    ({ broker }) => broker?.partitions.get('orders', 0)?.log?.logStartOffset,
  )

async function deleteBefore(at: EmbeddedCluster, offset: number, timeoutMs: number) {
  const client = await RawClient.connect(at.broker(1).advertised[0]!.port)
  const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, offset }] }]
  const answer = await client.ask(DeleteRecords, 2, { topics, timeoutMs })
  client.destroy()
  const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!
  return { errorCode, lowWatermark, starts: startsOf(at) }
}

test('the answer comes when every replica has moved its start', async () => {
  const at = await filled()
  const none = { errorCode: 0 }
  expect(await deleteBefore(at, 4, 30_000)).toEqual({ ...none, lowWatermark: 4, starts: [4, 4, 4] })
  expect(await deleteBefore(at, 2, 30_000)).toEqual({ ...none, lowWatermark: 4, starts: [4, 4, 4] })
  expect(await deleteBefore(at, -1, 30_000)).toEqual({
    ...none,
    lowWatermark: 10,
    starts: [10, 10, 10],
  })
  expect(await deleteBefore(at, 11, 30_000)).toMatchObject({ errorCode: 1, lowWatermark: -1 })
})

test('a replica that lives and copies nothing is waited for, until the time is over', async () => {
  const at = await filled()
  at.broker(3).broker!.replication.close()
  const late = await deleteBefore(at, 4, 600)
  expect([late.errorCode, late.lowWatermark, late.starts[0], late.starts[2]]).toEqual([7, 0, 4, 0])
})

test('a broker that is away is not waited for, nor one that goes meanwhile', async () => {
  const at = await filled()
  await at.stopBroker(3)
  expect(await deleteBefore(at, 4, 30_000)).toEqual({
    errorCode: 0,
    lowWatermark: 4,
    starts: [4, 4],
  })
  at.broker(2).broker!.replication.close()
  const waiting = deleteBefore(at, 6, 600_000)
  await at.stopBroker(2)
  expect(await waiting).toEqual({ errorCode: 0, lowWatermark: 6, starts: [6] })
})

test('a replica that is away and may be elected is waited for: with it the records would come back', async () => {
  const at = await filled({}, { 'min.insync.replicas': '3' })
  await at.stopBroker(3)
  await at.until('the third may be elected', () =>
    at.image.topic('orders')!.partitions[0]!.elr.includes(3),
  )
  expect(await deleteBefore(at, 4, 600)).toEqual({ errorCode: 7, lowWatermark: 0, starts: [4, 4] })
  const waiting = deleteBefore(at, 4, 60_000)
  await at.startBroker(3)
  expect(await waiting).toEqual({ errorCode: 0, lowWatermark: 4, starts: [4, 4, 4] })
})
