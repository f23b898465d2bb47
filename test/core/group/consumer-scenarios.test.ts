import { describe, expect, test } from 'vitest'
import { Writer } from '../../../protocol/bytes.ts'
import { ConsumerProtocolSubscription } from '../../../protocol/stored/consumer-protocol.ts'
import { decodeAssignment } from '../../../src/core/group/consumer-protocol.ts'
import { beatingNew, brief, joiningNew, talkOfNew, topicId } from './consumer-requests.ts'
import { SomeTopics } from './some-topics.ts'

const id = topicId
const other = { name: 'other', topicId: `${'A'.repeat(21)}g`, partitionCount: 2 }
const topic = { name: 't', topicId, partitionCount: 4 }
const joining = joiningNew
const beating = beatingNew
const talkOf = talkOfNew

describe('a consumer group', () => {
  test('moves partitions to a second member only when the first has given them up', () => {
    const talk = talkOf()
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    expect(ask(joining('a'))).toBe('2: 0,1,2,3')
    expect(ask(joining('b'))).toBe('3: ')
    expect(ask(beating('a', 2, [0, 1, 2, 3]))).toBe('2: 0,1')
    expect(ask(beating('b', 3, []))).toBe('3: same')
    expect(ask(beating('a', 2, [0, 1]))).toBe('3: same')
    expect(ask(beating('b', 3, []))).toBe('3: 2,3')
    expect(talk.ask('describeConsumer', { groupId: 'g' })).toMatchObject({
      groupState: 'Stable',
      groupEpoch: 3,
      assignmentEpoch: 3,
    })
  })

  test('gives the partitions of a member that goes or is lost to the others', () => {
    const talk = talkOf()
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    ask(joining('a'))
    ask(joining('b'))
    ask(beating('a', 2, [0, 1]))
    expect(ask(beating('b', 3, []))).toBe('3: 2,3')
    expect(ask(beating('a', 3, undefined, { memberEpoch: -1 }))).toBe('-1: same')
    expect(ask(beating('b', 3, [2, 3]))).toBe('4: 0,1,2,3')
    ask(joining('c'))
    ask(beating('b', 4, [0, 1]))
    talk.advance(30_000)
    expect(ask(beating('c', 5, []))).toMatch(/^5: /)
    talk.advance(30_000)
    expect(ask(beating('b', 5))).toBe('error 25')
    expect(ask(beating('c', 5, [2, 3]))).toBe('6: 0,1,2,3')
  })

  test('puts a member out that does not give up in its rebalance timeout', () => {
    const talk = talkOf()
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    ask(joining('a'))
    ask(joining('b'))
    expect(ask(beating('a', 2, [0, 1, 2, 3]))).toBe('2: 0,1')
    for (let i = 0; i < 6; i++) {
      ask(beating('a', 2, [0, 1, 2, 3]))
      ask(beating('b', 3))
      talk.advance(5_000)
    }
    expect(ask(beating('a', 2, [0, 1, 2, 3]))).toBe('error 25')
    expect(ask(beating('b', 3, []))).toBe('4: 0,1,2,3')
  })

  test('keeps the partitions of a static member for its return', () => {
    const talk = talkOf()
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    ask(joining('a', { instanceId: 'i' }))
    ask(joining('b'))
    ask(beating('a', 2, [0, 1], { instanceId: 'i' }))
    expect(ask(beating('b', 3, []))).toBe('3: 2,3')
    expect(ask(joining('a2', { instanceId: 'i' }))).toBe('error 111')
    expect(ask(beating('a', -2, undefined, { instanceId: 'i' }))).toBe('-2: same')
    talk.restart()
    expect(ask(beating('b', 3, [2, 3]))).toBe('3: same')
    expect(ask(joining('a2', { instanceId: 'i' }))).toBe('3: 0,1')
    expect(ask(beating('a', 3, undefined, { instanceId: 'i' }))).toBe('error 82')
    talk.ask('consumerHeartbeat', beating('a2', -2, undefined, { instanceId: 'i' }))
    talk.advance(40_000)
    ask(beating('b', 3))
    talk.advance(5_001)
    expect(ask(beating('b', 3, [2, 3]))).toBe('4: 0,1,2,3')
  })

  test('takes an old epoch once more when the answer was lost, and fences others', () => {
    const talk = talkOf()
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    ask(joining('a'))
    ask(joining('b'))
    ask(beating('a', 2, [0, 1]))
    expect(ask(beating('a', 2, [0, 1]))).toBe('3: same')
    expect(ask(beating('a', 2))).toBe('error 110')
    expect(ask(beating('a', 9, [0, 1]))).toBe('error 110')
    expect(ask(joining('a'))).toBe('3: 0,1')
  })

  test('follows a regular expression to topics that are made later', () => {
    const topics = new SomeTopics([topic])
    const talk = talkOf({}, topics)
    const ask = (request: any) => talk.ask('consumerHeartbeat', request) as any
    const regex = { subscribedTopicNames: null, subscribedTopicRegex: 't|o.*r' }
    expect(brief(ask(joining('a', { ...regex, subscribedTopicRegex: '(' })))).toBe('error 128')
    expect(brief(ask(joining('a', regex)))).toBe('1: ')
    expect(brief(ask(beating('a', 1)))).toBe('2: 0,1,2,3')
    topics.list = [topic, other]
    topics.version = 2
    talk.machine.state.topicsChanged(['other'], true)
    talk.advance(11_000)
    ask(beating('a', 2))
    const { memberEpoch, assignment } = ask(beating('a', 2))
    expect([memberEpoch, assignment.topicPartitions.length]).toEqual([3, 2])
  })

  test('notices that a topic has more partitions, or is gone', () => {
    const topics = new SomeTopics([topic])
    const talk = talkOf({}, topics)
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    ask(joining('a'))
    topics.list = [{ ...topic, partitionCount: 6 }]
    talk.machine.state.topicsChanged(['t'], false)
    expect(ask(beating('a', 2))).toBe('3: 0,1,2,3,4,5')
    topics.list = []
    talk.machine.state.topicsChanged(['t'], false)
    expect(ask(beating('a', 3, []))).toBe('4: ')
  })

  test('gives nothing to a member that reads nothing, and all to the one that reads', () => {
    const talk = talkOf()
    for (const who of ['a', 'b']) talk.ask('consumerHeartbeat', joining(who))
    talk.ask('consumerHeartbeat', beating('b', -1))
    // It makes no new epoch: the one that is due since `b` left is computed with it.
    expect(brief(talk.ask('consumerHeartbeat', joining('c', { subscribedTopicNames: [] })))).toBe(
      '4: ',
    )
    expect(brief(talk.ask('consumerHeartbeat', beating('a', 2, [0, 1, 2, 3], {})))).toBe('4: same')
    const described: any = talk.ask('describeConsumer', { groupId: 'g' })
    expect(described.members[0].assignment.topicPartitions[0].partitions).toEqual([0, 1, 2, 3])
  })

  test('computes a new assignment at most once in the interval', () => {
    const talk = talkOf({ consumerAssignmentIntervalMs: 1_000 })
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    ask(joining('a'))
    expect(ask(joining('b'))).toBe('2: ')
    talk.advance(1_000)
    expect(ask(beating('b', 2))).toBe('3: same')
    expect(ask(beating('a', 2, [0, 1, 2, 3]))).toBe('2: 0,1')
  })

  test('takes commits with an epoch that still owns the partition', () => {
    const talk = talkOf()
    const ask = (request: any) => brief(talk.ask('consumerHeartbeat', request))
    const commit = (memberId: string, epoch: number, partition: number, version = 9) => {
      const answer: any = talk.ask(
        'commit',
        {
          groupId: 'g',
          generationIdOrMemberEpoch: epoch,
          memberId,
          groupInstanceId: null,
          retentionTimeMs: -1,
          topics: [
            {
              name: 't',
              topicId: id,
              partitions: [
                {
                  partitionIndex: partition,
                  committedOffset: 1,
                  committedLeaderEpoch: -1,
                  committedMetadata: null,
                },
              ],
            },
          ],
        },
        { version },
      )
      return answer.refused ?? answer.topics[0].partitions[0].errorCode
    }
    ask(joining('a'))
    ask(joining('b'))
    ask(beating('a', 2, [0, 1, 2, 3]))
    expect([commit('a', 2, 0), commit('a', 2, 3), commit('b', 3, 0)]).toEqual([0, 0, 0])
    ask(beating('a', 2, [0, 1]))
    ask(beating('b', 3, []))
    expect([commit('a', 2, 0), commit('a', 2, 3), commit('b', 2, 3)]).toEqual([0, 113, 113])
    expect([commit('a', 4, 0), commit('c', 3, 0), commit('a', 3, 0, 8)]).toEqual([113, 25, 35])
  })
})

