/**
 * Rules of the classic protocol as Kafka 4.3.1 has them, one by one: who is waited for, who is
 * answered at once, and whose session ends. The conversations as a whole are in `classic-scenarios`.
 */
import { expect, test } from 'vitest'
import {
  beating,
  committing,
  fetching,
  join,
  joining,
  leaving,
  stable,
  syncing,
} from './classic-requests.ts'
import { Conversation } from './conversation.ts'

const state = (talk: Conversation) => talk.machine.state.classicGroup('g')!.state
const code = (answer: any) => answer?.refused ?? answer?.errorCode

test('G-2: an id is asked for before a member without one joins, from version 4 on, and has its form', () => {
  const talk = new Conversation()
  const early = talk.ask('join', joining(), { version: 3, clientId: 'me' }) as any
  const late = talk.ask('join', joining(), { version: 4, clientId: 'me' }) as any
  const isStatic = talk.ask('join', joining('', { groupInstanceId: 'one' }), { version: 5 }) as any
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  expect([early.errorCode, late.errorCode]).toEqual([0, 79])
  expect(late).toMatchObject({ generationId: -1, leader: '', members: [] })
  for (const { memberId } of [early, late]) expect(memberId.slice(3)).toMatch(uuid)
  expect([early.memberId.slice(0, 3), late.memberId.slice(0, 3)]).toEqual(['me-', 'me-'])
  // It waits for the first member.
  expect(isStatic).toBeUndefined()
  expect([...talk.machine.state.classicGroup('g')!.staticMembers.values()][0]!.slice(4)).toMatch(
    uuid,
  )
})

test('G-4: a rebalance waits for who was given an id and has not joined yet, for one session timeout', () => {
  const talk = new Conversation()
  const { ids } = stable(talk, 1)
  expect(code(talk.ask('join', joining()))).toBe(79)
  const again = join(talk, ids[0])
  talk.advance(9_999)
  expect(talk.answer(again)).toBeUndefined()
  talk.advance(1)
  expect(talk.answer(again)).toMatchObject({ errorCode: 0, generationId: 2 })
})

test('G-13: who was given an id can leave without having joined', () => {
  const talk = new Conversation()
  const { memberId } = talk.ask('join', joining()) as any
  expect(talk.ask('leave', leaving(memberId))).toMatchObject({ members: [{ errorCode: 0 }] })
  expect(code(talk.ask('join', joining(memberId)))).toBe(25)
})

test('G-4: the rebalance timeout is the longest of the members', () => {
  const talk = new Conversation()
  const { ids, generationId } = stable(talk, 2, [
    { rebalanceTimeoutMs: 20_000, sessionTimeoutMs: 60_000 },
    { rebalanceTimeoutMs: 40_000, sessionTimeoutMs: 60_000 },
  ])
  const again = join(talk, ids[0], { rebalanceTimeoutMs: 20_000, sessionTimeoutMs: 60_000 })
  talk.advance(39_999)
  expect(talk.answer(again)).toBeUndefined()
  talk.advance(1)
  expect(talk.answer(again).generationId).toBe(generationId + 1)
})

test('G-5: when the leader does not join again another leads, and static members are kept', () => {
  const talk = new Conversation()
  const { ids, leader, generationId } = stable(talk, 3, [
    { sessionTimeoutMs: 60_000 },
    { sessionTimeoutMs: 60_000 },
    { groupInstanceId: 'one', sessionTimeoutMs: 60_000 },
  ])
  expect(leader).toBe(ids[2])
  const again = join(talk, ids[1], {
    sessionTimeoutMs: 60_000,
    protocols: [{ name: 'range', metadata: Buffer.from('new') }],
  })
  talk.advance(30_000)
  const answer = talk.answer(again)
  expect([answer.generationId, answer.leader]).toEqual([generationId + 1, ids[1]])
  expect(answer.members.map(({ memberId }: any) => memberId).sort()).toEqual(
    [ids[1], ids[2]].sort(),
  )
})

test('G-6: a known member that joins again is answered at once where nothing changed, but for the leader', () => {
  const talk = new Conversation()
  const { ids, generationId } = stable(talk, 2)
  const [leader, follower] = ids as [string, string]
  // The answer was lost.
  const lost = talk.ask('join', joining(follower)) as any
  expect([lost.generationId, lost.members, state(talk)]).toEqual([generationId, [], 'Stable'])
  const changed = { protocols: [{ name: 'range', metadata: Buffer.from('other') }] }
  expect(talk.ask('join', joining(follower, changed))).toBeUndefined()
  expect(state(talk)).toBe('PreparingRebalance')
  const again = join(talk, leader)
  talk.advance(0)
  expect(talk.answer(again).generationId).toBe(generationId + 1)
  // While the assignment is awaited: the same again is answered, a change starts anew.
  expect((talk.ask('join', joining(follower, changed)) as any).generationId).toBe(generationId + 1)
  expect(talk.ask('join', joining(follower))).toBeUndefined()
  expect(state(talk)).toBe('PreparingRebalance')
  join(talk, leader)
  talk.advance(0)
  talk.ask('sync', syncing(leader, generationId + 2, ids))
  // The leader may always assign anew.
  join(talk, leader)
  expect(state(talk)).toBe('PreparingRebalance')
})

test('G-7: who waits is alive, and a new member waits for five minutes at most', () => {
  const talk = new Conversation()
  const slow = { rebalanceTimeoutMs: 1_000_000, sessionTimeoutMs: 600_000 }
  const { ids } = stable(talk, 2, [slow, slow])
  const waits = join(talk, ids[0], { ...slow, sessionTimeoutMs: 10_000 })
  const isNew = join(talk, '', slow)
  talk.advance(299_999)
  talk.ask('heartbeat', beating(ids[1]!, 1))
  expect([talk.answer(waits), talk.answer(isNew)]).toEqual([undefined, undefined])
  talk.advance(1)
  expect([talk.answer(waits), code(talk.answer(isNew))]).toEqual([undefined, 25])
})

