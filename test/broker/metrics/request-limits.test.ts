/** Limits on what requests ask for, and on what a connection has under way: each moves its counter. */
import { expect, test } from 'vitest'
import { buildBatch } from '../../../protocol/build-batch.ts'
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { Fetch } from '../../../protocol/messages/fetch.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { Produce } from '../../../protocol/messages/produce.ts'
import { producersMax } from '../../../src/core/producer/producer-states.ts'
import { HeldSyncs } from '../../cluster/held-syncs.ts'
import { joiningNew } from '../../core/group/consumer-requests.ts'
import { fetchOf, limitedNode, produceOf, topicOf } from './limited-node.ts'

test('partitions that one request makes', async () => {
  const { client, limit } = await limitedNode()
  const most = await client.ask(CreateTopics, 7, { ...topicOf('t', [], 3), validateOnly: false })
  const more = await client.ask(CreateTopics, 7, topicOf('u', [], 10_001))
  const grown = await client.ask(CreatePartitions, 3, {
    topics: [{ name: 't', count: 10_004, assignments: null }],
    timeoutMs: 5000,
    validateOnly: false,
  })
  const told = [...most.topics, ...more.topics, ...grown.results]
  expect(told.map(({ errorCode }) => errorCode)).toEqual([0, 44, 44])
  expect(limit('new_partitions')).toMatchObject({ used: 3, max: 10_000, refused: 2 })
})

test('a request that the coordinator would not take, after which it is asked as before', async () => {
  const { client, broker, limit } = await limitedNode()
  const value = 'x'.repeat(30_000)
  const configs = Array.from({ length: 600 }, (_, i) => ({
    name: `own.${i}`,
    configOperation: 0,
    value,
  }))
  const altered = await client.ask(IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: 4, resourceName: '', configs }],
    validateOnly: false,
  })
  expect(altered.responses[0]?.errorCode).toBe(42)
  expect(altered.responses[0]?.errorMessage).toMatch(/^The request has 18\d{6} bytes, the coord/)
  expect(limit('coordinator_request_bytes').refused).toBe(1)
  expect(broker.session.connected).toBe(true)
  const { topics } = await client.ask(CreateTopics, 7, topicOf('t'))
  expect(topics[0]?.errorCode).toBe(0)
  expect(limit('coordinator_frame_bytes').refused).toBe(0)
  expect(limit('coordinator_frame_bytes').used).toBeGreaterThan(0)
})

const groups = { 'offsets.topic.num.partitions': 1, 'offsets.topic.replication.factor': 1 }

test('metadata of an offset', async () => {
  const { client, limit } = await limitedNode({ ...groups, 'offset.metadata.max.bytes': 10 })
  await client.ask(CreateTopics, 7, topicOf('t'))
  const commit = async (committedMetadata: string) => {
    const partitions = [
      { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata },
    ]
    const { topics } = await client.ask(OffsetCommit, 9, {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [{ name: 't', partitions }],
    })
    return topics[0]?.partitions[0]?.errorCode
  }
  await client.ask(FindCoordinator, 2, { key: 'g', keyType: 0 })
  await expect.poll(() => commit('x'.repeat(10))).toBe(0)
  expect(await commit('x'.repeat(11))).toBe(12)
  expect(limit('offset_metadata_bytes')).toMatchObject({ used: 10, max: 10, refused: 1 })
})

test('members of a consumer group', async () => {
  const { client, limit } = await limitedNode({ ...groups, 'group.consumer.max.size': 1 })
  await client.ask(CreateTopics, 7, topicOf('t'))
  const beat = async (memberId: string) => {
    const { errorCode } = await client.ask(ConsumerGroupHeartbeat, 1, joiningNew(memberId))
    return errorCode
  }
  await client.ask(FindCoordinator, 2, { key: 'g', keyType: 0 })
  await expect.poll(() => beat('one')).toBe(0)
  expect(await beat('two')).toBe(81)
  expect(limit('consumer_group_members')).toEqual({ used: 1, max: 1, refused: 1 })
})

test('idempotent producers that a log remembers: those that wrote longest ago are forgotten', async () => {
  const { client, limit } = await limitedNode()
  await client.ask(CreateTopics, 7, topicOf('t'))
  const startMs = Date.now()
  const send = async (producerId: number, sequence: number) => {
    const value = Buffer.from('v')
    const records = buildBatch({
      producerId,
      producerEpoch: 0,
      baseSequence: sequence,
      records: [{ timestamp: startMs - producersMax + producerId, value }],
    })
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
    const request = { transactionalId: null, acks: 1, timeoutMs: 5000, topicData }
    const { responses } = await client.ask(Produce, 8, request)
    return responses[0]?.partitionResponses[0]?.errorCode
  }
  for (let id = 0; id <= producersMax; id++) await send(id, 0)
  const forgotten = producersMax / 10
  expect(limit('log_producers')).toMatchObject({ used: producersMax, refused: forgotten })
  // Who is known must go on where it was; who is not may begin anywhere.
  expect(await send(forgotten, 7)).toBe(45)
  expect(await send(forgotten - 1, 7)).toBe(0)
}, 60_000)

test('requests of one connection that are worked on', async () => {
  const { client, broker, connect, limit } = await limitedNode()
  await client.ask(CreateTopics, 7, topicOf('t', [{ name: 'flush.messages', value: '1' }]))
  await client.ask(Produce, 8, produceOf('t', ['a']))
  const partition = broker.partitions.find('t', 0)
  if (typeof partition === 'number') throw new Error(`There is no partition: ${partition}`)
  const syncs = new HeldSyncs(partition.log!)
  const fast = await connect()
  const count = limit('connection_requests').max + 50
  for (let i = 0; i < count; i++) fast.send(fast.encode(Produce, 8, produceOf('t', ['b'])))
  await expect.poll(() => limit('connection_requests').refused).toBe(1)
  expect(limit('connection_requests').used).toBeGreaterThanOrEqual(1000)
  syncs.letAllGo()
  for (let i = 0; i < count; i++) expect(await fast.frame()).toBeDefined()
  expect(limit('connection_requests').used).toBe(0)
  fast.destroy()
})

test('answers that one client does not read', async () => {
  const { client, connect, limit } = await limitedNode()
  await client.ask(CreateTopics, 7, topicOf('t'))
  await client.ask(Produce, 8, produceOf('t', ['x'.repeat(900_000)]))
  const deaf = await connect()
  deaf.pause()
  const asked = 40
  for (let i = 0; i < asked; i++) deaf.send(deaf.encode(Fetch, 4, fetchOf('t', 0, {}, 1_000_000)))
  await expect.poll(() => limit('connection_unread_bytes').refused).toBeGreaterThan(0)
  expect(limit('connection_unread_bytes').used).toBeGreaterThan(
    limit('connection_unread_bytes').max,
  )
  deaf.resume()
  for (let i = 0; i < asked; i++) expect((await deaf.frame())!.length).toBeGreaterThan(900_000)
  deaf.destroy()
})
