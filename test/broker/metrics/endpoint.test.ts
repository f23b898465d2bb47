/** `metrics.listener`: what it tells, that the documentation says the same, and what it does with strangers. */
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { Fetch } from '../../../protocol/messages/fetch.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { Produce } from '../../../protocol/messages/produce.ts'
import { durationBoundsMs } from '../../../src/broker/durations.ts'
import { brokerLimits } from '../../../src/broker/metrics/broker-limits.ts'
import {
  coordinatorLimits,
  standbyLimits,
} from '../../../src/broker/metrics/coordinator-families.ts'
import { TopicTraffics } from '../../../src/broker/topic-traffic.ts'
import type { Standby } from '../../../src/coordinator/standby.ts'
import { batchOf } from '../batch-of.ts'
import { RawClient } from '../raw-client.ts'
import { startTestNode, type TestNode } from '../test-node.ts'
import { scrape } from './scrape.ts'

let node: TestNode
let client: RawClient
let port: number

beforeAll(async () => {
  node = await startTestNode({ 'metrics.listener': '127.0.0.1:0' })
  port = node.node.metrics!.port
  client = await RawClient.connect(node.port)
})
afterAll(async () => {
  client.destroy()
  await node.stop()
})

const url = (path = '/metrics') => `http://127.0.0.1:${port}${path}`
/** Rows of the tables in the documentation, as their cells. */
const rows = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.slice(2, -2).split(' | '))

