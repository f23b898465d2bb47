/** What no honest client asks: Kafka's codes, bounded memory, and other groups go on (FAULTS I14, I12). */
import { beforeEach, expect, test } from 'vitest'
import { ErrorCode } from '../../../protocol/errors.ts'
import { beating, committing, fetching, GroupTalk, joining, syncing } from './group-talk.ts'

const MiB = 1024 * 1024
let talk: GroupTalk
let other: { memberId: string; generationId: number }
beforeEach(async () => {
  talk = new GroupTalk()
  await talk.lead()
  other = await talk.joinAlone('other')
})

/** Another group with a member commits and is stable. */
async function expectOtherUndisturbed(): Promise<void> {
  const { memberId, generationId } = other
  await talk.ask('commit', committing('other', 7, memberId, generationId))
  const heartbeat = { groupId: 'other', memberId, generationId, groupInstanceId: null }
  const { errorCode } = await talk.ask('heartbeat', heartbeat)
  expect([errorCode, await talk.committed('other')]).toEqual([0, 7])
}

test('G-1: requests out of bounds are refused with the codes of Kafka', async () => {
  const { memberId, generationId } = await talk.joinAlone('g')
  const join = (change: object) => talk.ask('join', { ...joining('g'), ...change }, 3)
  const code = (answer: any) => answer.errorCode ?? answer
  const commit = committing('g', 1, memberId, generationId)
  const long = structuredClone(commit) as any
  long.topics[0].partitions[0].committedMetadata = 'x'.repeat(4097)
  expect([
    code(await join({ groupId: '' })),
    code(await join({ sessionTimeoutMs: 5_999 })),
    code(await join({ sessionTimeoutMs: 1_800_001 })),
    code(await join({ memberId: 'foreign' })),
    code(await join({ protocolType: 'connect' })),
    code(await join({ protocols: [] })),
    code(await join({ protocols: [{ name: 'unknown', metadata: Buffer.alloc(0) }] })),
    code(await talk.ask('sync', syncing('g', memberId, generationId + 1))),
    code(await talk.ask('sync', syncing('g', 'foreign', generationId))),
    code(await talk.ask('commit', committing('g', 1, memberId, generationId + 1))),
    code(await talk.ask('commit', committing('g', 1, 'foreign', generationId))),
    (await talk.ask('commit', long)).topics[0].partitions[0].errorCode,
  ]).toEqual([
    ErrorCode.INVALID_GROUP_ID,
    ErrorCode.INVALID_SESSION_TIMEOUT,
    ErrorCode.INVALID_SESSION_TIMEOUT,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.OFFSET_METADATA_TOO_LARGE,
  ])
  expect((await talk.ask('fetch', fetching('g'))).topics).toEqual([])
  await expectOtherUndisturbed()
})

test('G-10: an assignment of 100 MiB is refused, and the group starts anew', async () => {
  const { memberId, generationId } = await talk.ask('join', joining('g'), 3)
  const sync = syncing('g', memberId, generationId, [memberId])
  const huge = { memberId, assignment: Buffer.alloc(100 * MiB) }
  const before = talk.journal.endOffset
  const { errorCode } = await talk.ask('sync', { ...sync, assignments: [huge] })
  expect([errorCode, talk.journal.endOffset]).toEqual([ErrorCode.UNKNOWN_SERVER_ERROR, before])
  await expectOtherUndisturbed()
  const again = await talk.ask('join', joining('g', memberId), 3)
  const smaller = syncing('g', memberId, again.generationId, [memberId])
  expect((await talk.ask('sync', smaller)).assignment.toString()).toBe(`of ${memberId}`)
})

test('subscriptions that no record could hold are not kept', async () => {
  const metadata = Buffer.alloc(4 * MiB)
  const answers = []
  for (let i = 0; i < 10; i++)
    answers.push(talk.send('join', joining(i < 5 ? 'g' : 'h', '', metadata), 3))
  await talk.time.advance(0)
  const refused = answers.filter(({ answer }) => answer?.errorCode === -1)
  expect(refused.length).toBe(6)
  await expectOtherUndisturbed()
})

