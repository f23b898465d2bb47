import { describe, expect, test } from 'vitest'
import { ErrorCode } from '../../../protocol/errors.ts'
import { committing, fetching } from './classic-requests.ts'
import { type AskOptions, Conversation } from './conversation.ts'
import { SomeTopics } from './some-topics.ts'

const nothing = Buffer.alloc(0)
/** A version 0 subscription to topic `t`. */
const subscription = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255])

interface JoinOptions extends AskOptions {
  memberId?: string
  instanceId?: string | null
  metadata?: Buffer
  names?: string[]
  sessionTimeoutMs?: number
}

const joining = ({ memberId = '', instanceId = null, ...rest }: JoinOptions = {}) => ({
  groupId: 'g',
  sessionTimeoutMs: rest.sessionTimeoutMs ?? 10_000,
  rebalanceTimeoutMs: 30_000,
  memberId,
  groupInstanceId: instanceId,
  protocolType: 'consumer',
  protocols: (rest.names ?? ['range']).map((name) => ({
    name,
    metadata: rest.metadata ?? subscription,
  })),
  reason: null,
})

const syncing = (
  memberId: string,
  generationId: number,
  assigned: Record<string, string> = {},
  groupInstanceId: string | null = null,
) => ({
  groupId: 'g',
  generationId,
  memberId,
  groupInstanceId,
  protocolType: null,
  protocolName: null,
  assignments: Object.entries(assigned).map(([memberId, text]) => ({
    memberId,
    assignment: Buffer.from(text),
  })),
})

const beating = (
  memberId: string,
  generationId: number,
  groupInstanceId: string | null = null,
) => ({
  groupId: 'g',
  generationId,
  memberId,
  groupInstanceId,
})

/** Two members of a stable group: `a` leads. */
function twoMembers(talk: Conversation) {
  const a = (talk.ask('join', joining(), { version: 3 }) as any).memberId as string
  talk.ask('sync', syncing(a, 1, { [a]: 'first' }))
  const second = talk.send('join', joining(), { version: 3 })
  expect(talk.ask('heartbeat', beating(a, 1))).toEqual({
    errorCode: ErrorCode.REBALANCE_IN_PROGRESS,
  })
  const again = talk.ask('join', joining({ memberId: a })) as any
  const b = talk.answer(second).memberId as string
  expect([again.generationId, again.leader, again.members.length]).toEqual([2, a, 2])
  const waits = talk.send('sync', syncing(b, 2))
  expect(talk.answer(waits)).toBeUndefined()
  expect(talk.ask('sync', syncing(a, 2, { [a]: 'A', [b]: 'B', stranger: 'S' }))).toEqual({
    errorCode: 0,
    protocolType: 'consumer',
    protocolName: 'range',
    assignment: Buffer.from('A'),
  })
  expect(talk.answer(waits).assignment.toString()).toBe('B')
  return { a, b }
}

