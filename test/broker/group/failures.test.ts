/** What members are told when their group cannot be written, moves or is loaded, and what stays of it. */
import { expect, test } from 'vitest'
import { ErrorCode } from '../../../protocol/errors.ts'
import { beating, committing, fetching, GroupTalk, joining, syncing } from './group-talk.ts'
import { settle } from './manual-env.ts'
import { MemoryJournal } from './memory-journal.ts'

const {
  COORDINATOR_LOAD_IN_PROGRESS,
  COORDINATOR_NOT_AVAILABLE,
  KAFKA_STORAGE_ERROR,
  NOT_COORDINATOR,
  NOT_ENOUGH_REPLICAS,
  NOT_LEADER_OR_FOLLOWER,
  REQUEST_TIMED_OUT,
} = ErrorCode

async function leading(settings = {}): Promise<GroupTalk> {
  const talk = new GroupTalk(settings)
  await talk.lead()
  return talk
}

test('O-5, G-10: a commit without enough replicas is refused with 15 and changes nothing', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  talk.journal.refuses = NOT_ENOUGH_REPLICAS
  expect(await talk.ask('commit', committing('g', 6))).toBe(COORDINATOR_NOT_AVAILABLE)
  expect(await talk.committed('g')).toBe(5)
  talk.journal.refuses = 0
  await talk.ask('commit', committing('g', 7))
  expect(await talk.committed('g')).toBe(7)
})

test('a join that could not be written leaves neither a group nor a member', async () => {
  const talk = await leading()
  talk.journal.refuses = NOT_ENOUGH_REPLICAS
  expect(await talk.ask('join', joining('g'), 3)).toBe(COORDINATOR_NOT_AVAILABLE)
  expect(await talk.listed()).toEqual([])
  talk.journal.refuses = 0
  const joined = await talk.ask('join', joining('g'), 3)
  expect([joined.generationId, joined.members.length]).toEqual([1, 1])
})

test('a sync that could not be written is done again in the same generation', async () => {
  const talk = await leading()
  const { memberId, generationId } = await talk.ask('join', joining('g'), 3)
  talk.journal.refuses = NOT_ENOUGH_REPLICAS
  const sync = syncing('g', memberId, generationId, [memberId])
  expect(await talk.ask('sync', sync)).toBe(COORDINATOR_NOT_AVAILABLE)
  talk.journal.refuses = 0
  const again = await talk.ask('join', joining('g', memberId), 3)
  expect(again.generationId).toBe(generationId)
  expect((await talk.ask('sync', sync)).assignment.toString()).toBe(`of ${memberId}`)
})

test('a member whose leaving could not be written leaves when its session ends', async () => {
  const talk = await leading()
  const { memberEpoch } = await talk.ask('consumerHeartbeat', beating('g', 'm', 0), 1)
  expect(memberEpoch).toBe(2)
  talk.journal.refuses = NOT_ENOUGH_REPLICAS
  const leaving = await talk.ask('consumerHeartbeat', beating('g', 'm', -1), 1)
  expect(leaving).toBe(COORDINATOR_NOT_AVAILABLE)
  await talk.time.advance(60_000)
  const state = async () => (await talk.listed())[0].groupState
  expect(await state()).toBe('Stable')
  talk.journal.refuses = 0
  await talk.time.advance(2_000)
  expect(await state()).toBe('Empty')
})

test('members that are heard of while nothing can be written stay', async () => {
  const talk = await leading()
  const { memberEpoch } = await talk.ask('consumerHeartbeat', beating('g', 'm', 0), 1)
  const classic = await talk.joinAlone('c')
  talk.journal.refuses = NOT_ENOUGH_REPLICAS
  for (let i = 0; i < 12; i++) {
    await talk.time.advance(5_000)
    const beat = await talk.ask('consumerHeartbeat', beating('g', 'm', memberEpoch), 1)
    const { errorCode } = await talk.ask('heartbeat', {
      ...{ groupId: 'c', ...classic },
      groupInstanceId: null,
    })
    expect([beat.errorCode, errorCode]).toEqual([0, 0])
  }
  talk.journal.refuses = 0
  await talk.time.advance(5_000)
  const states = (await talk.listed()).map(({ groupId, groupState }: any) => [groupId, groupState])
  expect(new Map(states)).toEqual(
    new Map([
      ['g', 'Stable'],
      ['c', 'Stable'],
    ]),
  )
})

