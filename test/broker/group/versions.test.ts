/** What the versions of the classic protocol's requests have in common with Kafka 4.3.1, asked over a connection. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { Heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import { RawClient } from '../raw-client.ts'
import { startTestNode, type TestNode } from '../test-node.ts'

/** A version 0 subscription to topic `t`. */
const subscription = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255])
let node: TestNode
let client: RawClient
beforeAll(async () => {
  node = await startTestNode({ 'group.initial.rebalance.delay.ms': 0 })
  client = await RawClient.connect(node.port)
  const topic = { name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  await client.ask(CreateTopics, 7, { topics: [topic], timeoutMs: 10_000, validateOnly: false })
  await client.ask(FindCoordinator, 4, { key: '', keyType: 0, coordinatorKeys: ['g'] })
})
afterAll(async () => {
  client?.destroy()
  await node?.stop()
})

const join = (version: number, groupId: string, protocolType = 'consumer') =>
  client.ask(JoinGroup, version, {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: version === 0 ? -1 : 10_000,
    memberId: '',
    groupInstanceId: null,
    protocolType,
    protocols: [{ name: 'range', metadata: subscription }],
    reason: null,
  })

/** A consumer group with a member of the new protocol. */
const startNew = (groupId: string) =>
  client.ask(ConsumerGroupHeartbeat, 1, {
    groupId,
    memberId: 'new',
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: 10_000,
    subscribedTopicNames: ['t'],
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: [],
  })

test('a member that joins a consumer group with version 0 has its session timeout for a rebalance', async () => {
  await startNew('zero')
  const { errorCode, memberId, generationId } = await join(0, 'zero')
  const beat = { groupId: 'zero', generationId, memberId, groupInstanceId: null }
  // 25, had its time to sync been over at once.
  expect([errorCode, (await client.ask(Heartbeat, 0, beat)).errorCode]).toEqual([0, 0])
})

test('G-3: a join that a consumer group refuses names no member', async () => {
  await startNew('names')
  const { errorCode, memberId } = await join(9, 'names', 'connect')
  expect([errorCode, memberId]).toEqual([23, ''])
})

test('from version 5 on a sync has to name the protocol', async () => {
  const { memberId, generationId } = await join(3, 'named')
  const sync = (protocolType: string | null, protocolName: string | null) =>
    client.ask(SyncGroup, 5, {
      groupId: 'named',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType,
      protocolName,
      assignments: [{ memberId, assignment: Buffer.from('all') }],
    })
  const codes = []
  for (const [type, name] of [
    [null, null],
    ['consumer', null],
    [null, 'range'],
    ['consumer', 'range'],
  ] as const)
    codes.push((await sync(type, name)).errorCode)
  expect(codes).toEqual([23, 23, 23, 0])
})

test('a commit that the group refuses tells what does not exist all the same', async () => {
  await join(3, 'refusing')
  const committed = { committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null }
  const topics = ['t', 'nope'].map((name) => ({
    ...{ name, topicId: 'A'.repeat(22) },
    partitions: [0, 99].map((partitionIndex) => ({ partitionIndex, ...committed })),
  }))
  const who = { generationIdOrMemberEpoch: 1, memberId: 'foreign', groupInstanceId: null }
  const request = { groupId: 'refusing', ...who, retentionTimeMs: -1, topics }
  const answer = await client.ask(OffsetCommit, 9, request)
  const told = answer.topics.map(({ name, partitions }) => [
    name,
    partitions.map(({ partitionIndex, errorCode }) => `${partitionIndex}: ${errorCode}`).sort(),
  ])
  // Kafka 4.3.1 answers so.
  expect(told).toEqual([
    ['t', ['0: 25', '99: 3']],
    ['nope', ['0: 3', '99: 3']],
  ])
})
