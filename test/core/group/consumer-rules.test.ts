/**
 * Rules of the new protocol (KIP-848) as Kafka 4.3.1 has them, one by one: N-1 to N-10 and N-12. Conversations as a
 * whole, and groups that change their protocol (N-11), are in `consumer-scenarios`.
 */
import { expect, test } from 'vitest'
import { memberRecord } from '../../../src/core/group/consumer-records.ts'
import { beatIn, beatingNew, joiningNew, talkOfNew, topicId } from './consumer-requests.ts'
import { SomeTopics } from './some-topics.ts'

const described = (talk: ReturnType<typeof talkOfNew>) =>
  talk.ask('describeConsumer', { groupId: 'g' }) as any

test('N-1: epoch 0 joins, -1 leaves, -2 leaves for a while, and version 0 alone makes the id', () => {
  const talk = talkOfNew()
  const beat = beatIn(talk)
  const { memberId, memberEpoch } = talk.ask('consumerHeartbeat', joiningNew(''), {
    version: 0,
  }) as any
  expect([memberId.length, memberEpoch]).toEqual([22, 2])
  expect(beat(joiningNew(''))).toBe('error 42')
  expect(beat(beatingNew(memberId, 2))).toBe('2: same')
  const isStatic = { instanceId: 'i' }
  expect(beat(joiningNew('s', isStatic))).toMatch(/^3: /)
  expect(beat(beatingNew('s', -2, undefined, isStatic))).toBe('-2: same')
  expect(described(talk).members.map((each: any) => each.memberEpoch)).toEqual([2, -2])
  expect(beat(beatingNew(memberId, -1))).toBe('-1: same')
  expect(described(talk).members.map((each: any) => each.memberId)).toEqual(['s'])
})

test('N-2: each field that a first heartbeat must have, and none may be empty', () => {
  const talk = talkOfNew()
  const code = (rest: object, version = 1) =>
    (talk.ask('consumerHeartbeat', joiningNew('m', rest), { version }) as any).refused
  const regex = { subscribedTopicNames: null, subscribedTopicRegex: '[' }
  expect([
    code({ groupId: '' }),
    code({ memberId: '' }),
    code({ rebalanceTimeoutMs: -1 }),
    code({ topicPartitions: null }),
    code({ topicPartitions: [{ topicId, partitions: [0] }] }),
    code({ subscribedTopicNames: null }),
    code({ instanceId: '' }),
    code({ rackId: ' ' }),
    code({ memberEpoch: -2 }),
    code({ memberEpoch: -3 }),
    code({ serverAssignor: 'nope' }),
    code(regex),
  ]).toEqual([42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 112, 128])
  expect(talk.machine.groupIds()).toEqual([])
  for (const serverAssignor of ['uniform', 'range'])
    expect(code({ serverAssignor })).toBe(undefined)
})

test('N-3: who is unknown, fenced, or has an instance id that another one has', () => {
  const talk = talkOfNew({ consumerMembersMax: 2 })
  const beat = beatIn(talk)
  expect([beat(beatingNew('a', 1)), beat(beatingNew('a', -1))]).toEqual(['error 69', 'error 69'])
  beat(joiningNew('a', { instanceId: 'i' }))
  beat(joiningNew('b'))
  const isStatic = { instanceId: 'i' }
  expect([
    beat(beatingNew('nobody', -1)),
    beat(beatingNew('b', 9)),
    beat(beatingNew('b', 1)),
    beat(joiningNew('other', isStatic)),
    beat(beatingNew('b', 3, undefined, isStatic)),
    beat(beatingNew('b', -1, undefined, isStatic)),
    beat(joiningNew('c')),
  ]).toEqual(['error 25', 'error 110', 'error 110', 'error 81', 'error 82', 'error 82', 'error 81'])
  talk.settings.consumerMembersMax = 3
  expect(beat(beatingNew('nobody', 2))).toBe('error 25')
  expect(beat(joiningNew('other', isStatic))).toBe('error 111')
  // The answer with the new epoch was lost: once more, with nothing that it was not given.
  expect(beat(beatingNew('a', 2, [0, 1], isStatic))).toBe('3: 0,1')
  expect(beat(beatingNew('a', 2, [0, 1], isStatic))).toBe('3: same')
  expect(beat(beatingNew('a', 2, [0, 3], isStatic))).toBe('error 110')
})

test('N-4: what a heartbeat leaves out is as it was', () => {
  const talk = talkOfNew()
  const beat = beatIn(talk)
  beat(joiningNew('m', { rackId: 'r', serverAssignor: 'range' }))
  const before = described(talk)
  expect(beat(beatingNew('m', 2))).toBe('2: same')
  expect(described(talk)).toEqual(before)
  expect(before.members[0]).toMatchObject({ rackId: 'r', subscribedTopicNames: ['t'] })
  expect(before.assignorName).toBe('range')
})