test('G-8, G-11, G-16: each wrong sync, heartbeat and commit has the error of Kafka', () => {
  const talk = new Conversation()
  const isStatic = { groupInstanceId: 'one' }
  const { ids, generationId } = stable(talk, 2, [{}, isStatic])
  const [member, fixed] = ids as [string, string]
  const sync = (...args: Parameters<typeof syncing>) => code(talk.ask('sync', syncing(...args)))
  const beat = (...args: Parameters<typeof beating>) =>
    code(talk.ask('heartbeat', beating(...args)))
  const commit = (...args: Parameters<typeof committing>) => {
    const answer = talk.ask('commit', committing(...args)) as any
    return answer.refused ?? answer.topics[0].partitions[0].errorCode
  }
  expect([
    [sync('nobody', generationId), beat('nobody', generationId), commit('nobody', generationId, 1)],
    [
      sync(member, generationId + 1),
      beat(member, generationId + 1),
      commit(member, generationId + 1, 1),
    ],
    [
      sync(member, generationId, [], isStatic),
      beat(member, generationId, isStatic),
      commit(member, generationId, 1, isStatic),
    ],
    [
      sync(fixed, generationId, [], { groupInstanceId: 'two' }),
      beat(fixed, generationId, { groupInstanceId: 'two' }),
      commit(fixed, generationId, 1, { groupInstanceId: 'two' }),
    ],
    [
      sync(member, generationId, [], { protocolType: 'connect', protocolName: 'range' }),
      sync(member, generationId, [], { protocolType: 'consumer', protocolName: 'other' }),
    ],
    // Only members commit to a group that has some.
    [commit('', -1, 1)],
  ]).toEqual([[25, 25, 25], [22, 22, 22], [82, 82, 82], [25, 25, 25], [23, 23], [25]])
  // All of them commit while a rebalance waits for them, nobody while the assignment is awaited.
  const again = join(talk, fixed, isStatic)
  expect([beat(member, generationId), sync(member, generationId)]).toEqual([27, 27])
  expect(commit(member, generationId, 5)).toBe(0)
  join(talk, member)
  talk.advance(0)
  expect(talk.answer(again).generationId).toBe(generationId + 1)
  expect([commit(member, generationId + 1, 6), beat(member, generationId + 1)]).toEqual([27, 0])
  expect((talk.ask('fetch', fetching) as any).topics[0].partitions[0].committedOffset).toBe(5)
})

test('G-12: a heartbeat and a commit give a member its session timeout again', () => {
  const talk = new Conversation()
  const { ids, generationId } = stable(talk, 1)
  talk.advance(9_999)
  talk.ask('heartbeat', beating(ids[0]!, generationId))
  talk.advance(9_999)
  talk.ask('commit', committing(ids[0]!, generationId, 1))
  talk.advance(9_999)
  expect(state(talk)).toBe('Stable')
  talk.advance(1)
  expect([state(talk), code(talk.ask('heartbeat', beating(ids[0]!, generationId)))]).toEqual([
    'Empty',
    25,
  ])
})

test('G-13: a static member is removed by its instance id alone, and each of many has its own answer', () => {
  const talk = new Conversation()
  const { ids } = stable(talk, 3, [{ groupInstanceId: 'one' }, { groupInstanceId: 'two' }, {}])
  const of = (memberId: string, groupInstanceId: string | null) => ({
    memberId,
    groupInstanceId,
    reason: null,
  })
  const members = [
    of('', 'one'),
    of('wrong', 'two'),
    of('', 'three'),
    of(ids[2]!, null),
    of('nobody', null),
  ]
  const left = talk.ask('leave', { groupId: 'g', memberId: '', members }) as any
  expect(left.errorCode).toBe(0)
  expect(left.members.map(({ errorCode }: any) => errorCode)).toEqual([0, 82, 25, 0, 25])
  const unknown = talk.ask('leave', { ...leaving('x'), groupId: 'none' }) as any
  expect([unknown.errorCode, unknown.members[0].errorCode]).toEqual([0, 25])
})

test('G-14: a static member that comes back is answered by its version: told not to assign, or not that it leads', () => {
  const back = (version: number) => {
    const talk = new Conversation()
    const isStatic = { groupInstanceId: 'one' }
    const { ids, generationId } = stable(talk, 1, [isStatic])
    const answer = talk.ask('join', joining('', isStatic), { version }) as any
    expect([answer.errorCode, answer.generationId, state(talk)]).toEqual([
      0,
      generationId,
      'Stable',
    ])
    const fenced = talk.ask('heartbeat', beating(ids[0]!, generationId, isStatic))
    expect(code(fenced)).toBe(82)
    const leads = answer.leader === answer.memberId
    return [answer.skipAssignment, leads, answer.leader === ids[0], answer.members.length]
  }
  expect([back(8), back(9)]).toEqual([
    [false, false, true, 0],
    [true, true, false, 1],
  ])
})

test('G-17: a group that is larger than it may be when it is loaded joins again', () => {
  const talk = new Conversation()
  const { ids, generationId } = stable(talk, 3)
  talk.settings.classicMembersMax = 2
  talk.restart()
  expect(state(talk)).toBe('PreparingRebalance')
  expect(code(talk.ask('heartbeat', beating(ids[0]!, generationId)))).toBe(27)
  const joins = ids.map((id) => join(talk, id))
  talk.advance(30_000)
  expect(joins.map((request) => code(talk.answer(request)))).toEqual([0, 0, 81])
})
