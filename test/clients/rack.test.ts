/** A consumer that names its rack reads from the replica there (KIP-392): kcat, with librdkafka's client.rack. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Producer } from '../../src/client/producer.ts'
import { EmbeddedCluster } from '../cluster/embedded-cluster.ts'

const run = promisify(execFile)
let cluster: EmbeddedCluster

beforeAll(async () => {
  cluster = await EmbeddedCluster.start(
    3,
    { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' },
    { 1: { 'broker.rack': 'a' }, 2: { 'broker.rack': 'b' }, 3: { 'broker.rack': 'b' } },
  )
  await cluster.createTopic('orders', [[1, 2, 3]])
  await cluster.withClient(async (client) => {
    const producer = new Producer(client, { acks: -1, lingerMs: 0 })
    await Promise.all(
      [1, 2, 3].map((n) => producer.send({ topic: 'orders', partition: 0, value: `value ${n}` })),
    )
  })
  const ends = () =>
    [2, 3].map((id) => cluster.broker(id).broker!.partitions.get('orders', 0)!.log!)
  await cluster.until('the followers know what is committed', () =>
    ends().every(({ highWatermark }) => highWatermark === 3),
  )
})
afterAll(() => cluster.stop())

/** What it printed, and the brokers of which librdkafka says that they sent records. */
async function read(rack: string): Promise<{ text: string; from: string[] }> {
  const given = rack === '' ? [] : ['-X', `client.rack=${rack}`]
  const args = ['-C', '-b', cluster.bootstrap, '-t', 'orders', '-o', 'beginning', '-e', '-d', 'all']
  const { stdout, stderr } = await run('kcat', [...args, ...given], {
    timeout: 120_000,
    maxBuffer: 2 ** 26,
  })
  const lines = stderr.matchAll(/\/(\d): Topic orders \[0\] MessageSet size [1-9]/g)
  return { text: stdout, from: [...new Set([...lines].map(([, id]) => id!))] }
}

const all = 'value 1\nvalue 2\nvalue 3\n'

test('kcat reads from the follower in its rack, and from the leader otherwise', async () => {
  const found = { a: await read('a'), b: await read('b'), none: await read(''), c: await read('c') }
  expect(found).toEqual({
    a: { text: all, from: ['1'] },
    b: { text: all, from: [expect.stringMatching(/[23]/)] },
    none: { text: all, from: ['1'] },
    c: { text: all, from: ['1'] },
  })
})