test('a member cannot speak as another, nor with the instance id of another', async () => {
  const join = (groupInstanceId: string) => ({ ...joining('g'), groupInstanceId })
  const first = talk.send('join', join('one'), 5)
  const second = talk.send('join', join('two'), 5)
  await talk.time.advance(0)
  const [one, two] = [first.answer.memberId, second.answer.memberId]
  const { generationId } = second.answer
  await talk.ask('sync', syncing('g', one, generationId, [one, two]))
  const as = (memberId: string, groupInstanceId: string) => ({ memberId, groupInstanceId })
  const beat = (who: object) => talk.ask('heartbeat', { groupId: 'g', generationId, ...who } as any)
  const members = [{ ...as(one, 'two'), reason: null }]
  const left = await talk.ask('leave', { groupId: 'g', memberId: '', members })
  const commit = { ...committing('g', 1, one, generationId), groupInstanceId: 'two' }
  expect([
    await beat(as(one, 'two')),
    await beat(as(one, 'nobody')),
    left.members[0].errorCode,
    await talk.ask('sync', { ...syncing('g', one, generationId), groupInstanceId: 'two' }),
    await talk.ask('commit', commit),
    (await beat(as(one, 'one'))).errorCode,
  ]).toEqual([82, 25, 82, 82, 82, 0])
  await expectOtherUndisturbed()
})

test('ids that are given out and never used fill no memory', async () => {
  const settings = { recordBytesMax: 8_000 }
  talk = new GroupTalk(settings)
  await talk.lead()
  other = await talk.joinAlone('other')
  const joins = Array.from({ length: 3_000 }, () => talk.send('join', joining('g'), 4))
  await talk.time.advance(0)
  const codes = joins.map(({ answer }) => answer.errorCode)
  const count = (code: number) => codes.filter((each) => each === code).length
  const { MEMBER_ID_REQUIRED, UNKNOWN_SERVER_ERROR } = ErrorCode
  expect([count(MEMBER_ID_REQUIRED), count(UNKNOWN_SERVER_ERROR)]).toEqual([1_001, 1_999])
  await expectOtherUndisturbed()
  await talk.time.advance(11_000)
  expect((await talk.ask('join', joining('g'), 4)).errorCode).toBe(MEMBER_ID_REQUIRED)
})

test('ten thousand members of the classic protocol join and leave at once', async () => {
  const joins = Array.from({ length: 10_000 }, () => talk.send('join', joining('g'), 3))
  await expectOtherUndisturbed()
  const leader = joins[0]!.answer.memberId
  const again = talk.send('join', joining('g', leader), 3)
  await talk.time.advance(1)
  const ids = joins.map(({ answer }) => answer.memberId)
  const { generationId, members } = again.answer
  expect([generationId, members.length]).toEqual([1, 10_000])
  const leave = (memberId: string) => ({
    groupId: 'g',
    memberId: '',
    members: [{ memberId, groupInstanceId: null, reason: null }],
  })
  const left = ids.map((memberId) => talk.send('leave', leave(memberId)))
  await expectOtherUndisturbed()
  expect(left.every(({ answer }) => answer.errorCode === 0)).toBe(true)
  const listed = (await talk.listed()).find(({ groupId }: any) => groupId === 'g')
  expect(listed.groupState).toBe('Empty')
  expect((await describe()).waiting).toBe(0)
})

test('ten thousand members of the new protocol join and leave at once', async () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `member-${i}`)
  const joins = ids.map((id) => talk.send('consumerHeartbeat', beating('g', id, 0), 1))
  await expectOtherUndisturbed()
  expect(joins.every(({ answer }) => answer.errorCode === 0)).toBe(true)
  const leaves = ids.map((id) => talk.send('consumerHeartbeat', beating('g', id, -1), 1))
  await expectOtherUndisturbed()
  expect(leaves.every(({ answer }) => answer.errorCode === 0)).toBe(true)
  const listed = (await talk.listed()).find(({ groupId }: any) => groupId === 'g')
  expect(listed.groupState).toBe('Empty')
})

const describe = async () => talk.groups.describe() as { waiting: number }
