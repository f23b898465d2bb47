/** Batches whose records take long to look at: on a thread, while everybody else is served. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildBatch } from '../../protocol/build-batch.ts'
import { codecs } from '../../protocol/compression.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { sealBatch } from '../../protocol/record-batch.ts'
import { RecordChecks } from '../../src/broker/record-checks.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { batchOf } from './batch-of.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
let client: RawClient

beforeAll(async () => {
  node = await startTestNode({ 'log.message.timestamp.type': 'CreateTime' })
  client = await RawClient.connect(node.port)
  await create('slow', 20)
  await create('repacked', 1, [{ name: 'compression.type', value: 'gzip' }])
  await create('stamped', 1, [{ name: 'message.timestamp.type', value: 'LogAppendTime' }])
})
afterAll(async () => {
  client.destroy()
  await node.stop()
})

async function create(
  name: string,
  numPartitions: number,
  configs: { name: string; value: string }[] = [],
) {
  const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs }]
  const answer = await client.ask(CreateTopics, 7, { topics, timeoutMs: 5000 })
  expect(answer.topics[0]?.errorCode).toBe(0)
}

const timestamp = Date.now()
/** Some kilobytes that unpack to so many bytes. */
const bomb = (bytes: number, more: object = {}) =>
  buildBatch({
    codec: codecs.zstd,
    records: [{ timestamp, value: Buffer.alloc(bytes) }],
    ...more,
  })
const large = 40_000_000

const request = (topic: string, batches: readonly Buffer[]) => ({
  transactionalId: null,
  acks: -1,
  timeoutMs: 10_000,
  topicData: [
    { name: topic, partitionData: batches.map((records, index) => ({ index, records })) },
  ],
})

async function produce(from: RawClient, topic: string, batches: readonly Buffer[]) {
  return resultsOf(await from.ask(Produce, 8, request(topic, batches)))
}

const resultsOf = ({ responses }: Awaited<ReturnType<typeof client.ask<any, any>>>) =>
  responses[0].partitionResponses.map((result: any) => [result.errorCode, result.baseOffset])

test('others are served while twenty bombs are unpacked, and each is stored', async () => {
  const producer = await RawClient.connect(node.port)
  const records = bomb(large)
  expect(records.length).toBeLessThan(10_000)
  const answered = produce(producer, 'slow', Array<Buffer>(20).fill(records))
  // In one go nobody would be served at all meanwhile.
  expect(await servedUntil(answered)).toBeGreaterThan(20)
  expect(await answered).toEqual(Array(20).fill([0, 0]))

  const partitions = Array.from({ length: 20 }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp,
  }))
  const topics = [{ name: 'slow', partitions }]
  const found = producer.ask(ListOffsets, 7, { replicaId: -1, isolationLevel: 0, topics })
  expect(await servedUntil(found)).toBeGreaterThan(5)
  const offsets = (await found).topics[0]?.partitions.map(({ offset }) => offset)
  expect(offsets).toEqual(Array(20).fill(0))
  producer.destroy()
}, 120_000)

/** How often another client gets an answer meanwhile. */
async function servedUntil(answer: Promise<unknown>): Promise<number> {
  let done = false
  void answer.then(() => {
    done = true
  })
  for (let served = 0; ; served++) {
    await client.ask(ApiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
    if (done) return served
  }
}

test('what a client sends behind such a batch comes behind it in the log', async () => {
  const producer = await RawClient.connect(node.port)
  const id = { producerId: 4711, producerEpoch: 0 }
  const batches = [
    bomb(large, { ...id, baseSequence: 0 }),
    buildBatch({ records: [{ timestamp, value: Buffer.from('b') }], ...id, baseSequence: 1 }),
    bomb(large, { ...id, baseSequence: 2 }),
    buildBatch({ records: [{ timestamp, value: Buffer.from('d') }], ...id, baseSequence: 3 }),
  ]
  await create('ordered', 1)
  // All at once: a batch that overtook another would be out of sequence.
  producer.send(
    Buffer.concat(batches.map((batch) => producer.encode(Produce, 8, request('ordered', [batch])))),
  )
  for (const offset of batches.keys())
    expect(resultsOf(await producer.answer(Produce, 8))).toEqual([[0, offset]])
  producer.destroy()
}, 120_000)

test('a refusal from the thread is that of the loop, and others of the request are stored', async () => {
  await create('mixed', 3)
  const miscounted = bomb(large, { lastOffset: 1 })
  miscounted.writeInt32BE(2, 57)
  sealBatch(miscounted, 0, miscounted.length)
  const results = await produce(client, 'mixed', [
    batchOf(['a']),
    miscounted,
    bomb(large, { baseSequence: 0 }),
  ])
  expect(results).toEqual([
    [0, 0],
    [87, -1],
    [0, 0],
  ])
}, 120_000)

test('packing anew and stamping happen on the thread as well', async () => {
  expect(await produce(client, 'repacked', [bomb(large)])).toEqual([[0, 0]])
  const before = Date.now()
  const { responses } = await client.ask(Produce, 8, request('stamped', [bomb(large)]))
  const [answer] = responses[0]?.partitionResponses ?? []
  expect(answer?.errorCode).toBe(0)
  expect(Number(answer?.logAppendTimeMs)).toBeGreaterThanOrEqual(before)
  const latest = { partitionIndex: 0, timestamp: -3 }
  const listed = await client.ask(ListOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 'stamped', partitions: [latest] }],
  })
  expect(listed.topics[0]?.partitions[0]?.timestamp).toBe(answer?.logAppendTimeMs)
}, 120_000)

test('a topic that is deleted meanwhile is not there any more', async () => {
  await create('gone', 2)
  const producer = await RawClient.connect(node.port)
  const answered = produce(producer, 'gone', [bomb(90_000_000), bomb(90_000_000)])
  // Sent after it, so begun after it.
  await client.ask(ApiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
  await client.ask(DeleteTopics, 5, { topicNames: ['gone'], timeoutMs: 5000 })
  expect((await answered).at(-1)).toEqual([3, -1])
  producer.destroy()
}, 120_000)

test('a broker stops while a batch is looked at', async () => {
  const other = await startTestNode()
  const producer = await RawClient.connect(other.port)
  const assignments = [{ partitionIndex: 0, brokerIds: [1] }]
  await producer.ask(CreateTopics, 7, {
    topics: [{ name: 't', numPartitions: -1, replicationFactor: -1, assignments, configs: [] }],
    timeoutMs: 5000,
  })
  void produce(producer, 't', [bomb(90_000_000)]).catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 10))
  await other.stop()
  producer.destroy()
}, 120_000)

test('batches that wait for the thread are bounded: one more is to be tried again', async () => {
  const env = nodeEnv({ level: 'silent' })
  const checks = new RecordChecks(env, 10_000)
  const check = {
    batch: bomb(large),
    config: defaultLogConfig,
    nowMs: timestamp,
    partition: 't-0',
  }
  const first = checks.later(check)
  const second = checks.later({ ...check, batch: Buffer.alloc(10_000) })
  expect(await second).toMatchObject({ errorCode: 7 })
  expect(checks.limit.refused).toBe(1)
  expect(await first).toHaveProperty('bytes', check.batch)
  expect(checks.bytes).toBe(0)
  checks.close()
})