test('the documentation has every metric, with its type and in the same words', async () => {
  const { families } = await scrape(port)
  const told = [...families]
    .filter(([name]) => !/^(nodejs|process)_/.test(name))
    .map(([name, { type, help }]) => [`\`${name}\``, type, help])
  expect(rows.filter(([name]) => /_/.test(name!) && /^`(kafka|ottla)_/.test(name!))).toEqual(told)
})

test('the documentation has every limit, and what happens at it', async () => {
  const { broker, coordinator } = node.node
  const limits = [...brokerLimits(broker!), ...coordinatorLimits(coordinator!)]
  const standby = standbyLimits({} as Standby)
  const told = [...limits, ...standby].map(({ name, bounds, refusal }) => [
    `\`${name}\``,
    bounds,
    refusal,
  ])
  const own = ['`metrics_connections`', 'connections to `metrics.listener`']
  expect(rows.filter(([name]) => !/^`(kafka|ottla)_/.test(name!))).toEqual([
    ...told,
    [...own, 'a connection is closed at once'],
  ])
  const { values } = await scrape(port)
  for (const family of ['used', 'max', 'refused_total'])
    for (const { name } of limits)
      expect(values.get(`ottla_limit_${family}{limit="${name}"}`)).toBeGreaterThanOrEqual(0)
})

test('what clients write and read is counted', async () => {
  const topics = [
    { name: 'counted', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] },
  ]
  await client.ask(CreateTopics, 7, { topics, timeoutMs: 5000 })
  await client.ask(CreateTopics, 7, { topics: [{ ...topics[0]!, name: 'other' }], timeoutMs: 5000 })
  const before = (await scrape(port)).values
  const records = batchOf(['a', 'b', 'c'])
  const partitionData = [
    { index: 0, records },
    { index: 9, records },
  ]
  const request = { transactionalId: null, acks: -1, timeoutMs: 5000 }
  await client.ask(Produce, 8, { ...request, topicData: [{ name: 'counted', partitionData }] })
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }]
  await client.ask(Fetch, 4, {
    replicaId: -1,
    maxWaitMs: 1000,
    minBytes: 1,
    maxBytes: 10_000,
    isolationLevel: 0,
    topics: [{ topic: 'counted', partitions }],
  })
  const after = (await scrape(port)).values
  const grown = (name: string) => after.get(name)! - (before.get(name) ?? 0)
  const topic = 'kafka_server_brokertopicmetrics'
  expect([
    grown(`${topic}_bytesin_total`),
    grown(`${topic}_messagesin_total`),
    grown(`${topic}_bytesout_total`),
    grown(`${topic}_failedproducerequests_total`),
    grown('kafka_network_requestmetrics_requests_total{request="Produce",version="8"}'),
    grown('kafka_network_requestmetrics_requests_total{request="Fetch",version="4"}'),
  ]).toEqual([records.length, 3, records.length, 1, 1, 1])
  expect([
    grown(`${topic}_bytesin_total{topic="counted"}`),
    grown(`${topic}_messagesin_total{topic="counted"}`),
    grown(`${topic}_bytesout_total{topic="counted"}`),
    grown(`${topic}_bytesin_total{topic="other"}`),
    grown(
      'kafka_network_requestmetrics_errors_total{request="Produce",error="UNKNOWN_TOPIC_OR_PARTITION"}',
    ),
    grown('ottla_request_duration_seconds_count{request="Produce"}'),
    grown('ottla_request_duration_seconds_bucket{request="Produce",le="+Inf"}'),
  ]).toEqual([records.length, 3, records.length, 0, 1, 1, 1])
  expect(grown('ottla_network_received_bytes_total')).toBeGreaterThan(2 * records.length)
  expect(grown('ottla_network_sent_bytes_total')).toBeGreaterThan(records.length)
  const now = (name: string) => after.get(name)
  expect([
    now('kafka_server_replicamanager_leadercount'),
    now('kafka_controller_kafkacontroller_globalpartitioncount'),
    now('kafka_controller_kafkacontroller_offlinepartitionscount'),
    now('kafka_server_socket_server_metrics_connection_count'),
    now('ottla_lease_held'),
    now('ottla_leases_lost_total'),
  ]).toEqual([4, 4, 0, 1, 1, 0])
})

test('each partition and each group tells how it is', async () => {
  const offset = { partitionIndex: 0, committedOffset: 1, committedMetadata: null }
  const commit = { groupId: 'readers', generationIdOrMemberEpoch: -1, memberId: '' }
  await client.ask(FindCoordinator, 2, { key: 'readers', keyType: 0 })
  await expect
    .poll(async () => {
      const topics = [{ name: 'counted', partitions: [offset] }]
      const answer = await client.ask(OffsetCommit, 5, { ...commit, topics })
      return answer.topics[0]?.partitions[0]?.errorCode
    })
    .toBe(0)
  const { values } = await scrape(port)
  const told = (name: string, labels: string) => values.get(`${name}{${labels}}`)
  const counted = 'topic="counted",partition="0"'
  const reader = `consumergroup="readers"`
  expect([
    told('kafka_log_log_logstartoffset', counted),
    told('kafka_log_log_logendoffset', counted),
    told('kafka_log_log_size', counted),
    told('kafka_cluster_partition_underreplicated', counted),
    told('kafka_cluster_partition_underminisr', counted),
    told('kafka_log_log_logendoffset', 'topic="counted",partition="1"'),
    told('kafka_consumergroup_members', reader),
    told('ottla_group_state', `${reader},type="classic",state="Empty"`),
    told('kafka_consumergroup_current_offset', `${reader},${counted}`),
    told('kafka_consumergroup_lag', `${reader},${counted}`),
  ]).toEqual([0, 3, batchOf(['a', 'b', 'c']).length, 0, 0, 0, 0, 1, 1, 2])
})

test('a request that waits is counted with its wait, in the bucket that it belongs to', async () => {
  const { durations } = node.node.broker!.traffic
  const partitions = [{ partition: 0, fetchOffset: 3, partitionMaxBytes: 10_000 }]
  const waiting = {
    replicaId: -1,
    maxWaitMs: 300,
    minBytes: 1,
    maxBytes: 10_000,
    isolationLevel: 0,
    topics: [{ topic: 'counted', partitions }],
  }
  const { counts } = durations[Fetch.key]!
  const quick = durationBoundsMs.findIndex((bound) => bound > 200)
  const slow = () => counts.slice(quick).reduce((sum, count) => sum + count)
  const before = slow()
  await client.ask(Fetch, 4, waiting)
  expect(slow()).toBe(before + 1)
  expect(durations[Fetch.key]!.sumMs).toBeGreaterThan(290)
})

test('a topic that is deleted is told no more', async () => {
  const told = async () =>
    [...(await scrape(port)).values.keys()].filter((key) => key.includes('topic="other"')).length
  // Three of the topic, five of each partition.
  expect(await told()).toBe(13)
  await client.ask(DeleteTopics, 5, { topicNames: ['other'], timeoutMs: 5000 })
  await expect.poll(told).toBe(0)
})

test('topics beyond the limit count in the sums alone', () => {
  const topics = new TopicTraffics(2)
  const [a, , c] = ['a', 'b', 'c'].map((topic) => topics.enter(topic))
  c!.bytesIn += 5
  expect([...topics.entries()].map(([topic, { bytesIn }]) => [topic, bytesIn])).toEqual([
    ['a', 0],
    ['b', 0],
  ])
  expect(topics.limit).toEqual({ used: 2, max: 2, refused: 1 })
  topics.leave('a', a!)
  topics.leave('c', c!)
  topics.enter('b')
  expect([...topics.entries()].map(([topic]) => topic)).toEqual(['b'])
})

test('another path, another method and a body are answered and change nothing', async () => {
  const status = async (path: string, method: string, body?: string) =>
    (await fetch(url(path), { method, ...(body && { body }) })).status
  expect(await status('/', 'GET')).toBe(404)
  expect(await status('/metrics/..%2f..%2fetc', 'GET')).toBe(404)
  expect(await status('/metrics', 'POST', 'a=1')).toBe(405)
  expect(await status('/metrics', 'DELETE')).toBe(405)
  expect(await status('/readyz', 'POST', 'a=1')).toBe(405)
  expect(await status('/metrics', 'HEAD')).toBe(200)
  expect(await status('/metrics?name=x', 'GET')).toBe(200)
})

/** All that comes back until the connection ends. */
function exchange(sent: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.write(sent)
  })
}

test('headers without end and bytes that are no HTTP are refused', async () => {
  const huge = `GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`
  expect(await exchange(huge)).toMatch(/^HTTP\/1.1 431 /)
  expect(await exchange('\0\0\0\u0012hello, are you a broker?\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
})

test('peers that say nothing, or no more, hold few connections for seconds, and disturb no client', async () => {
  const silent = Array.from({ length: 16 }, (_, i) => exchange(i % 2 ? '' : 'GET /metrics HTTP'))
  const { metrics } = node.node
  await expect.poll(() => metrics!.limit?.used).toBe(16)
  expect(await exchange('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
  expect(metrics!.limit?.refused).toBe(1)
  const { topics } = await client.ask(CreateTopics, 7, {
    topics: [
      { name: 'beside', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
    ],
    timeoutMs: 5000,
  })
  expect(topics[0]?.errorCode).toBe(0)
  const ends = await Promise.all(silent)
  expect(ends.every((answer) => answer === '' || answer.startsWith('HTTP/1.1 408 '))).toBe(true)
  expect((await fetch(url())).status).toBe(200)
}, 120_000)

test('a port that is taken, or is none, keeps the node from starting, in one sentence', async () => {
  const taken = createServer()
  await new Promise<void>((ready) => taken.listen(0, '127.0.0.1', ready))
  const { port: other } = taken.address() as AddressInfo
  const start = (listener: string) => startTestNode({ 'metrics.listener': listener })
  await expect(start(`127.0.0.1:${other}`)).rejects.toThrow(
    `metrics.listener=127.0.0.1:${other} cannot be used: another process has that port`,
  )
  await expect(start('9404')).rejects.toThrow(
    'Invalid value 9404 for configuration metrics.listener: it is not host:port',
  )
  await expect(start('127.0.0.1:99999')).rejects.toThrow('it is not host:port')
  taken.close()
})

test('without metrics.listener nothing listens', async () => {
  const other = await startTestNode()
  expect(other.node.metrics).toBeUndefined()
  await other.stop()
})
