/** What an acknowledgement waits for, by `acks`: the table of ARCHITECTURE.md where nothing has to be killed for it. */
import { afterEach, expect, test, vi } from 'vitest'
import { Produce } from '../../protocol/messages/produce.ts'
import { RawClient } from '../broker/raw-client.ts'
import { produceRequest, readAll } from '../faults/requests.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

const timedOut = 7
let cluster: EmbeddedCluster
let client: RawClient
afterEach(async () => {
  client.destroy()
  await cluster.stop()
})

const logAt = (id: number) => cluster.broker(id).broker!.partitions.get('orders', 0)!.log!
const connect = (id: number) => RawClient.connect(cluster.broker(id).advertised[0]!.port)

/** The error code; undefined where no answer is asked for, and another request then tells that it was taken. */
async function produce(value: string, acks: number): Promise<number | undefined> {
  const request = { ...produceRequest('orders', [value], acks), timeoutMs: 100 }
  if (acks === 0) {
    client.send(client.encode(Produce, 8, request))
    return undefined
  }
  const { responses } = await client.ask(Produce, 8, request)
  return responses[0]?.partitionResponses[0]?.errorCode
}

test('acks=all waits for every replica in sync, acks=1 for none, and acks=0 is not answered at all', async () => {
  cluster = await EmbeddedCluster.start(3)
  await cluster.createTopic('orders', [[1, 2, 3]], { 'min.insync.replicas': '2' })
  client = await connect(1)
  // One of those in sync copies nothing more, and nobody knows yet.
  cluster.broker(3).broker!.replication.close()
  const codes = [await produce('none', 0), await produce('one', 1), await produce('all', -1)]
  expect(codes).toEqual([undefined, 0, timedOut])
  await cluster.until('the other one has copied them', () => logAt(2).logEndOffset === 3)
  expect([1, 2, 3].map((id) => logAt(id).highWatermark)).toEqual([0, 0, 0])
})

test('without a lease nothing is acknowledged; what was taken is there when the coordinator is back', async () => {
  cluster = await EmbeddedCluster.start(1, { 'lease.duration.ms': 1000 })
  await cluster.createTopic('orders', [[1]])
  client = await connect(1)
  const { session } = cluster.broker(1).broker!
  const codes: (number | undefined)[] = []
  await cluster.restartCoordinator(async () => {
    await cluster.until('the lease has ended', () => !session.lease.valid())
    for (const acks of [0, 1, -1]) codes.push(await produce(`acks=${acks}`, acks))
  })
  expect(codes).toEqual([undefined, timedOut, timedOut])
  await cluster.until('it holds a lease again', () => session.lease.valid())
  expect(await produce('after', 1)).toBe(0)
  const found = [...(await readAll(client, 'orders')).values()]
  expect(found).toEqual(['acks=0', 'acks=1', 'acks=-1', 'after'])
})

test('a coordinator that is back within the lease is missed by nobody, whatever the acks', async () => {
  cluster = await EmbeddedCluster.start(1, { 'lease.duration.ms': 60_000 })
  await cluster.createTopic('orders', [[1]])
  client = await connect(1)
  const { session } = cluster.broker(1).broker!
  const codes: (number | undefined)[] = []
  await cluster.restartCoordinator(async () => {
    await cluster.until('the session has ended', () => !session.connected)
    for (const acks of [0, 1, -1]) codes.push(await produce(`away, acks=${acks}`, acks))
  })
  await cluster.until('the session stands again', () => session.connected)
  for (const acks of [0, 1, -1]) codes.push(await produce(`back, acks=${acks}`, acks))
  expect(codes).toEqual([undefined, 0, 0, undefined, 0, 0])
  expect((await readAll(client, 'orders')).size).toBe(6)
})
