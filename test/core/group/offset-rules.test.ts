/**
 * Rules of offsets as Kafka 4.3.1 has them, one by one: O-1 to O-9, O-11 to O-13 and O-15. What a broker adds (topics that
 * do not exist, many groups, failed writes) is in `broker/group/offset-rules`.
 */
import { expect, test } from 'vitest'
import {
  committing,
  fetching,
  join,
  joining,
  leaving,
  stable,
  syncing,
} from './classic-requests.ts'
import { Conversation } from './conversation.ts'
import { SomeTopics } from './some-topics.ts'

const topics = () =>
  new SomeTopics([{ name: 't', topicId: 'BBBBBBBBBBBBBBBBBBBBBA', partitionCount: 4 }])

const commitIn =
  (talk: Conversation) =>
  (memberId: string, generation: number, rest: object = {}, version = 9): number => {
    const answer = talk.ask('commit', committing(memberId, generation, 5, rest), { version }) as any
    return answer.refused ?? answer.topics[0].partitions[0].errorCode
  }

const fetched = (talk: Conversation, rest: object = {}) =>
  talk.ask('fetch', { ...fetching, ...rest }) as any
const offsets = (talk: Conversation) =>
  fetched(talk).topics.flatMap(({ partitions }: any) =>
    partitions.map(({ committedOffset }: any) => committedOffset),
  )

test('O-1: without a generation a group is made by its first commit, and only members commit to one with members', () => {
  const talk = new Conversation()
  const commit = commitIn(talk)
  expect([commit('', 3), commit('', 3, {}, 8), commit('x', 0)]).toEqual([69, 22, 69])
  expect(talk.machine.groupIds()).toEqual([])
  expect([commit('', -1), commit('', -1), offsets(talk)]).toEqual([0, 0, [5]])
  const { ids, generationId } = stable(talk, 1)
  expect([commit('', -1), commit(ids[0]!, generationId)]).toEqual([25, 0])
  talk.ask('leave', leaving(ids[0]!))
  expect([commit('', -1), commit(ids[0]!, generationId)]).toEqual([0, 25])
})

test('O-2: who commits is a member, of this generation, of its own instance id, with an assignment', () => {
  const talk = new Conversation()
  const commit = commitIn(talk)
  const { ids, generationId } = stable(talk, 1, [{ groupInstanceId: 'one' }])
  const isStatic = { groupInstanceId: 'one' }
  expect([
    commit('nobody', generationId),
    commit(ids[0]!, generationId + 1, isStatic),
    commit('nobody', generationId, isStatic),
    commit(ids[0]!, generationId, isStatic),
  ]).toEqual([25, 22, 82, 0])
  // Its leader may assign anew.
  const again = talk.ask('join', joining(ids[0]!, isStatic)) as any
  expect(again.generationId).toBe(generationId + 1)
  expect(commit(ids[0]!, again.generationId, isStatic)).toBe(27)
})

test('O-3: metadata has a limit in characters, offsets have none, and null is stored as nothing', () => {
  const talk = new Conversation({ offsetMetadataMax: 10 })
  const of = (committedOffset: number, committedMetadata: string | null) => {
    const request = committing('', -1, committedOffset)
    const [topic] = request.topics
    const partitions = [{ ...topic!.partitions[0]!, committedMetadata }]
    const answer = talk.ask('commit', { ...request, topics: [{ ...topic!, partitions }] }) as any
    return answer.topics[0].partitions[0].errorCode
  }
  expect([of(1, 'x'.repeat(11)), of(-7, '€'.repeat(10))]).toEqual([12, 0])
  expect(fetched(talk).topics[0].partitions[0]).toMatchObject({
    committedOffset: -7,
    metadata: '€'.repeat(10),
  })
  expect([of(2, null), fetched(talk).topics[0].partitions[0].metadata]).toEqual([0, ''])
})