describe('a group that changes its protocol', () => {
  function subscription(owned: number[]): Buffer {
    const writer = new Writer()
    writer.int16(1)
    ConsumerProtocolSubscription.codec(1).write(writer, {
      topics: ['t'],
      ownedPartitions: owned.length > 0 ? [{ topic: 't', partitions: owned }] : [],
    })
    return writer.finish()
  }
  const classic = (memberId: string, owned: number[] = []) => ({
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 30_000,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(owned) }],
    reason: null,
  })
  const sync = (memberId: string, generationId: number, assignments: any[] = []) => ({
    groupId: 'g',
    generationId,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments,
  })
  const partitionsOf = (answer: any) =>
    decodeAssignment(answer.assignment).assignedPartitions.flatMap(({ partitions }) => partitions)
  /** What a classic leader that reads `t` alone assigns to itself. */
  const everything = Buffer.from([
    0, 1, 0, 0, 0, 1, 0, 1, 116, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 255,
    255, 255, 255,
  ])

  test('N-11, G-18: from classic to consumer and back, without a partition in two hands', () => {
    const talk = talkOf()
    const heartbeat = (memberId: string, generationId: number) =>
      talk.ask('heartbeat', { groupId: 'g', generationId, memberId, groupInstanceId: null })
    const { memberId: a } = talk.ask('join', classic(''), { version: 3 }) as any
    talk.ask('sync', sync(a, 1, [{ memberId: a, assignment: everything }]))
    expect(brief(talk.ask('consumerHeartbeat', joining('b')))).toBe('2: ')
    expect(talk.ask('list', { statesFilter: [], typesFilter: ['consumer'] })).toHaveLength(1)
    expect(heartbeat(a, 1)).toEqual({ errorCode: 27 })
    // The classic member joins with what it has, and is told to give up half of it.
    expect(talk.ask('join', classic(a, [0, 1, 2, 3]))).toMatchObject({ generationId: 1 })
    expect(partitionsOf(talk.ask('sync', sync(a, 1)))).toEqual([0, 1])
    expect(brief(talk.ask('consumerHeartbeat', beating('b', 2, [])))).toBe('2: same')
    expect(heartbeat(a, 1)).toEqual({ errorCode: 27 })
    expect(talk.ask('join', classic(a, [0, 1]))).toMatchObject({ generationId: 2 })
    expect(partitionsOf(talk.ask('sync', sync(a, 2)))).toEqual([0, 1])
    expect(brief(talk.ask('consumerHeartbeat', beating('b', 2, [])))).toBe('2: 2,3')
    talk.restart()
    expect(heartbeat(a, 2)).toEqual({ errorCode: 0 })
    // The last member with the new protocol goes: the group is classic again.
    talk.ask('consumerHeartbeat', beating('b', -1))
    expect(talk.ask('list', { statesFilter: [], typesFilter: ['classic'] })).toHaveLength(1)
    expect(heartbeat(a, 2)).toEqual({ errorCode: 27 })
    expect(talk.ask('join', classic(a, [0, 1]))).toMatchObject({ generationId: 3, leader: a })
    talk.ask('sync', sync(a, 3, [{ memberId: a, assignment: everything }]))
    talk.restart()
    expect(heartbeat(a, 3)).toEqual({ errorCode: 0 })
  })

  test('assigns to all at once, also when whoever moved it reads nothing', () => {
    const talk = talkOf({ initialRebalanceDelayMs: 500 })
    const waits = talk.send('join', classic(''), { version: 3 })
    const nothing = { subscribedTopicNames: [] }
    expect(brief(talk.ask('consumerHeartbeat', joining('b', nothing)))).toBe('1: ')
    const { errorCode, memberId } = talk.answer(waits)
    expect(errorCode).toBe(27)
    const { members }: any = talk.ask('describeConsumer', { groupId: 'g' })
    const { targetAssignment } = members.find((member: any) => member.memberId === memberId)
    expect(targetAssignment.topicPartitions[0].partitions).toEqual([0, 1, 2, 3])
  })

  test('N-11: does so only as far as the policy allows', () => {
    const talk = talkOf({ consumerMigrationPolicy: 'disabled' })
    const { memberId } = talk.ask('join', classic(''), { version: 3 }) as any
    expect(brief(talk.ask('consumerHeartbeat', joining('b')))).toBe('error 69')
    talk.ask('sync', sync(memberId, 1))
    const members = [{ memberId, groupInstanceId: null, reason: null }]
    talk.ask('leave', { groupId: 'g', memberId: '', members })
    expect(brief(talk.ask('consumerHeartbeat', joining('b')))).toBe('2: 0,1,2,3')
    expect(talk.ask('join', classic(''))).toEqual({ refused: 23 })
  })

  test('is full before it looks at the protocol, and after the policy', () => {
    const codes = (['disabled', 'bidirectional'] as const).map((consumerMigrationPolicy) => {
      const talk = talkOf({ consumerMigrationPolicy, consumerMembersMax: 1 })
      talk.ask('consumerHeartbeat', joining('a'))
      return talk.ask('join', { ...classic(''), protocolType: 'connect' })
    })
    expect(codes).toEqual([{ refused: 23 }, { refused: 81 }])
  })
})
