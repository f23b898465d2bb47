/** Many topics are matched in pieces, and what matches too many is kept from the journal. */
import { expect, test } from 'vitest'
import { memberRecord } from '../../../src/core/group/consumer-records.ts'
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

/** A thousand topics, of which `topic-1.*` is matched with two hundred at a time. */
function begin(settings: object = {}) {
  const list = Array.from({ length: 1_000 }, (_, i) => ({
    ...{ name: `topic-${i}`, partitionCount: 1 },
    topicId: Buffer.from(`id of topic ${i}`.padEnd(16)).toString('base64url'),
  }))
  return new Conversation({ targetPieceUnits: 1_800, ...settings }, new SomeTopics(list))
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

test('a regular expression that is too long, written out, or repeats too much is refused, and no honest one', () => {
  const talk = begin()
  const ask = (regex: string) => talk.ask('consumerHeartbeat', reading('a', regex)) as any
  const bad = [
    'x'.repeat(2_049),
    'x{1000}'.repeat(10),
    '((x{10}){10}){10}',
    '.?'.repeat(257),
    '(.*x){200}',
    '\\pL{100}',
    '[\\pL\\pN\\pM]'.repeat(6),
  ]
  expect(bad.map(ask)).toEqual(bad.map(() => ({ refused: 128 })))
  const many = Array.from({ length: 200 }, (_, i) => `topic-${i}`).join('|')
  const good = ['topic-[0-9]{1,3}', '(?i)TOPIC-(\\d|\\pN)+', many, '\\Qtopic-1\\E.*', '^.*[^]]{2}$']
  expect(good.map((regex) => ask(regex).errorCode)).toEqual(good.map(() => 0))
})

test('the more an expression repeats the fewer names are matched at once', () => {
  const ticks = (regex: string) => {
    const talk = begin()
    talk.send('consumerHeartbeat', reading('a', regex))
    let count = 0
    for (; resolved(talk).length === 0; count++) talk.tick(1)
    return count
  }
  expect(['topic', 'topic-.*', 'topic-.{100}', '.?'.repeat(256)].map(ticks)).toEqual([
    1, 6, 201, 1001,
  ])
})

test('a regular expression that is refused here, and stands in the log of a Kafka, matches nothing', () => {
  const talk = begin()
  talk.ask('consumerHeartbeat', reading('a', 'topic-1.*'))
  const member = talk.machine.state.consumerGroup('g')!.members.get('a')!
  const regex = 'x{1000}'.repeat(10)
  const at = { offset: talk.log.length, producerId: -1 }
  talk.machine.apply(memberRecord('g', { ...member, memberId: 'b', topicRegex: regex }), at)
  talk.advance(11_000)
  talk.ask('consumerHeartbeat', reading('c', 'topic-2.*'))
  expect(resolved(talk)).toEqual(['topic-1.*: 111', `${regex}: 0`, 'topic-2.*: 111'])
})
