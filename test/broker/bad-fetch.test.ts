/** Fetches with numbers that make no sense: Kafka's answers, and no more memory than is allowed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { batchOf } from './batch-of.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
let client: RawClient
const batch = batchOf(['x'.repeat(1000)])

beforeAll(async () => {
  node = await startTestNode()
  client = await RawClient.connect(node.port)
  await client.ask(Metadata, 12, { topics: [{ name: 'f' }] })
  for (let i = 0; i < 10; i++)
    await client.ask(Produce, 8, {
      transactionalId: null,
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ name: 'f', partitionData: [{ index: 0, records: Buffer.from(batch) }] }],
    })
})
afterAll(async () => {
  client.destroy()
  await node.stop()
})

interface Asked {
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  sessionId?: number
  sessionEpoch?: number
  partition?: number
  fetchOffset?: number
  partitionMaxBytes?: number
  count?: number
}

/** The error of the request, that of the first partition, and how many batches came. */
async function fetch(asked: Asked) {
  const { partition = 0, fetchOffset = 0, partitionMaxBytes = 1e6, count = 1, ...rest } = asked
  const one = { partition, fetchOffset, partitionMaxBytes }
  const answer = await client.ask(Fetch, 11, {
    maxWaitMs: 0,
    minBytes: 1,
    ...rest,
    topics: [{ topic: 'f', partitions: Array(count).fill(one) }],
    forgottenTopicsData: [],
  })
  const [first] = answer.responses[0]?.partitions ?? []
  const batches = (first?.records?.length ?? 0) / batch.length
  return [answer.errorCode, first?.errorCode, batches]
}

test.each<[string, Asked, (number | undefined)[]]>([
  ['a maximum of 0 bytes gives one batch', { maxBytes: 0 }, [0, 0, 1]],
  ['a negative maximum gives one batch', { maxBytes: -1 }, [0, 0, 1]],
  ['a partition maximum of 0 gives one batch', { partitionMaxBytes: 0 }, [0, 0, 1]],
  ['a negative partition maximum gives one batch', { partitionMaxBytes: -7 }, [0, 0, 1]],
  ['the largest maximum gives everything', { maxBytes: 2 ** 31 - 1 }, [0, 0, 10]],
  [
    'more bytes at least than at most are not waited for',
    { minBytes: 2 ** 31 - 1, maxBytes: 3000, maxWaitMs: 2 ** 31 - 1 },
    [0, 0, 2],
  ],
  [
    'a negative minimum waits for nothing',
    { minBytes: -1, fetchOffset: 10, maxWaitMs: 1e6 },
    [0, 0, 0],
  ],
  ['a negative time waits for nothing', { maxWaitMs: -1, fetchOffset: 10 }, [0, 0, 0]],
  ['a negative offset is out of range', { fetchOffset: -5 }, [0, 1, 0]],
  ['an offset behind the end is out of range', { fetchOffset: 11 }, [0, 1, 0]],
  ['the largest offset is out of range', { fetchOffset: Number.MAX_SAFE_INTEGER }, [0, 1, 0]],
  ['a partition that is not there is unknown', { partition: 2 ** 31 - 1 }, [0, 3, 0]],
  ['a negative partition is unknown', { partition: -1 }, [0, 3, 0]],
  ['an unknown session is not found', { sessionId: 77, sessionEpoch: 1 }, [70, undefined, 0]],
])('%s', async (_, asked, expected) => {
  expect(await fetch(asked)).toEqual(expected)
})

test('an epoch of a session is good once', async () => {
  const ask = (sessionId: number, sessionEpoch: number) =>
    client.ask(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      sessionId,
      sessionEpoch,
      topics: sessionId
        ? []
        : [{ topic: 'f', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10 }] }],
      forgottenTopicsData: [],
    })
  const { sessionId } = await ask(0, 0)
  expect(sessionId).toBeGreaterThan(0)
  const errors = []
  for (const epoch of [1, 1, 2, 99, 3]) errors.push((await ask(sessionId, epoch)).errorCode)
  expect(errors).toEqual([0, 71, 0, 71, 0])
})

test('a hundred thousand partitions that are not there are answered, each once', async () => {
  const partitions = Array.from({ length: 100_000 }, (_, i) => ({
    partition: i + 10,
    fetchOffset: 0,
    partitionMaxBytes: 2 ** 31 - 1,
  }))
  const { responses } = await client.ask(Fetch, 11, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topic: 'f', partitions }],
    forgottenTopicsData: [],
  })
  const answered = responses.flatMap(({ partitions }) => partitions)
  expect(answered.length).toBe(100_000)
  expect(new Set(answered.map(({ errorCode }) => errorCode))).toEqual(new Set([3]))
})

test('the same partition a thousand times is read once', async () => {
  expect(await fetch({ count: 1000 })).toEqual([0, 0, 10])
})

test('offsets are listed for no partition and time that makes no sense', async () => {
  const ask = async (partitionIndex: number, timestamp: number) => {
    const { topics } = await client.ask(ListOffsets, 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'f', partitions: [{ partitionIndex, timestamp }] }],
    })
    return topics[0]?.partitions[0]?.errorCode
  }
  expect([await ask(-1, -1), await ask(9, -1), await ask(0, Number.MAX_SAFE_INTEGER)]).toEqual([
    3, 3, 0,
  ])
})

test.each<[string, { currentLeaderEpoch?: number; lastFetchedEpoch?: number }, number]>([
  ['a negative leader epoch is not checked', { currentLeaderEpoch: -2 }, 0],
  ['a leader epoch that is to come is unknown', { currentLeaderEpoch: 9 }, 75],
  // As asked of Kafka 4.3.1: the consumer resets its offset.
  ['a record of an epoch that never was is out of range', { lastFetchedEpoch: 9 }, 1],
])('%s', async (_what, epochs, code) => {
  const one = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000, ...epochs }
  const answer = await client.ask(Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topic: 'f', partitions: [one] }],
    forgottenTopicsData: [],
  })
  expect(answer.responses[0]?.partitions[0]?.errorCode).toBe(code)
})
