/** Every limit that is met moves its counter: one scenario for each, over the wire where it can be cheap. */
import { expect, test } from 'vitest'
import { FrameMemory } from '../../../protocol/frame.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { Fetch } from '../../../protocol/messages/fetch.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { Metadata } from '../../../protocol/messages/metadata.ts'
import { Produce } from '../../../protocol/messages/produce.ts'
import { elementsMaxOfPartitions, elementsMaxUsual } from '../../../src/broker/handler.ts'
import { brokerLimits } from '../../../src/broker/metrics/broker-limits.ts'
import { CoordinatorRequests } from '../../../src/broker/session/coordinator-requests.ts'
import { Told } from '../../../src/broker/told.ts'
import { Timeline } from '../../../src/coordinator/timeline.ts'
import { ClusterImage } from '../../../src/core/cluster/image.ts'
import { nodeEnv } from '../../../src/env/node.ts'
import { BufferPool } from '../../../src/log/buffer-pool.ts'
import { CachedFile, FileCache } from '../../../src/log/file-cache.ts'
import { type Droppable, IndexBudget } from '../../../src/log/index-budget.ts'
import { temporaryDirectory } from '../../log/temporary-disk.ts'
import { isServed, ServerAlone, smallest } from '../server-alone.ts'
import { fetchOf, limitedNode, produceOf, topicOf } from './limited-node.ts'

const named = (count: number) => Array.from({ length: count }, (_, i) => `none-${i}`)
/** The listeners alone, in a time that the test moves. */
async function server(configuration: Record<string, string>) {
  const alone = await ServerAlone.start(configuration)
  const limits = brokerLimits(alone.broker)
  return { alone, limit: (name: string) => limits.find((each) => each.name === name)!.read()! }
}

test('connections, in all and of one address, and the log says so once', async () => {
  const all = await server({ 'max.connections': '1' })
  const first = await all.alone.connect()
  expect(await isServed(first)).toBe(true)
  for (let i = 0; i < 3; i++) await all.alone.connect().then((late) => late.untilClosed())
  expect(all.limit('connections')).toEqual({ used: 1, max: 1, refused: 3 })
  expect(all.alone.lines.filter((line) => line.includes('there are too many'))).toHaveLength(1)
  const address = await server({ 'max.connections.per.ip': '1' })
  expect(await isServed(await address.alone.connect())).toBe(true)
  for (let i = 0; i < 2; i++) await address.alone.connect().then((late) => late.untilClosed())
  expect(address.limit('connections_per_address')).toEqual({ used: 1, max: 1, refused: 2 })
  const complaints = address.alone.lines.filter((line) => line.includes('its address has too many'))
  expect(complaints).toHaveLength(1)
})

test('the bytes and the elements of a request', async () => {
  const { client, connect, limit } = await limitedNode({ 'socket.request.max.bytes': 2_000_000 })
  const huge = await connect()
  huge.send(Buffer.from('7fffffff', 'hex'))
  await huge.untilClosed()
  const many = await connect()
  const topicNames = named(elementsMaxUsual + 1)
  many.send(many.encode(DeleteTopics, 5, { topicNames, timeoutMs: 5000 }))
  await many.untilClosed()
  const more = await connect()
  const topics = named(elementsMaxOfPartitions + 1).map((name) => ({ name }))
  more.send(more.encode(Metadata, 4, { topics, allowAutoTopicCreation: false }))
  await more.untilClosed()
  await client.ask(DeleteTopics, 5, { topicNames: named(7), timeoutMs: 5000 })
  expect(limit('request_bytes').refused).toBe(1)
  expect(limit('request_bytes').used).toBeGreaterThan(1_000_000)
  expect(limit('request_elements')).toEqual({ used: 7, max: elementsMaxUsual, refused: 1 })
  expect(limit('request_elements_of_partitions').refused).toBe(1)
})

