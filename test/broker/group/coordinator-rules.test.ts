/** Rules C-1 to C-4 and C-6 of finding the group coordinator, and those of offsets that are about what exists: O-3, O-5, O-7, O-14. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiVersions } from '../../../protocol/messages/api-versions.ts'
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DescribeConfigs } from '../../../protocol/messages/describe-configs.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { Metadata } from '../../../protocol/messages/metadata.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { GroupCoordinator } from '../../../src/broker/group/group-coordinator.ts'
import { heartbeat } from '../../../src/broker/handlers/heartbeat.ts'
import { offsetFetch } from '../../../src/broker/handlers/offset-fetch.ts'
import { RawClient } from '../raw-client.ts'
import { startTestNode, type TestNode } from '../test-node.ts'
import { beating, committing, fetching, GroupTalk, noId } from './group-talk.ts'

let node: TestNode
let client: RawClient
let topicId: string
beforeAll(async () => {
  node = await startTestNode()
  client = await RawClient.connect(node.port)
  const topic = { name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  const request = { topics: [topic], timeoutMs: 10_000, validateOnly: false }
  topicId = (await client.ask(CreateTopics, 7, request)).topics[0]!.topicId
})
afterAll(async () => {
  client?.destroy()
  await node?.stop()
})

const find = (version: number, keyType: number, ...keys: string[]) =>
  client.ask(FindCoordinator, version, {
    ...{ key: version < 4 ? keys[0]! : '', keyType, coordinatorKeys: version < 4 ? [] : keys },
  })

test('C-1: a group is in the partition of the hash that Java gives its id, and of the smallest number in 0', () => {
  const of = (groupId: string) => GroupCoordinator.partitionOf(groupId, 50)
  // The last one hashes to -2147483648.
  expect([of(''), of('g'), of('my-group'), of('polygenelubricants')]).toEqual([0, 3, 12, 0])
})

test('C-2, C-3, C-4: who coordinates is told by version, the topic is made first, and other keys are refused', async () => {
  const { port } = node
  const here = { nodeId: 1, host: '127.0.0.1', port, errorCode: 0 }
  expect(await find(0, 0, 'g')).toMatchObject(here)
  expect(await find(3, 0, '')).toMatchObject(here)
  expect((await find(6, 0, 'g', 'h')).coordinators).toMatchObject([
    { key: 'g', ...here },
    { key: 'h', ...here },
  ])
  const nobody = { nodeId: -1, host: '', port: -1, errorCode: 42 }
  expect(await find(1, 2, 'g')).toMatchObject(nobody)
  expect((await find(4, 3, 'g')).coordinators).toMatchObject([{ key: 'g', ...nobody }])
})

test('O-14: the offsets are in 50 partitions, compacted, in segments of 100 MiB', async () => {
  await find(0, 0, 'g')
  const name = '__consumer_offsets'
  const { topics } = await client.ask(Metadata, 12, { topics: [{ topicId: noId, name }] })
  expect([topics[0]!.partitions.length, topics[0]!.isInternal]).toEqual([50, true])
  const configurationKeys = ['cleanup.policy', 'compression.type', 'segment.bytes']
  const resources = [{ resourceType: 2, resourceName: name, configurationKeys }]
  const described = await client.ask(DescribeConfigs, 4, { resources })
  const configs = described.results[0]!.configs.map((each) => [each.name, each.value])
  expect(Object.fromEntries(configs)).toEqual({
    'cleanup.policy': 'compact',
    'compression.type': 'producer',
    'segment.bytes': '104857600',
  })
})

const committed = { committedOffset: 3, committedLeaderEpoch: -1, committedMetadata: null }
const partitions = [0, 2, -1].map((partitionIndex) => ({ partitionIndex, ...committed }))

test('O-3, O-5: what does not exist is told for each partition, and the empty id is that of a group', async () => {
  await find(0, 0, '')
  const commit = async (version: number, ...topics: object[]) => {
    const who = { groupId: '', generationIdOrMemberEpoch: -1, memberId: '' }
    const answer = await client.ask(OffsetCommit, version, {
      ...who,
      topics: topics.map((topic) => ({ name: '', topicId: noId, ...topic, partitions })),
    })
    return answer.topics.map((topic) =>
      topic.partitions.map((each) => `${each.partitionIndex}: ${each.errorCode}`).sort(),
    )
  }
  const some = ['-1: 3', '0: 0', '2: 3']
  expect(await commit(9, { name: 't' }, { name: 'none' })).toEqual([
    some,
    ['-1: 3', '0: 3', '2: 3'],
  ])
  expect(await commit(10, { topicId }, { topicId: 'BBBBBBBBBBBBBBBBBBBBBA' })).toEqual([
    some,
    ['-1: 100', '0: 100', '2: 100'],
  ])
  const asked = [
    { topicId, partitionIndexes: [0] },
    { topicId: 'BBBBBBBBBBBBBBBBBBBBBA', partitionIndexes: [0] },
  ]
  const groups = [{ groupId: '', memberId: null, memberEpoch: -1, topics: asked }]
  const fetched = await client.ask(OffsetFetch, 10, { groups, requireStable: true })
  const told = fetched.groups![0]!.topics.map((topic) => topic.partitions[0]!)
  expect(told).toMatchObject([
    { committedOffset: 3, errorCode: 0 },
    { committedOffset: -1, errorCode: 100 },
  ])
})

test('C-6, O-7: a group of another broker is answered with 16, wherever the version has its errors', async () => {
  const talk = new GroupTalk()
  const topics = [{ name: 't', partitionIndexes: [0, 1] }]
  const ask = (apiVersion: number) =>
    (offsetFetch as any).handle(
      { groupId: 'g', topics, groups: [{ ...fetching('g'), topics }], requireStable: false },
      {
        broker: { env: talk.time.env, groups: talk.groups },
        apiVersion,
        clientId: '',
        clientHost: '',
      },
    )
  expect(await ask(1)).toMatchObject({
    topics: [{ name: 't', partitions: [{ errorCode: 16 }, { errorCode: 16 }] }],
  })
  expect(await ask(7)).toEqual({ topics: [], errorCode: 16 })
  expect(await ask(9)).toEqual({ groups: [{ groupId: 'g', topics: [], errorCode: 16 }] })
})

test('C-6, G-11: while groups are loaded commits are answered with 14, and heartbeats kindly', async () => {
  const talk = new GroupTalk()
  talk.journal.loading = new Promise(() => {})
  await talk.lead()
  const beat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
  const context = { broker: { groups: talk.groups }, apiVersion: 4, clientId: '', clientHost: '' }
  expect(await talk.ask('commit', committing('g', 1))).toBe(14)
  expect(await (heartbeat as any).handle(beat, context)).toEqual({ errorCode: 0 })
})

test('N-13: the new protocol is advertised in both of its versions, and refused with 35 where it is turned off', async () => {
  const { apiKeys } = await client.ask(ApiVersions, 3, {
    ...{ clientSoftwareName: 'raw', clientSoftwareVersion: '1' },
  })
  const of = (key: number) => apiKeys.find(({ apiKey }) => apiKey === key)
  expect([of(68), of(69)]).toMatchObject([
    { minVersion: 0, maxVersion: 1 },
    { minVersion: 0, maxVersion: 1 },
  ])
  const off = await startTestNode({ 'group.coordinator.rebalance.protocols': 'classic' })
  const other = await RawClient.connect(off.port)
  const { errorCode } = await other.ask(ConsumerGroupHeartbeat, 1, beating('g', 'm', 0))
  other.destroy()
  await off.stop()
  expect(errorCode).toBe(35)
})