test('N-5: an answer has the assignment when it changed or the request was full, and the interval', () => {
  const talk = talkOfNew({ consumerHeartbeatIntervalMs: 4_321 })
  const ask = (request: any) => talk.ask('consumerHeartbeat', request) as any
  expect(ask(joiningNew('m'))).toEqual({
    errorCode: 0,
    memberId: 'm',
    memberEpoch: 2,
    heartbeatIntervalMs: 4_321,
    assignment: { topicPartitions: [{ topicId, partitions: [0, 1, 2, 3] }] },
  })
  const full = { rebalanceTimeoutMs: 30_000, subscribedTopicNames: ['t'] }
  expect(ask(beatingNew('m', 2, [0, 1, 2, 3])).assignment).toBe(null)
  expect(ask(beatingNew('m', 2, [0, 1, 2, 3], full)).assignment).not.toBe(null)
})

test('N-6: a join, a leave, a subscription and a topic make a new epoch, and nothing else does', () => {
  const topic = { name: 't', topicId, partitionCount: 4 }
  const topics = new SomeTopics([topic])
  const talk = talkOfNew({}, topics)
  const beat = beatIn(talk)
  const epoch = () => described(talk).groupEpoch
  beat(joiningNew('a'))
  const epochs = [epoch()]
  beat(joiningNew('b'))
  epochs.push(epoch())
  beat(beatingNew('b', 3, undefined, { rebalanceTimeoutMs: 9, rackId: null }))
  epochs.push(epoch())
  beat(beatingNew('b', 3, undefined, { subscribedTopicNames: ['t', 'u'] }))
  epochs.push(epoch())
  topics.list = [{ ...topic, partitionCount: 5 }]
  talk.machine.state.topicsChanged(['t'], false)
  beat(beatingNew('b', 4))
  epochs.push(epoch())
  beat(beatingNew('b', -1))
  epochs.push(epoch())
  expect(epochs).toEqual([2, 3, 3, 4, 5, 6])
})

test('N-6: of assignors that as many ask for it is uniform, but for whoever alone asks for range now', () => {
  /** Of three members the first goes, of the two that asked for range; then this one asks. */
  const given = (asks: 'y' | 'z') => {
    const talk = talkOfNew()
    const beat = beatIn(talk)
    const votes = { x: 'range', y: 'range', z: 'uniform' }
    for (const [id, serverAssignor] of Object.entries(votes))
      beat(joiningNew(id, { serverAssignor }))
    beat(beatingNew('x', -1))
    const { memberEpoch } = described(talk).members.find((each: any) => each.memberId === asks)
    beat(beatingNew(asks, memberEpoch, []))
    const { assignorName, members } = described(talk)
    const [{ targetAssignment }] = members
    return `${assignorName}: ${targetAssignment.topicPartitions[0].partitions.sort().join()}`
  }
  // range gives y the first half; uniform leaves it what it had.
  expect([given('y'), given('z')]).toEqual(['uniform: 0,1', 'uniform: 0,2'])
})

test("an assignor that only a Kafka knows, and wrote into its log, is nobody's choice", () => {
  const talk = talkOfNew()
  const beat = beatIn(talk)
  beat(joiningNew('m', { serverAssignor: 'range' }))
  const { state } = talk.machine
  const member = state.consumerGroup('g')!.members.get('m')!
  talk.machine.apply(memberRecord('g', { ...member, serverAssignor: 'com.example.Mine' }), {
    ...{ offset: talk.log.length, producerId: -1 },
  })
  expect(described(talk).assignorName).toBe('uniform')
  expect(beat(joiningNew('other'))).toBe('3: ')
  expect(beat(beatingNew('m', 2, [0, 1, 2, 3]))).toBe('2: 0,1')
})

test('N-7: what is lost is given up first, and given to others when it is confirmed', () => {
  const talk = talkOfNew()
  const beat = beatIn(talk)
  beat(joiningNew('a'))
  expect(beat(joiningNew('b'))).toBe('3: ')
  expect(beat(beatingNew('a', 2, [0, 1, 2, 3]))).toBe('2: 0,1')
  // Not yet, and not by halves.
  expect(beat(beatingNew('a', 2, [0, 1, 2]))).toBe('2: same')
  expect(beat(beatingNew('b', 3, []))).toBe('3: same')
  expect(beat(beatingNew('a', 2, [0, 1]))).toBe('3: same')
  expect(beat(beatingNew('b', 3, []))).toBe('3: 2,3')
})