test('requests that have not come whole', async () => {
  const bytes = '100000'
  const { alone, limit } = await server({
    'queued.max.request.bytes': bytes,
    'socket.request.max.bytes': bytes,
  })
  const begun = await Promise.all([1, 2].map(() => alone.connect()))
  for (const client of begun)
    client.send(Buffer.concat([Buffer.from('000186a0', 'hex'), Buffer.alloc(60_000)]))
  await Promise.any(begun.map((client) => client.untilClosed()))
  expect(limit('unfinished_request_bytes').refused).toBe(1)
  expect(alone.broker.server.closed.crowded).toBe(1)
})

test('connections that the broker ends are counted by why', async () => {
  const { alone } = await server({ 'connections.max.idle.ms': '60000' })
  const [idle, slow, wrong] = await Promise.all([1, 2, 3].map(() => alone.connect()))
  wrong!.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  await wrong!.untilClosed()
  slow!.send(smallest(slow!).subarray(0, 6))
  while (alone.broker.server.unfinishedFrames === 0) await new Promise(setImmediate)
  alone.pass(12_000)
  await slow!.untilClosed()
  alone.pass(60_000)
  await idle!.untilClosed()
  expect(alone.broker.server.closed).toMatchObject({ invalid: 1, incomplete: 1, idle: 1 })
})

test('answers that nobody reads', async () => {
  const { broker, client, limit } = await limitedNode()
  await client.ask(CreateTopics, 7, topicOf('t'))
  await client.ask(Produce, 8, produceOf('t', ['a']))
  const unread = [{ length: limit('unread_answer_bytes').max * 3 }] as unknown as Buffer[]
  broker.output.add(unread)
  const { responses } = await client.ask(Fetch, 4, fetchOf('t', 0))
  expect(responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)).toHaveLength(0)
  expect(limit('unread_answer_bytes').refused).toBeGreaterThan(0)
  broker.output.remove(unread)
})

test('what one connection may have waiting', async () => {
  const { client, connect, limit } = await limitedNode()
  await client.ask(CreateTopics, 7, topicOf('t'))
  const pipelining = await connect()
  const parked = pipelining.encode(Fetch, 4, fetchOf('t', 60_000))
  const behind = Array.from({ length: 64 }, () => smallest(pipelining))
  pipelining.send(Buffer.concat([parked, ...behind]))
  await expect
    .poll(() => limit('connection_queued_requests'))
    .toEqual({ used: 64, max: 64, refused: 1 })
  const large = await connect()
  large.send(large.encode(Fetch, 4, fetchOf('t', 60_000)))
  large.send(large.encode(DeleteTopics, 5, { topicNames: ['x'.repeat(30_000)], timeoutMs: 1 }))
  for (let i = 0; i < 40; i++)
    large.send(large.encode(DeleteTopics, 5, { topicNames: ['x'.repeat(30_000)], timeoutMs: 1 }))
  await expect.poll(() => limit('connection_queued_bytes').refused).toBe(1)
  expect(limit('connection_queued_bytes').used).toBeGreaterThanOrEqual(1 << 20)
  pipelining.destroy()
  large.destroy()
})

test('a batch that is too large', async () => {
  const { client, limit } = await limitedNode()
  await client.ask(CreateTopics, 7, topicOf('t', [{ name: 'max.message.bytes', value: '100' }]))
  const { responses } = await client.ask(Produce, 8, produceOf('t', ['x'.repeat(200)]))
  expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(10)
  expect(limit('batch_bytes').refused).toBe(1)
})

test('fetch sessions', async () => {
  const { client, limit } = await limitedNode({ 'max.incremental.fetch.session.cache.slots': 1 })
  await client.ask(CreateTopics, 7, topicOf('t'))
  const session = { sessionId: 0, sessionEpoch: 0, rackId: '' }
  const first = await client.ask(Fetch, 11, fetchOf('t', 0, session))
  const second = await client.ask(Fetch, 11, fetchOf('t', 0, session))
  expect([first.sessionId !== 0, second.sessionId]).toEqual([true, 0])
  expect(limit('fetch_sessions')).toEqual({ used: 1, max: 1, refused: 1 })
  expect(limit('fetch_session_partitions').used).toBe(1)
})

