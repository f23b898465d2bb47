/** The client against a real node of ours in the same process. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPartitions, createTopics, deleteTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Consumer } from '../../src/client/consumer.ts'
import { FetchedRecords } from '../../src/client/fetched-records.ts'
import { listOffsets } from '../../src/client/list-offsets.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { type Node, startNode } from '../../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ottla-client-'))
let node: Node
let cluster: Cluster

beforeAll(async () => {
  node = await startNode({ 'log.dirs': directory })
  const { host, port } = node.advertised[0]!
  cluster = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap: [{ host, port }] })
})
afterAll(async () => {
  cluster.close()
  await node.stop()
  rmSync(directory, { recursive: true, force: true })
})

async function readAll(
  topic: string,
  partition: number,
): Promise<[number, string | null, string | null][]> {
  const consumer = new Consumer(cluster)
  await consumer.assign(topic, partition, 0)
  const found: [number, string | null, string | null][] = []
  for (;;) {
    const fetched = await consumer.poll(5_000)
    if (fetched === undefined) throw new Error('nothing came')
    const records = new FetchedRecords(fetched)
    while (records.next()) {
      const { record } = records
      found.push([
        records.offset,
        record.key()?.toString() ?? null,
        record.value()?.toString() ?? null,
      ])
    }
    if (fetched.atEnd) break
  }
  await consumer.close()
  return found
}

for (const compression of [0, 1, 2, 3, 4])
  test(`what is sent with codec ${compression} is read back in order`, async () => {
    const topic = `codec-${compression}`
    await createTopics(cluster, [{ name: topic, partitions: 1 }])
    const producer = new Producer(cluster, { compression })
    const values = Array.from({ length: 50 }, (_, i) => `value ${i}`)
    const sent = await Promise.all(
      values.map((value, i) => producer.send({ topic, key: `k${i}`, value })),
    )
    await producer.close()
    expect(sent.map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
    expect(await readAll(topic, 0)).toEqual(values.map((value, i) => [i, `k${i}`, value]))
  })

for (const compression of [0, 4])
  test(`batches larger than the topic allows are sent in halves (codec ${compression}), one record alone is refused`, async () => {
    const topic = `small-batches-${compression}`
    const configs = new Map([['max.message.bytes', '3000']])
    await createTopics(cluster, [{ name: topic, partitions: 1, configs }])
    const producer = new Producer(cluster, { compression })
    const values = Array.from({ length: 60 }, () => randomBytes(300).toString('base64'))
    const large = { topic, value: randomBytes(4000).toString('base64') }
    const refused = producer.send(large).catch((error: Error) => error.message)
    const sent = await Promise.all(
      values.map((value, i) =>
        producer.send({ topic, key: `k${i}`, value, headers: [{ key: 'h', value: null }] }),
      ),
    )
    await producer.close()
    expect(await refused).toContain('MESSAGE_TOO_LARGE')
    expect(sent.map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
    expect(await readAll(topic, 0)).toEqual(values.map((value, i) => [i, `k${i}`, value]))
  })

test('a stream larger than the buffer arrives whole', async () => {
  const topic = 'stream'
  await createTopics(cluster, [{ name: topic, partitions: 1 }])
  const producer = new Producer(cluster, { bufferBytesMax: 100_000, batchBytesMax: 10_000 })
  const info = await producer.topic(topic)
  const count = 20_000
  for (let i = 0; i < count; i++) {
    while (producer.bufferFull) await producer.room()
    const line = Buffer.from(`line ${i}`)
    producer.append(info, -1, line, -1, 0, 0, line.length, 0)
  }
  await producer.close()
  const found = await readAll(topic, 0)
  expect(found.length).toBe(count)
  expect(found.every(([offset, , value], i) => offset === i && value === `line ${i}`)).toBe(true)
})

test('topics are created, grown and deleted, and every mistake has its own name', async () => {
  const first = await createTopics(cluster, [
    { name: 'life', partitions: 2, configs: new Map([['retention.ms', '60000']]) },
  ])
  const again = await createTopics(cluster, [{ name: 'life', partitions: 1 }])
  const grown = await createPartitions(cluster, [{ name: 'life', count: 3 }])
  const shrunk = await createPartitions(cluster, [{ name: 'life', count: 1 }])
  const [described] = await cluster.refresh(['life'])
  const deleted = await deleteTopics(cluster, ['life', 'never-was'])
  const nameOf = ({ error }: { error?: Error | undefined }) => error?.name ?? 'done'
  expect([first, again, grown, shrunk, deleted].map((results) => results.map(nameOf))).toEqual([
    ['done'],
    ['TOPIC_ALREADY_EXISTS'],
    ['done'],
    ['INVALID_PARTITIONS'],
    ['done', 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])
  expect(described?.partitions.length).toBe(3)
})

test('offsets are found by time', async () => {
  const topic = 'times'
  await createTopics(cluster, [{ name: topic, partitions: 1 }])
  const producer = new Producer(cluster)
  for (const timestampMs of [1_000_000, 2_000_000, 3_000_000])
    await producer.send({ topic, value: 'x', timestampMs })
  await producer.close()
  const ask = (timestampMs: number) => ({ topic, partition: 0, timestampMs })
  const answers = await listOffsets(cluster, [1_500_000, 3_000_001, -1, -2].map(ask))
  expect(answers.map(({ offset }) => offset)).toEqual([1, -1, 3, 0])
})

test('a topic that is not there is an error, not a wait', async () => {
  const quick = new Cluster(cluster.env, { ...cluster.options, operationTimeoutMs: 200 })
  const topic = quick.topic('not-there', { create: false })
  await expect(topic).rejects.toMatchObject({ name: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3 })
  quick.close()
})
