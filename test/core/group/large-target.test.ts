/** The target of a large consumer group is computed in pieces, and others are served in between. */
import { expect, test } from 'vitest'
import { Conversation } from './conversation.ts'
import { SomeTopics } from './some-topics.ts'

const topics = Array.from({ length: 100 }, (_, i) => ({
  name: `t${i}`,
  topicId: Buffer.alloc(16, i + 1).toString('base64url'),
  partitionCount: 100,
}))

const beating = (memberId: string, memberEpoch: number, rest: object = {}) => ({
  groupId: 'g',
  memberId,
  memberEpoch,
  instanceId: null as string | null,
  rackId: null,
  rebalanceTimeoutMs: memberEpoch === 0 ? 300_000 : -1,
  subscribedTopicNames: memberEpoch === 0 ? topics.map(({ name }) => name) : null,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: memberEpoch === 0 ? [] : null,
  ...rest,
})

/** A thousand members of ten thousand partitions, and nobody has computed their target yet. */
function gathered(assignor: string): Conversation {
  const settings = { consumerAssignmentIntervalMs: 60_000, consumerSessionTimeoutMs: 3_600_000 }
  const talk = new Conversation(settings, new SomeTopics(topics))
  for (let i = 0; i < 1_000; i++) {
    const instanceId = i === 7 ? 'static' : null
    const request = beating(`m${i}`, 0, { serverAssignor: assignor, instanceId })
    expect(talk.ask('consumerHeartbeat', request)).toMatchObject({ errorCode: 0 })
  }
  talk.advance(61_000)
  return talk
}

const groupOf = (talk: Conversation) => talk.machine.state.consumerGroup('g')!

/** Every partition is in one target, of a member that is there. */
function expectWhole(talk: Conversation): void {
  const { target, members } = groupOf(talk)
  const all = [...target].flatMap(([memberId, assignment]) => {
    expect(members.has(memberId), memberId).toBe(true)
    return [...assignment].flatMap(([topicId, partitions]) =>
      partitions.map((partition) => `${topicId}/${partition}`),
    )
  })
  expect([all.length, new Set(all).size]).toEqual([10_000, 10_000])
}

for (const assignor of ['uniform', 'range'])
  test(`a thousand members get their target of ${assignor} in pieces, and whoever asked first waits for it`, () => {
    const talk = gathered(assignor)
    const { assignmentEpoch, groupEpoch } = groupOf(talk)
    const first = talk.send('consumerHeartbeat', beating('m0', assignmentEpoch))
    const written = talk.log.length
    let pieces = 0
    while (groupOf(talk).assignmentEpoch === assignmentEpoch) {
      expect([talk.answer(first), talk.log.length]).toEqual([undefined, written])
      const other = talk.send('consumerHeartbeat', beating('m1', 0))
      expect(talk.answer(other)).toMatchObject({ errorCode: 0, memberEpoch: assignmentEpoch })
      talk.tick(1)
      pieces++
    }
    expect(pieces).toBeGreaterThan(10)
    expect(talk.answer(first)).toMatchObject({ errorCode: 0, memberEpoch: assignmentEpoch })
    expect([groupOf(talk).assignmentEpoch, talk.machine.nextDeadlineMs() > talk.nowMs]).toEqual([
      groupEpoch,
      true,
    ])
    expectWhole(talk)
    expect([...talk.reloaded().state.consumerGroup('g')!.target]).toEqual([...groupOf(talk).target])
  })

test('members that come, go and change place meanwhile leave no partition in two targets', () => {
  const talk = gathered('uniform')
  const { assignmentEpoch, groupEpoch } = groupOf(talk)
  const ask = (request: any) => talk.answer(talk.send('consumerHeartbeat', request))
  talk.send('consumerHeartbeat', beating('m0', assignmentEpoch))
  talk.tick(2)
  expect(ask(beating('m5', -1))).toMatchObject({ errorCode: 0 })
  expect(ask(beating('m7', -2, { instanceId: 'static' }))).toMatchObject({ errorCode: 0 })
  expect(ask(beating('again', 0, { instanceId: 'static' }))).toMatchObject({ errorCode: 0 })
  expect(ask(beating('new', 0))).toMatchObject({ errorCode: 0 })
  talk.advance(0)
  expect(groupOf(talk).assignmentEpoch).toBe(groupEpoch)
  expect([groupOf(talk).targetOf('new').size, groupOf(talk).target.has('m5')]).toEqual([0, false])
  expect(groupOf(talk).targetOf('again').size).toBeGreaterThan(0)
  const targets = [...groupOf(talk).target.values()].flatMap((assignment) =>
    [...assignment].flatMap(([topicId, partitions]) => partitions.map((p) => `${topicId}/${p}`)),
  )
  expect(new Set(targets).size).toBe(targets.length)
  talk.advance(61_000)
  talk.ask('consumerHeartbeat', beating('m1', 0))
  expectWhole(talk)
})

test('who waits for a target is told when its member or its group is gone', () => {
  const talk = gathered('uniform')
  const { assignmentEpoch } = groupOf(talk)
  const waits = talk.send('consumerHeartbeat', beating('m0', assignmentEpoch))
  talk.tick(1)
  for (let i = 0; i < 1_000; i++) {
    const instanceId = i === 7 ? 'static' : null
    talk.send('consumerHeartbeat', beating(`m${i}`, -1, { instanceId }))
  }
  expect(talk.answer(waits)).toBeUndefined()
  talk.send('delete', { groupId: 'g' })
  talk.tick(2)
  expect([talk.answer(waits), groupOf(talk)]).toEqual([{ refused: 25 }, undefined])
})

test('what is written of members that get nothing is encoded in pieces, as that of all others', () => {
  const settings = { targetPieceUnits: 50, consumerAssignmentIntervalMs: 60_000 }
  const talk = new Conversation(settings, new SomeTopics(topics))
  const request = (id: string, epoch: number) =>
    beating(id, epoch, epoch === 0 ? { subscribedTopicNames: ['t0'] } : {})
  for (let i = 0; i < 300; i++) talk.ask('consumerHeartbeat', request(`m${i}`, 0))
  talk.advance(30_000)
  for (let i = 0; i < 300; i++) talk.ask('consumerHeartbeat', request(`m${i}`, 0))
  talk.advance(31_000)
  talk.ask('consumerHeartbeat', request('m7', 0))
  expect([...groupOf(talk).target.values()].filter(({ size }) => size === 0).length).toBe(200)
  expect(talk.encodedAtOnceMax).toBeLessThan(10)
})