test('members of a group', async () => {
  const { client, connect, limit } = await limitedNode({
    'group.max.size': 1,
    'group.initial.rebalance.delay.ms': 0,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
  })
  const join = {
    groupId: 'g',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  }
  await client.ask(FindCoordinator, 2, { key: 'g', keyType: 0 })
  let first = await client.ask(JoinGroup, 3, join)
  while (first.errorCode !== 0) first = await client.ask(JoinGroup, 3, join)
  const late = await connect()
  expect((await late.ask(JoinGroup, 3, join)).errorCode).toBe(81)
  late.destroy()
  expect(limit('classic_group_members')).toEqual({ used: 1, max: 1, refused: 1 })
})

test('requests that wait for a coordinator', async () => {
  const requests = new CoordinatorRequests(nodeEnv({ level: 'silent' }), {
    link: undefined,
    brokerEpoch: 1,
    nextSequence: () => 1,
    defaultPartitions: 1,
    defaultReplicationFactor: 1,
  })
  const ask = () =>
    requests.submit(
      DeleteTopics,
      { topicNames: ['t'], timeoutMs: 1 },
      { timeoutMs: 1, waits: true },
    )
  const waiting = Array.from({ length: requests.limit.max }, () => ask().catch(() => {}))
  await expect(ask()).rejects.toMatchObject({ errorCode: 41 })
  expect(requests.limit).toEqual({ used: 10_000, max: 10_000, refused: 1 })
  await Promise.all(waiting)
  expect(requests.limit.used).toBe(0)
})

test('open files, indexes, and memory that is kept', () => {
  const directory = temporaryDirectory()
  const files = new FileCache(nodeEnv({ level: 'silent' }).files, 2)
  const open = ['a', 'b', 'c'].map(
    (name) => new CachedFile(files, { path: `${directory}/${name}` }),
  )
  for (const file of open) file.create()
  expect(files.limit).toEqual({ used: 2, max: 2, refused: 1 })
  for (const file of open) file.close()

  const indexes = new IndexBudget(100)
  const index = () => {
    const one: Droppable = {
      previous: undefined,
      next: undefined,
      drop: () => {
        indexes.remove(one, 60)
        return true
      },
    }
    return one
  }
  for (let i = 0; i < 3; i++) indexes.keep(index(), 60)
  expect(indexes.limit).toEqual({ used: 60, max: 100, refused: 2 })

  const buffers = new BufferPool(10_000)
  for (let i = 0; i < 3; i++) buffers.give(Buffer.alloc(4096))
  expect(buffers.limit).toEqual({ used: 8192, max: 10_000, refused: 1 })

  const memory = new FrameMemory(20_000)
  for (let i = 0; i < 3; i++) memory.give(Buffer.alloc(8192))
  expect(memory.limit).toEqual({ used: 16_384, max: 20_000, refused: 1 })
})

test('events of the timeline', () => {
  const timeline = new Timeline(nodeEnv({ level: 'silent' }).clock, 1)
  const { max } = timeline.limit
  const event = { kind: 'lease', brokerId: 1, held: true, cause: 'a test' } as const
  timeline.note(
    new ClusterImage(),
    Array.from({ length: max + 1 }, () => event),
  )
  expect(timeline.limit).toEqual({ used: max / 2 + 1, max, refused: max / 2 })
  expect(timeline.counts.lease).toBe(max + 1)
})

test('what is told by name when somebody scrapes', () => {
  const told = new Told(2)
  expect([told.of('abcde'), told.of('a'), told.of('abc')].map((one) => one.join(''))).toEqual([
    ...['ab', 'a', 'ab'],
  ])
  expect(told.limit).toEqual({ used: 2, max: 2, refused: 3 })
})