test('N-8: who does not give up in its rebalance timeout is put out, and who is not heard of', () => {
  const talk = talkOfNew({ consumerSessionTimeoutMs: 45_000 })
  const beat = beatIn(talk)
  beat(joiningNew('a', { rebalanceTimeoutMs: 20_000 }))
  beat(joiningNew('b'))
  beat(beatingNew('a', 2, [0, 1, 2, 3]))
  talk.advance(19_999)
  expect(beat(beatingNew('a', 2, [0, 1, 2, 3]))).toBe('2: same')
  talk.advance(1)
  expect(beat(beatingNew('a', 2, [0, 1]))).toBe('error 25')
  expect(beat(beatingNew('b', 3, []))).toBe('4: 0,1,2,3')
  talk.advance(44_999)
  expect(described(talk).members.length).toBe(1)
  talk.advance(1)
  expect([described(talk).members.length, described(talk).groupEpoch]).toEqual([0, 5])
})

test('N-9: a static member that left for a while keeps its partitions until its session ends', () => {
  const talk = talkOfNew()
  const beat = beatIn(talk)
  const isStatic = { instanceId: 'i' }
  beat(joiningNew('a', isStatic))
  beat(joiningNew('b'))
  beat(beatingNew('a', 2, [0, 1], isStatic))
  beat(beatingNew('b', 3, []))
  beat(beatingNew('a', -2, undefined, isStatic))
  expect(beat(beatingNew('b', 3, [2, 3]))).toBe('3: same')
  expect(beat(joiningNew('again', isStatic))).toBe('3: 0,1')
  beat(beatingNew('again', -2, undefined, isStatic))
  talk.advance(44_999)
  expect(beat(beatingNew('b', 3, [2, 3]))).toBe('3: same')
  talk.advance(1)
  expect(beat(beatingNew('b', 3, [2, 3]))).toBe('4: 0,1,2,3')
})

const committing = (memberId: string, epoch: number, ...partitions: number[]) => ({
  groupId: 'g',
  generationIdOrMemberEpoch: epoch,
  memberId,
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [
    {
      name: 't',
      topicId,
      partitions: partitions.map((partitionIndex) => ({
        ...{ partitionIndex, committedOffset: 1, committedLeaderEpoch: -1 },
        committedMetadata: null,
      })),
    },
  ],
})

test('N-10, O-9: a commit needs the epoch, or an older one at which each partition was assigned already', () => {
  const talk = talkOfNew()
  const beat = beatIn(talk)
  beat(joiningNew('a'))
  beat(joiningNew('b'))
  beat(beatingNew('a', 2, [0, 1, 2, 3]))
  const code = (request: ReturnType<typeof committing>, version = 9) => {
    const answer = talk.ask('commit', request, { version }) as any
    return answer.refused ?? answer.topics[0].partitions[0].errorCode
  }
  expect([code(committing('a', 2, 0, 3)), code(committing('a', 2, 0), 8)]).toEqual([0, 35])
  beat(beatingNew('a', 2, [0, 1]))
  beat(beatingNew('b', 3, []))
  expect([
    code(committing('a', 3, 0)),
    code(committing('a', 2, 0)),
    code(committing('a', 2, 0, 3)),
    code(committing('a', 4, 0)),
    code(committing('b', 2, 3)),
    code(committing('b', 3, 3)),
    code(committing('nobody', 3, 0)),
    code(committing('', -1, 0)),
  ]).toEqual([0, 0, 113, 113, 113, 0, 25, 25])
  const fetch = (memberId: string | null, memberEpoch: number) =>
    (
      talk.ask('fetch', {
        groupId: 'g',
        memberId,
        memberEpoch,
        topics: null,
        requireStable: true,
      }) as any
    ).refused ?? 0
  expect([fetch('a', 3), fetch('a', 2), fetch('a', 4), fetch('x', 3), fetch(null, -1)]).toEqual([
    0, 113, 113, 25, 0,
  ])
})

test('N-12: what is no consumer group is not found, and a consumer group is no classic one', () => {
  const talk = talkOfNew()
  const commit = { ...committing('', -1, 0), groupId: 'classic' }
  talk.ask('commit', commit)
  beatIn(talk)(joiningNew('m'))
  const code = (
    kind: 'describeConsumer' | 'describeClassic',
    groupId: string,
    version?: number,
  ) => {
    const answer = talk.ask(kind, { groupId }, version ? { version } : {}) as any
    return [answer.errorCode, answer.groupState]
  }
  expect([
    code('describeConsumer', 'none'),
    code('describeConsumer', 'classic'),
    code('describeConsumer', 'g'),
    code('describeClassic', 'g'),
    code('describeClassic', 'g', 5),
    code('describeClassic', 'classic'),
  ]).toEqual([
    [69, ''],
    [69, ''],
    [0, 'Stable'],
    [69, 'Dead'],
    [0, 'Dead'],
    [0, 'Empty'],
  ])
})
