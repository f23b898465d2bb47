/** Many topics are matched in pieces, and what matches too many is kept from the journal. */
import { expect, test } from 'vitest'
import { Conversation } from './conversation.ts'
import { SomeTopics } from './some-topics.ts'

const reading = (memberId: string, subscribedTopicRegex: string) => ({
  ...{ groupId: 'g', memberId, memberEpoch: 0, instanceId: null, rackId: null },
  rebalanceTimeoutMs: 30_000,
  subscribedTopicNames: null,
  subscribedTopicRegex,
  serverAssignor: null,
  topicPartitions: [],
})

/** A thousand topics, matched two hundred at a time. */
function begin(settings: object = {}) {
  const list = Array.from({ length: 1_000 }, (_, i) => ({
    ...{ name: `topic-${i}`, partitionCount: 1 },
    topicId: Buffer.from(`id of topic ${i}`.padEnd(16)).toString('base64url'),
  }))
  return new Conversation({ targetPieceUnits: 200, ...settings }, new SomeTopics(list))
}

const resolved = (talk: Conversation) =>
  [...(talk.machine.state.consumerGroup('g')?.subscriptions.resolved ?? [])].map(
    ([regex, { topics }]) => `${regex}: ${topics.size}`,
  )

test('regular expressions are resolved in pieces, with one that comes meanwhile', () => {
  const talk = begin()
  talk.send('consumerHeartbeat', reading('a', 'topic-1.*'))
  talk.tick(3)
  expect(resolved(talk)).toEqual([])
  talk.send('consumerHeartbeat', reading('b', '.*9'))
  talk.tick(3)
  expect(resolved(talk)).toEqual(['topic-1.*: 111'])
  talk.advance(0)
  expect(resolved(talk)).toEqual(['topic-1.*: 111', '.*9: 100'])
})

test('a group that is gone before all is matched is not made again', () => {
  const talk = begin()
  talk.send('consumerHeartbeat', reading('a', 'topic-1.*'))
  talk.tick(2)
  talk.ask('consumerHeartbeat', { ...reading('a', ''), memberEpoch: -1 })
  talk.ask('delete', { groupId: 'g' })
  talk.advance(60_000)
  expect(talk.machine.groupIds()).toEqual([])
})

test('what matches more topics than a record can name matches none, and others are as they were', () => {
  const talk = begin({ recordBytesMax: 5_000 })
  talk.ask('consumerHeartbeat', reading('a', 'topic-1.*'))
  // Not more often than every ten seconds.
  talk.advance(11_000)
  talk.ask('consumerHeartbeat', reading('b', '.*'))
  expect(resolved(talk)).toEqual(['topic-1.*: 111', '.*: 0'])
})

test('a regular expression that is too long is refused', () => {
  const answer = begin().ask('consumerHeartbeat', reading('a', 'x'.repeat(32_768)))
  expect(answer).toEqual({ refused: 128 })
})