test('O-4: a commit keeps a member alive, also while a rebalance waits for it', () => {
  const talk = new Conversation()
  const commit = commitIn(talk)
  const { ids, generationId } = stable(talk, 2)
  const session = 10_000
  talk.advance(session - 1)
  for (const id of ids) expect(commit(id, generationId)).toBe(0)
  const waits = join(talk, ids[1], { protocols: [{ name: 'range', metadata: Buffer.from('new') }] })
  talk.advance(session - 1)
  expect([commit(ids[0]!, generationId), talk.answer(waits)]).toEqual([0, undefined])
  talk.advance(session - 1)
  expect(commit(ids[0]!, generationId)).toBe(0)
  talk.advance(session)
  expect(talk.answer(waits)).toMatchObject({ errorCode: 0, generationId: generationId + 1 })
})

test('O-6: a commit of before version 5 may say how long it is kept, and expires by that alone', () => {
  const talk = new Conversation({ offsetsRetentionMs: 10 }, topics())
  const commit = commitIn(talk)
  expect(commit('', -1, { retentionTimeMs: 5_000 }, 4)).toBe(0)
  const { value } = talk.log.at(-1)!
  // Version 1 of the stored value has the time at which it ends.
  expect([value!.readInt16BE(0), Number(value!.readBigInt64BE(value!.length - 8))]).toEqual([
    1,
    talk.nowMs + 5_000,
  ])
  talk.advance(4_999)
  talk.occur({ kind: 'expire', groupId: 'g' })
  expect(offsets(talk)).toEqual([5])
  talk.advance(1)
  talk.occur({ kind: 'expire', groupId: 'g' })
  expect([offsets(talk), talk.machine.groupIds()]).toEqual([[], []])
})

test('O-7: where nothing is stored the offset is -1 and no error, and null asks for all that is', () => {
  const talk = new Conversation({}, topics())
  const asked = [{ name: 'x', topicId: 'A'.repeat(22), partitionIndexes: [7] }]
  const none = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 }
  const answer = {
    ...{ groupId: 'g', errorCode: 0 },
    topics: [{ name: 'x', topicId: 'A'.repeat(22), partitions: [{ partitionIndex: 7, ...none }] }],
  }
  expect(fetched(talk, { topics: asked })).toEqual(answer)
  commitIn(talk)('', -1)
  expect(fetched(talk, { topics: asked })).toEqual(answer)
  expect(fetched(talk).topics.map(({ name }: any) => name)).toEqual(['t'])
})

test('O-8: an offset of a transaction that is open is unstable, to whoever asks for what is stable', () => {
  const talk = new Conversation({}, topics())
  commitIn(talk)('', -1)
  const value = {
    ...{ offset: 9, leaderEpoch: -1, metadata: '', commitTimestamp: 1, expireTimestamp: -1 },
    topicId: 'A'.repeat(22),
  }
  const key = { group: 'g', topic: 't', partition: 0 }
  talk.machine.apply({ kind: 'offset', key, value }, { offset: 1, producerId: 7 })
  const partition = (requireStable: boolean) =>
    fetched(talk, { requireStable }).topics[0].partitions[0]
  expect(partition(true)).toMatchObject({ errorCode: 88, committedOffset: -1 })
  expect(partition(false)).toMatchObject({ errorCode: 0, committedOffset: 5 })
  talk.machine.endTransaction(7, true)
  expect(partition(true)).toMatchObject({ errorCode: 0, committedOffset: 9 })
})

test('O-11: offsets of a topic that the group reads stay, those of others go', () => {
  const talk = new Conversation({}, topics())
  const remove = (name: string) => {
    const request = { groupId: 'g', topics: [{ name, partitions: [{ partitionIndex: 0 }] }] }
    const answer = talk.ask('deleteOffsets', request) as any
    return answer.refused ?? answer.topics[0].partitions[0].errorCode
  }
  expect(remove('t')).toBe(69)
  // The group reads t.
  const { ids, generationId } = stable(talk, 1)
  const other = { topics: [{ ...committing('', -1, 1).topics[0]!, name: 'other' }] }
  commitIn(talk)(ids[0]!, generationId)
  commitIn(talk)(ids[0]!, generationId, other)
  expect([remove('t'), remove('other'), offsets(talk)]).toEqual([86, 0, [5]])
  talk.ask('leave', leaving(ids[0]!))
  expect([remove('t'), offsets(talk)]).toEqual([0, []])
  const connect = { protocolType: 'connect' }
  const joined = talk.ask('join', { ...joining('', connect), groupId: 'c' }, { version: 3 }) as any
  talk.ask('sync', { ...syncing(joined.memberId, 1), groupId: 'c' })
  const request = { groupId: 'c', topics: [] }
  expect(talk.ask('deleteOffsets', request)).toEqual({ refused: 68 })
})

