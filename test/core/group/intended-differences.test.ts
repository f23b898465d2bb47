/** Where groups answer otherwise than Kafka 4.3.1 on purpose: `docs/groups.md` lists each with its reason. */
import { expect, test } from 'vitest'
import { beating, join, joining, leaving, stable } from './classic-requests.ts'
import { Conversation } from './conversation.ts'
import { SomeTopics } from './some-topics.ts'

const topic = { name: 't', topicId: 'BBBBBBBBBBBBBBBBBBBBBA', partitionCount: 4 }
const heartbeat = (memberId: string, memberEpoch: number) => ({
  ...{ groupId: 'g', memberId, memberEpoch, instanceId: null, rackId: null },
  rebalanceTimeoutMs: memberEpoch === 0 ? 30_000 : -1,
  subscribedTopicNames: memberEpoch === 0 ? ['t'] : null,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: memberEpoch === 0 ? [] : null,
})

test('an instance id beside an id that was given out is refused with 25, where Kafka answers -1', () => {
  const talk = new Conversation()
  const { memberId } = talk.ask('join', joining()) as any
  const isStatic = talk.ask('join', joining(memberId, { groupInstanceId: 'one' })) as any
  expect([isStatic.errorCode, isStatic.memberId]).toEqual([25, memberId])
  // Nothing came of it: the id is still good for whoever it was given to.
  const joined = join(talk, memberId)
  talk.advance(0)
  expect(talk.answer(joined).errorCode).toBe(0)
})

test('a classic join that is refused leaves an empty consumer group as it is, where Kafka deletes it', () => {
  const talk = new Conversation({}, new SomeTopics([topic]))
  talk.ask('consumerHeartbeat', heartbeat('one', 0))
  talk.ask('consumerHeartbeat', heartbeat('one', -1))
  const before = talk.log.length
  expect((talk.ask('join', joining('foreign')) as any).errorCode).toBe(25)
  expect(talk.log.length).toBe(before)
  const described = talk.ask('describeConsumer', { groupId: 'g' }) as any
  expect([described.errorCode, described.groupState]).toEqual([0, 'Empty'])
})

test('a subscription that cannot be read is answered as any other, where Kafka never answers', () => {
  const talk = new Conversation()
  const metadata = Buffer.from([0, 1, 127])
  const joined = join(talk, '', { protocols: [{ name: 'range', metadata }] })
  talk.advance(0)
  expect(talk.answer(joined)).toMatchObject({ errorCode: 0, generationId: 1 })
})

test('members that need more room than the journal has records are refused with -1, where Kafka keeps them', () => {
  const talk = new Conversation({ recordBytesMax: 1_000 })
  const large = { protocols: [{ name: 'range', metadata: Buffer.alloc(3_000) }] }
  const joins = Array.from({ length: 4 }, () => join(talk, '', large))
  talk.advance(0)
  expect(joins.map((request) => talk.answer(request).errorCode)).toEqual([0, 0, -1, -1])
})

test('a group of the new protocol that was classic has a new epoch from the first heartbeat on', () => {
  const talk = new Conversation({}, new SomeTopics([topic]))
  const { ids, generationId } = stable(talk, 1, [{ assignments: [] }])
  const joined = talk.ask('consumerHeartbeat', heartbeat('new', 0)) as any
  expect(joined.errorCode).toBe(0)
  const { groupEpoch, members } = talk.ask('describeConsumer', { groupId: 'g' }) as any
  expect([groupEpoch > generationId, members.length]).toEqual([true, 2])
  expect(talk.ask('heartbeat', beating(ids[0]!, generationId))).toEqual({ errorCode: 27 })
  expect(talk.ask('leave', leaving(ids[0]!))).toMatchObject({ members: [{ errorCode: 0 }] })
})

test('a fetch of offsets with an epoch and without a member is refused with 25, where Kafka answers -1', () => {
  const talk = new Conversation({}, new SomeTopics([topic]))
  talk.ask('consumerHeartbeat', heartbeat('one', 0))
  const fetch = { groupId: 'g', memberId: null, memberEpoch: 1, topics: null, requireStable: false }
  expect(talk.ask('fetch', fetch)).toEqual({ refused: 25 })
})

test('a subscription that cannot be read is refused by a consumer group with 23, where Kafka answers -1', () => {
  const talk = new Conversation({}, new SomeTopics([topic]))
  talk.ask('consumerHeartbeat', heartbeat('one', 0))
  const protocols = [{ name: 'range', metadata: Buffer.from('xx') }]
  expect(talk.ask('join', joining('', { protocols }), { version: 3 })).toEqual({ refused: 23 })
})
