/** Fetches that wait are bounded by the partitions they look at, and end with their connections. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { ParkedFetches } from '../../src/broker/parked-fetches.ts'
import { Waiting } from '../../src/broker/waiting.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
let client: RawClient

beforeAll(async () => {
  node = await startTestNode()
  client = await RawClient.connect(node.port)
  const topics = [
    { name: 'idle', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] },
  ]
  await client.ask(CreateTopics, 7, { topics, timeoutMs: 5000 })
})
afterAll(async () => {
  client.destroy()
  await node.stop()
})

const parked = () => node.node.broker!.parkedFetches.partitions

function fetchOf(maxWaitMs: number) {
  const partitions = [0, 1, 2].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1000,
  }))
  return {
    replicaId: -1,
    maxWaitMs,
    minBytes: 1,
    maxBytes: 1000,
    isolationLevel: 0,
    topics: [{ topic: 'idle', partitions }],
  }
}

test('a fetch that waits is forgotten when its client has gone', async () => {
  const gone = await RawClient.connect(node.port)
  gone.send(gone.encode(Fetch, 4, fetchOf(2 ** 31 - 1)))
  await expect.poll(parked).toBe(3)
  gone.destroy()
  await expect.poll(parked).toBe(0)
})

test('one that is answered is not counted any more', async () => {
  const { responses } = await client.ask(Fetch, 4, fetchOf(20))
  expect(responses[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0])
  expect(parked()).toBe(0)
})

test('without room a fetch is answered at once', async () => {
  const parkedFetches = new ParkedFetches(2)
  Object.assign(node.node.broker as object, { parkedFetches })
  const { responses } = await client.ask(Fetch, 4, fetchOf(2 ** 31 - 1))
  expect(responses[0]?.partitions).toHaveLength(3)
  expect([parkedFetches.park(2), parkedFetches.park(1)]).toEqual([true, false])
  expect(parkedFetches.limit).toEqual({ used: 2, max: 2, refused: 2 })
  parkedFetches.leave(2)
  expect(parkedFetches.partitions).toBe(0)
})

test('who waits for many partitions looks once when all of them change', () => {
  const { partitions, env, image } = node.node.broker!
  const topic = image.topic('idle')!
  const lists = topic.partitions.map(({ partition }) => partitions.get('idle', partition)!.waiting)
  let looks = 0
  const look = () => ++looks > 9
  const waiter = { tryFinish: look, expire() {} }
  const waiting = new Waiting(env.timers, lists, 60_000, waiter)
  const change = {
    ...{ revision: 0, deletedTopics: [], configs: [], quotasChanged: false, scramChanged: false },
    ...{ brokersChanged: false, featuresChanged: false },
    partitions: topic.partitions.map((before) => ({
      ...{ topic, before, after: { ...before, partitionEpoch: before.partitionEpoch + 1 } },
      serveAfterMs: 0,
    })),
  }
  partitions.apply(change)
  partitions.apply({ ...change, partitions: [], brokersChanged: true })
  waiting.cancel()
  expect([lists.length, looks]).toEqual([3, 2])
})