test('O-12: offsets age from when the group became empty, of topics not read from their commit, and pending ones never', () => {
  const talk = new Conversation({ offsetsRetentionMs: 1_000 }, topics())
  const expire = () => talk.occur({ kind: 'expire', groupId: 'g' })
  const { ids, generationId } = stable(talk, 1, [{ sessionTimeoutMs: 1_800_000 }])
  const other = { topics: [{ ...committing('', -1, 1).topics[0]!, name: 'other' }] }
  commitIn(talk)(ids[0]!, generationId)
  commitIn(talk)(ids[0]!, generationId, other)
  expect(offsets(talk)).toEqual([5, 1])
  talk.advance(1_000)
  expire()
  // Of `t` it is read still.
  expect(offsets(talk)).toEqual([5])
  talk.advance(100_000)
  talk.ask('leave', leaving(ids[0]!))
  talk.advance(999)
  expire()
  expect(offsets(talk)).toEqual([5])
  talk.advance(1)
  expire()
  expect([offsets(talk), talk.machine.groupIds()]).toEqual([[], []])
  // The group is gone from the log as well.
  expect(talk.reloaded().groupIds()).toEqual([])
  const value = {
    ...{ offset: 9, leaderEpoch: -1, metadata: '', commitTimestamp: 1, expireTimestamp: -1 },
    topicId: 'A'.repeat(22),
  }
  const key = { group: 'g', topic: 't', partition: 0 }
  commitIn(talk)('', -1)
  talk.machine.apply({ kind: 'offset', key, value }, { offset: 99, producerId: 7 })
  talk.advance(1_000)
  expire()
  expect(talk.machine.groupIds()).toEqual(['g'])
  talk.machine.endTransaction(7, false)
  expire()
  expect(talk.machine.groupIds()).toEqual([])
})

test('O-13: a topic takes its offsets with it, and one that has its name later starts without', () => {
  const talk = new Conversation({}, topics())
  commitIn(talk)('', -1)
  talk.occur({ kind: 'topicsDeleted', topics: [{ name: 't', topicId: 'BBBBBBBBBBBBBBBBBBBBBA' }] })
  expect([offsets(talk), talk.log.at(-1)!.value]).toEqual([[], null])
})

test('O-15: a group is described whole where it is stable, listed by filters without case, and deleted when empty', () => {
  const talk = new Conversation({}, topics())
  const describe = (groupId: string, version: number) =>
    talk.ask('describeClassic', { groupId }, { version }) as any
  expect([describe('none', 5), describe('none', 6)]).toMatchObject([
    { errorCode: 0, groupState: 'Dead', members: [] },
    { errorCode: 69, groupState: 'Dead', members: [] },
  ])
  const { ids, generationId } = stable(talk, 1)
  const described = describe('g', 6)
  expect(described).toMatchObject({
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'range',
  })
  expect(described.members[0]).toMatchObject({ clientHost: '/127.0.0.1', memberId: ids[0] })
  expect(described.members[0].memberAssignment.toString()).toBe(`of ${ids[0]}`)
  const list = (statesFilter: string[], typesFilter: string[] = []) =>
    (talk.ask('list', { statesFilter, typesFilter }) as any).length
  expect([
    list([]),
    list(['sTaBlE']),
    list(['Empty']),
    list(['nonsense']),
    list([], ['CLASSIC']),
    list([], ['consumer']),
    list([], ['nonsense']),
  ]).toEqual([1, 1, 0, 0, 1, 0, 0])
  const remove = (groupId: string) => (talk.ask('delete', { groupId }) as any).errorCode
  join(talk, '', {}, { version: 3 })
  const waiting = describe('g', 6)
  expect([
    waiting.groupState,
    waiting.protocolData,
    waiting.members[0].memberMetadata.length,
  ]).toEqual(['PreparingRebalance', '', 0])
  expect([remove('g'), remove('none'), generationId]).toEqual([68, 69, 1])
})