test('G-10: a failed write answers everybody of its turn with 16, and what was not written is forgotten', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  await talk.ask('commit', committing('h', 6))
  talk.journal.nextAppendError = KAFKA_STORAGE_ERROR
  const asked = [
    talk.send('commit', committing('g', 7)),
    talk.send('commit', committing('h', 8)),
    talk.send('join', joining('new'), 3),
    talk.send('fetch', fetching('g')),
  ]
  await talk.time.advance(0)
  expect(asked.map(({ answer }) => answer)).toEqual(asked.map(() => NOT_COORDINATOR))
  talk.journal.nextAppendError = 0
  await talk.time.advance(1_000)
  expect([await talk.committed('g'), await talk.committed('h')]).toEqual([5, 6])
  expect((await talk.listed()).map(({ groupId }: any) => groupId)).toEqual(['g', 'h'])
})

test('O-4: a commit that is not replicated in time is not acknowledged, and may count later', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  talk.journal.holds = true
  const commit = talk.send('commit', committing('g', 6))
  await talk.time.advance(5_000)
  expect(commit.answer).toBeUndefined()
  talk.journal.release(REQUEST_TIMED_OUT)
  await talk.time.advance(0)
  expect(commit.answer).toBe(COORDINATOR_NOT_AVAILABLE)
  expect(await talk.committed('g')).toBe(6)
})

test('no offset is told before it is committed, nor by a coordinator that has lost its partition', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  talk.journal.holds = true
  const commit = talk.send('commit', committing('g', 6))
  const fetch = talk.send('fetch', fetching('g'))
  await talk.time.advance(1_000)
  expect([commit.answer, fetch.answer]).toEqual([undefined, undefined])
  talk.journal.release(NOT_LEADER_OR_FOLLOWER)
  await talk.time.advance(0)
  expect([commit.answer, fetch.answer]).toEqual([NOT_COORDINATOR, NOT_COORDINATOR])
})

test('who waits to join or to sync is told at once that the coordinator moved', async () => {
  const talk = await leading({ initialRebalanceDelayMs: 3_000 })
  const first = talk.send('join', joining('syncs'), 3)
  const second = talk.send('join', joining('syncs'), 3)
  await talk.time.advance(6_000)
  const joins = [1, 2].map(() => talk.send('join', joining('waits'), 3))
  const follower = [first, second].find(({ answer }) => answer.members.length === 0)!.answer
  const sync = talk.send('sync', syncing('syncs', follower.memberId, follower.generationId))
  await talk.time.advance(0)
  const answers = () => [...joins, sync].map(({ answer }) => answer)
  expect(answers()).toEqual([undefined, undefined, undefined])
  talk.groups.resign(0)
  await settle()
  expect(answers()).toEqual([NOT_COORDINATOR, NOT_COORDINATOR, NOT_COORDINATOR])
  expect(await talk.ask('commit', committing('g', 1))).toBe(NOT_COORDINATOR)
})

test('while groups are loaded all is answered with 14, and then from the log', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  const { memberId, generationId } = await talk.joinAlone('c')
  talk.groups.resign(0)
  let loaded = () => {}
  talk.journal.loading = new Promise((resolve) => {
    loaded = resolve
  })
  await talk.lead(1)
  expect([
    await talk.ask('commit', committing('g', 6)),
    await talk.ask('fetch', fetching('g')),
    await talk.ask('join', joining('new'), 3),
    await talk.ask('consumerHeartbeat', beating('k', 'm', 0), 1),
    await talk.listed(),
  ]).toEqual(Array.from({ length: 5 }, () => COORDINATOR_LOAD_IN_PROGRESS))
  loaded()
  await talk.time.advance(0)
  expect(await talk.committed('g')).toBe(5)
  const sync = await talk.ask('sync', syncing('c', memberId, generationId))
  expect(sync.assignment.toString()).toBe(`of ${memberId}`)
})