describe('a classic group', () => {
  test('takes a second member in by a rebalance, and the leader assigns to both', () => {
    twoMembers(new Conversation())
  })

  test('gives offsets of topics away that no member reads, whatever a member leaves out of its subscription', () => {
    const talk = new Conversation()
    // Version 1 without the partitions that it owns, as @platformatic/kafka writes it.
    const metadata = Buffer.from([0, 1, 0, 0, 0, 1, 0, 1, 117, 255, 255, 255, 255])
    const { memberId } = talk.ask('join', joining({ metadata }), { version: 3 }) as any
    talk.ask('sync', syncing(memberId, 1, { [memberId]: 'all' }))
    talk.ask('commit', committing(memberId, 1, 7))
    const topics = ['t', 'u'].map((name) => ({ name, partitions: [{ partitionIndex: 0 }] }))
    expect(talk.ask('deleteOffsets', { groupId: 'g', topics })).toEqual({
      errorCode: 0,
      topics: [
        { name: 't', partitions: [{ partitionIndex: 0, errorCode: 0 }] },
        {
          name: 'u',
          partitions: [{ partitionIndex: 0, errorCode: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC }],
        },
      ],
    })
    expect((talk.ask('fetch', fetching) as any).topics).toEqual([])
  })

  test('waits for more members before its first generation', () => {
    const talk = new Conversation({ initialRebalanceDelayMs: 3_000 })
    const first = talk.send('join', joining(), { version: 3 })
    talk.advance(2_000)
    const second = talk.send('join', joining(), { version: 3 })
    talk.advance(1_000)
    expect(talk.answer(first)).toBeUndefined()
    talk.advance(3_000)
    expect([talk.answer(first).generationId, talk.answer(second).generationId]).toEqual([1, 1])
    expect(talk.answer(first).members).toHaveLength(2)
    expect(talk.answer(second).members).toEqual([])
  })

  test('rebalances when a member leaves, and again when one is not heard of', () => {
    const talk = new Conversation()
    const { a, b } = twoMembers(talk)
    const members = [{ memberId: b, groupInstanceId: null, reason: null }]
    const leaving = { groupId: 'g', memberId: '', members }
    expect(talk.ask('leave', leaving)).toEqual({
      errorCode: 0,
      members: [{ memberId: b, groupInstanceId: null, errorCode: 0 }],
    })
    expect(talk.ask('heartbeat', beating(a, 2))).toEqual({ errorCode: 27 })
    expect((talk.ask('join', joining({ memberId: a })) as any).generationId).toBe(3)
    talk.ask('sync', syncing(a, 3, { [a]: 'A' }))
    talk.advance(9_999)
    expect(talk.ask('heartbeat', beating(a, 3))).toEqual({ errorCode: 0 })
    talk.advance(10_001)
    expect(talk.ask('heartbeat', beating(a, 3))).toEqual({ refused: 25 })
    expect(talk.ask('describeClassic', { groupId: 'g' })).toMatchObject({
      groupState: 'Empty',
      members: [],
    })
  })

  test('puts out who does not join again in the rebalance timeout', () => {
    const talk = new Conversation()
    const { a, b } = twoMembers(talk)
    const again = talk.send('join', joining({ memberId: a, metadata: Buffer.from('new') }))
    for (let i = 0; i < 6; i++) {
      expect(talk.ask('heartbeat', beating(b, 2))).toEqual({ errorCode: 27 })
      talk.advance(5_000)
    }
    expect(talk.answer(again)).toMatchObject({ generationId: 3, members: [{ memberId: a }] })
    expect(talk.ask('heartbeat', beating(b, 2))).toEqual({ refused: 25 })
  })

  test('G-9: puts out who joined and does not sync', () => {
    const talk = new Conversation()
    const { a, b } = twoMembers(talk)
    const ask = () => [a, b].map((memberId) => talk.send('join', joining({ memberId })))
    const [first] = ask()
    expect(talk.answer(first!).generationId).toBe(3)
    const waits = talk.send('sync', syncing(b, 3))
    for (let i = 0; i < 6; i++) {
      talk.ask('heartbeat', beating(a, 3))
      talk.advance(5_000)
    }
    expect(talk.answer(waits)).toMatchObject({ errorCode: 27 })
    expect(talk.ask('heartbeat', beating(a, 3))).toEqual({ refused: 25 })
    expect((talk.ask('join', joining({ memberId: b })) as any).leader).toBe(b)
  })

  test('refuses the commit of a zombie, and keeps the offsets that count', () => {
    const talk = new Conversation()
    const { a, b } = twoMembers(talk)
    talk.ask('commit', committing(b, 2, 10))
    talk.advance(8_000)
    talk.ask('heartbeat', beating(a, 2))
    talk.advance(8_000)
    expect(talk.ask('heartbeat', beating(a, 2))).toEqual({ errorCode: 27 })
    expect((talk.ask('join', joining({ memberId: a })) as any).generationId).toBe(3)
    expect(talk.ask('commit', committing(b, 2, 5))).toEqual({ refused: 25 })
    expect(talk.ask('commit', committing(a, 2, 5))).toEqual({ refused: 22 })
    expect(talk.ask('commit', committing(a, 3, 12))).toEqual({ refused: 27 })
    talk.ask('sync', syncing(a, 3, { [a]: 'A' }))
    talk.ask('commit', committing(a, 3, 12))
    expect(talk.ask('fetch', fetching)).toMatchObject({
      topics: [{ name: 't', partitions: [{ committedOffset: 12 }] }],
    })
  })

  test('lets a static member come back without a rebalance, and fences its old self', () => {
    const talk = new Conversation()
    const first = talk.ask('join', joining({ instanceId: 'i' })) as any
    talk.ask('sync', syncing(first.memberId, 1, { [first.memberId]: 'mine' }, 'i'))
    const back = talk.ask('join', joining({ instanceId: 'i' })) as any
    expect([back.generationId, back.leader, back.skipAssignment]).toEqual([1, back.memberId, true])
    expect(back.members).toHaveLength(1)
    expect(talk.ask('heartbeat', beating(first.memberId, 1, 'i'))).toEqual({ refused: 82 })
    talk.restart()
    expect(talk.ask('sync', syncing(back.memberId, 1, {}, 'i'))).toMatchObject({
      assignment: Buffer.from('mine'),
    })
    const old = talk.ask('join', joining({ instanceId: 'i' }), { version: 8 }) as any
    expect([old.leader, old.skipAssignment, old.members]).toEqual([back.memberId, false, []])
  })

  test('G-17: goes on after the coordinator moved, with what was written', () => {
    const talk = new Conversation()
    const { a, b } = twoMembers(talk)
    talk.ask('commit', committing(a, 2, 7))
    talk.restart()
    expect(talk.ask('heartbeat', beating(a, 2))).toEqual({ errorCode: 0 })
    expect((talk.ask('sync', syncing(b, 2)) as any).assignment.toString()).toBe('B')
    expect(talk.ask('fetch', fetching)).toMatchObject({
      topics: [{ partitions: [{ committedOffset: 7 }] }],
    })
  })

  test('comes back in its last written generation when the coordinator moved in a rebalance', () => {
    const talk = new Conversation()
    const { a, b } = twoMembers(talk)
    for (const memberId of [a, b])
      talk.send('join', joining({ memberId, metadata: Buffer.from('x') }))
    talk.restart()
    expect(talk.ask('sync', syncing(a, 3, { [a]: 'A' }))).toEqual({ refused: 22 })
    expect(talk.ask('heartbeat', beating(b, 2))).toEqual({ errorCode: 0 })
  })

  test('G-15: allows two quick generations, as cooperative members need them', () => {
    const talk = new Conversation()
    const { a, b } = twoMembers(talk)
    for (const generation of [3, 4]) {
      const metadata = Buffer.from(`owned in ${generation}`)
      const waits = talk.send('join', joining({ memberId: b, metadata }))
      expect(talk.ask('join', joining({ memberId: a, metadata }))).toMatchObject({
        generationId: generation,
        leader: a,
      })
      expect(talk.answer(waits).generationId).toBe(generation)
      const sync = talk.send('sync', syncing(b, generation))
      talk.ask('sync', syncing(a, generation, { [a]: 'A', [b]: `B${generation}` }))
      expect(talk.answer(sync).assignment.toString()).toBe(`B${generation}`)
    }
  })

  test('takes the protocol that most members like best among those that all support', () => {
    const talk = new Conversation()
    const names = [
      ['x', 'y'],
      ['y', 'x'],
      ['y', 'z', 'x'],
    ]
    const { memberId } = talk.ask('join', joining({ names: names[0]! }), { version: 3 }) as any
    for (const own of names.slice(1)) talk.send('join', joining({ names: own }), { version: 3 })
    const again = talk.ask('join', joining({ memberId, names: names[0]! })) as any
    expect([again.protocolName, again.members.length]).toEqual(['y', 3])
    const alien = joining({ names: ['z'] })
    expect(talk.ask('join', alien, { version: 3 })).toMatchObject({ errorCode: 23 })
  })

  test('refuses an assignment that its log does not take, and goes on', () => {
    const talk = new Conversation({ recordBytesMax: 1_000 })
    const { memberId } = talk.ask('join', joining(), { version: 3 }) as any
    const large = talk.ask('sync', syncing(memberId, 1, { [memberId]: 'x'.repeat(2_000) }))
    expect(large).toEqual({ errorCode: -1, assignment: nothing })
    expect((talk.ask('join', joining({ memberId })) as any).generationId).toBe(2)
    const small = talk.ask('sync', syncing(memberId, 2, { [memberId]: 'x' }))
    expect(small).toMatchObject({ errorCode: 0 })
  })

  test('has no more members than group.max.size', () => {
    const talk = new Conversation({ classicMembersMax: 2 })
    twoMembers(talk)
    expect(talk.ask('join', joining(), { version: 3 })).toMatchObject({ errorCode: 81 })
  })

  test('is deleted with its offsets when it is old and empty', () => {
    const day = 24 * 3_600_000
    const topics = new SomeTopics([{ name: 't', topicId: `${'A'.repeat(21)}Q`, partitionCount: 1 }])
    const talk = new Conversation({ offsetsRetentionMs: day }, topics)
    talk.ask('commit', committing('', -1, 3))
    talk.advance(day - 1)
    talk.occur({ kind: 'expire', groupId: 'g' })
    expect(talk.ask('list', { statesFilter: [], typesFilter: [] })).toHaveLength(1)
    talk.advance(1)
    talk.occur({ kind: 'expire', groupId: 'g' })
    expect(talk.ask('list', { statesFilter: [], typesFilter: [] })).toEqual([])
    expect(talk.reloaded().groupIds()).toEqual([])
  })

  test('forgets the offsets of a topic that is deleted', () => {
    const talk = new Conversation()
    talk.ask('commit', committing('', -1, 3))
    talk.occur({ kind: 'topicsDeleted', topics: [{ name: 't', topicId: `${'A'.repeat(21)}Q` }] })
    expect(talk.ask('fetch', fetching)).toMatchObject({ topics: [] })
  })

  test('does not show offsets of a topic that had the name before', () => {
    const topicIds = ['Q', 'g'].map((last) => `${'A'.repeat(21)}${last}`) as [string, string]
    const of = (topicId: string) => [{ name: 't', topicId, partitionCount: 1 }]
    const topics = new SomeTopics(of(topicIds[0]))
    const talk = new Conversation({}, topics)
    const commit = committing('', -1, 3)
    talk.ask('commit', { ...commit, topics: [{ ...commit.topics[0]!, topicId: topicIds[0] }] })
    expect((talk.ask('fetch', fetching) as any).topics).toHaveLength(1)
    topics.list = of(topicIds[1])
    expect((talk.ask('fetch', fetching) as any).topics).toEqual([])
  })

  test('shows the offset of a transaction when it is committed, unless a later one is there', () => {
    const talk = new Conversation()
    const record = (offset: number) => ({
      kind: 'offset' as const,
      key: { group: 'g', topic: 't', partition: 0 },
      value: {
        offset,
        leaderEpoch: -1,
        metadata: '',
        commitTimestamp: 1,
        expireTimestamp: -1,
        topicId: 'A'.repeat(22),
      },
    })
    const committed = () => (talk.ask('fetch', { ...fetching, requireStable: false }) as any).topics
    talk.machine.apply(record(5), { offset: 0, producerId: 9 })
    expect(committed()).toEqual([])
    talk.machine.endTransaction(9, true)
    expect(committed()[0].partitions[0].committedOffset).toBe(5)
    talk.machine.apply(record(7), { offset: 1, producerId: 9 })
    expect(talk.ask('fetch', fetching)).toMatchObject({
      topics: [{ partitions: [{ errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT }] }],
    })
    talk.machine.apply(record(6), { offset: 2, producerId: -1 })
    talk.machine.endTransaction(9, true)
    expect(committed()[0].partitions[0].committedOffset).toBe(6)
  })
})
