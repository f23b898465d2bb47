/** What no client should send, and what becomes of it: a clear end, nothing lost, nobody else disturbed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { batchOf } from './batch-of.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
/** Somebody who does nothing wrong, and must not notice anything. */
let neighbour: RawClient

beforeAll(async () => {
  node = await startTestNode()
  neighbour = await RawClient.connect(node.port)
})
afterAll(async () => {
  neighbour.destroy()
  await node.stop()
})

const metadataOf = (client: RawClient, names: string[]) =>
  client.ask(Metadata, 12, { topics: names.map((name) => ({ name })) })

const neighbourIsServed = async () =>
  expect((await neighbour.ask(ApiVersions, 0, {})).errorCode).toBe(0)

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const hostile: Record<string, Buffer> = {
  'a negative length': int32(-1),
  'the least length': int32(-(2 ** 31)),
  'the largest length': int32(2 ** 31 - 1),
  'a length over the limit': int32(104_857_601),
  'a length of zero': int32(0),
  'a length too short for a header': Buffer.concat([int32(3), Buffer.from([0, 18, 0])]),
  'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'a TLS hello': Buffer.from('16030100c8010000c40303', 'hex'),
  'an SSH banner': Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian\r\n'),
  'an unknown API key': Buffer.concat([int32(10), Buffer.from('03e7000000000001ffff', 'hex')]),
  'a version that is not served': Buffer.concat([
    int32(10),
    Buffer.from('0003006300000001ffff', 'hex'),
  ]),
  'a truncated body': Buffer.concat([int32(12), Buffer.from('0003000400000001ffff7fff', 'hex')]),
}

for (const [name, bytes] of Object.entries(hostile)) {
  test(`${name} ends the connection, and nobody else's`, async () => {
    const client = await RawClient.connect(node.port)
    client.send(bytes)
    await client.untilClosed()
    await neighbourIsServed()
  })
}

test('an ApiVersions of a later release is answered 35 in version 0', async () => {
  const client = await RawClient.connect(node.port)
  client.send(Buffer.concat([int32(12), Buffer.from('0012006300000007ffff00ff', 'hex')]))
  const answer = await client.answer(ApiVersions, 0)
  expect(answer).toMatchObject({
    errorCode: 35,
    apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
  })
  client.destroy()
})

test('ten thousand pipelined requests are answered in their order', async () => {
  const client = await RawClient.connect(node.port)
  const count = 10_000
  const frames = Array.from({ length: count }, () => client.encode(ApiVersions, 0, {}))
  client.send(Buffer.concat(frames))
  const correlationIds: number[] = []
  for (let i = 0; i < count; i++) correlationIds.push((await client.frame())?.readInt32BE() ?? -1)
  expect(correlationIds).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  client.destroy()
})

test('a frame that arrives byte by byte is one request', async () => {
  const client = await RawClient.connect(node.port)
  for (const byte of client.encode(Metadata, 9, { topics: null })) {
    client.send(Buffer.from([byte]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await client.answer(Metadata, 9)).brokers).toHaveLength(1)
  client.destroy()
})

test('illegal topic names are refused by name, and touch no file', async () => {
  const names = ['', '.', '..', '../etc', 'a/b', 'a\0b', 'ü', 'x'.repeat(250)]
  const { topics } = await metadataOf(neighbour, names)
  expect(topics.map(({ errorCode }) => errorCode)).toEqual(names.map(() => 17))
})

test('records that are no batch are refused, and the partition goes on', async () => {
  await metadataOf(neighbour, ['bad'])
  const good = batchOf(['a', 'b'])
  const flipped = Buffer.from(good)
  flipped[good.length - 1]! ^= 1
  const oldMagic = Buffer.from(good)
  oldMagic[16] = 1
  const produce = async (records: Buffer | null) => {
    const { responses } = await neighbour.ask(Produce, 8, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'bad', partitionData: [{ index: 0, records }] }],
    })
    const [{ errorCode, baseOffset } = { errorCode: NaN, baseOffset: NaN }] =
      responses[0]?.partitionResponses ?? []
    return [errorCode, baseOffset]
  }
  expect(await produce(flipped)).toEqual([2, -1])
  expect(await produce(oldMagic)).toEqual([87, -1])
  expect(await produce(null)).toEqual([87, -1])
  expect(await produce(Buffer.alloc(0))).toEqual([87, -1])
  expect(await produce(good.subarray(0, 40))).toEqual([expect.toBeOneOf([2, 87]), -1])
  expect(await produce(batchOf(['a', 'b']))).toEqual([0, 0])
})

test('a client that never reads its answers holds the memory of one, and is told the rest later', async () => {
  await metadataOf(neighbour, ['big'])
  const records = batchOf(['x'.repeat(900_000)])
  for (let i = 0; i < 10; i++)
    await neighbour.ask(Produce, 8, {
      transactionalId: null,
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ name: 'big', partitionData: [{ index: 0, records: Buffer.from(records) }] }],
    })
  const client = await RawClient.connect(node.port)
  client.pause()
  const count = 10
  const request = {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      {
        topic: 'big',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50_000_000 }],
      },
    ],
    forgottenTopicsData: [],
  }
  for (let i = 0; i < count; i++) client.send(client.encode(Fetch, 11, request))
  while ((node.node.broker?.output.bytes ?? 0) === 0) await neighbourIsServed()
  for (let i = 0; i < 100; i++) await neighbourIsServed()
  // One answer is under way, the others are not built before it has been read.
  expect(node.node.broker?.output.bytes).toBeLessThan(10_000_000)
  client.resume()
  for (let i = 0; i < count; i++) expect((await client.frame())?.length).toBeGreaterThan(9_000_000)
  client.destroy()
})

test('a large request behind a fetch that waits is not taken in before its turn', async () => {
  await metadataOf(neighbour, ['waited'])
  const client = await RawClient.connect(node.port)
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }]
  const fetch = {
    maxWaitMs: 60_000,
    minBytes: 1,
    topics: [{ topic: 'waited', partitions }],
    forgottenTopicsData: [],
  }
  const produce = (value: string) => ({
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 'waited', partitionData: [{ index: 0, records: batchOf([value]) }] }],
  })
  client.send(client.encode(Fetch, 11, fetch))
  client.send(client.encode(Produce, 8, produce('x'.repeat(30_000_000))))
  const input = () => node.node.broker?.input.bytes ?? 0
  while (input() < 1_000_000) await neighbourIsServed()
  for (let i = 0; i < 100; i++) await neighbourIsServed()
  expect(input()).toBeLessThan(2_000_000)
  await neighbour.ask(Produce, 8, produce('small'))
  expect((await client.answer(Fetch, 11)).responses[0]?.partitions[0]?.highWatermark).toBe(1)
  // More than the topic takes: told so, which needs all of it.
  const { responses } = await client.answer(Produce, 8)
  expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(10)
  expect(input()).toBe(0)
  client.destroy()
})