test('offsets of a topic that is deleted while they are loaded are forgotten', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  talk.groups.resign(0)
  let loaded = () => {}
  talk.journal.loading = new Promise((resolve) => {
    loaded = resolve
  })
  await talk.lead(1)
  const deleted = [{ name: 't', topicId: 'BBBBBBBBBBBBBBBBBBBBBA' }]
  talk.groups.topicsChanged({ changed: [], deleted, anyCreated: false })
  loaded()
  await talk.time.advance(0)
  expect((await talk.ask('fetch', fetching('g'))).topics).toEqual([])
})

test('a coordinator of an older epoch does not come back, and one of the same epoch does not start anew', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  await talk.lead(2)
  const stale = new MemoryJournal()
  await talk.lead(1, stale)
  await talk.lead(2, stale)
  expect(await talk.committed('g')).toBe(5)
})

test('an upgrade that is too large to be written leaves the classic group as it waits', async () => {
  const talk = await leading()
  const subscription = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 0, 0, 0, 0])
  const join = (memberId = '') => joining('g', memberId, subscription)
  const { memberId } = await talk.ask('join', join(), 3)
  const waits = talk.send('join', join(), 3)
  await talk.time.advance(0)
  talk.journal.batchBytesMax = 200
  const refused = await talk.ask('consumerHeartbeat', beating('g', 'm', 0), 1)
  expect([refused, waits.answer]).toEqual([ErrorCode.UNKNOWN_SERVER_ERROR, undefined])
  talk.journal.batchBytesMax = 1_000_000
  await talk.ask('join', join(memberId), 3)
  expect(waits.answer.generationId).toBe(2)
})

test('offsets of a topic that is deleted after a failed write, before they are loaded again, are forgotten', async () => {
  const talk = await leading()
  await talk.ask('commit', committing('g', 5))
  const fail = async () => {
    talk.journal.nextAppendError = KAFKA_STORAGE_ERROR
    expect(await talk.ask('commit', committing('g', 6))).toBe(NOT_COORDINATOR)
    talk.journal.nextAppendError = 0
  }
  await fail()
  const deleted = [{ name: 't', topicId: 'BBBBBBBBBBBBBBBBBBBBBA' }]
  talk.groups.topicsChanged({ changed: [], deleted, anyCreated: false })
  // Not even when the first attempt to load them fails as well.
  talk.journal.loading = Promise.reject(new Error('the disk is slow'))
  await talk.time.advance(1_000)
  talk.journal.loading = undefined
  await talk.time.advance(1_000)
  expect((await talk.ask('fetch', fetching('g'))).topics).toEqual([])
})

test('a process that stood still hears its members before it puts anybody out', async () => {
  const talk = await leading()
  const { memberEpoch } = await talk.ask('consumerHeartbeat', beating('g', 'm', 0), 1)
  const classic = await talk.joinAlone('c')
  await talk.joinAlone('silent')
  await talk.ask('consumerHeartbeat', beating('silent too', 's', 0), 1)
  talk.time.nowMs += 60_000
  await talk.time.advance(0)
  // Some were waiting in the sockets, others have to connect first.
  const heard = await talk.ask('heartbeat', { groupId: 'c', ...classic, groupInstanceId: null })
  await talk.time.advance(3_000)
  const beat = await talk.ask('consumerHeartbeat', beating('g', 'm', memberEpoch), 1)
  expect([heard.errorCode, beat.errorCode]).toEqual([0, 0])
  await talk.time.advance(3_000)
  const states = (await talk.listed()).map(({ groupId, groupState }: any) => [groupId, groupState])
  expect(Object.fromEntries(states)).toEqual({
    g: 'Stable',
    c: 'Stable',
    silent: 'Empty',
    'silent too': 'Empty',
  })
})
