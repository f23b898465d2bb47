/** What does not go into one batch of the journal: it is written in parts, or not at all, and other groups go on. */
import { beforeEach, expect, test } from 'vitest'
import { beating, committing, GroupTalk, joining, syncing } from './group-talk.ts'

let talk: GroupTalk
let loads: number
async function begin(settings: object = {}): Promise<void> {
  talk = new GroupTalk(settings)
  const { load } = talk.journal
  loads = 0
  talk.journal.load = (take) => {
    loads++
    return load.call(talk.journal, take)
  }
  await talk.lead()
}
beforeEach(() => begin())

async function expectOtherUndisturbed(other: { memberId: string; generationId: number }) {
  const { memberId, generationId } = other
  await talk.ask('commit', committing('other', 7, memberId, generationId))
  expect([await talk.committed('other'), loads]).toEqual([7, 1])
}

const offset = (partitionIndex: number) => ({
  ...{ partitionIndex, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null },
})

test('a deleted topic takes all its offsets with it, more than one batch can name', async () => {
  const partitions = Array.from({ length: 40 }, (_, i) => offset(i))
  for (let i = 0; i < 20; i++) {
    const request = committing(`g${i}`, 1)
    await talk.ask('commit', { ...request, topics: [{ ...request.topics[0]!, partitions }] })
  }
  talk.journal.batchBytesMax = 2_000
  const deleted = [{ name: 't', topicId: 'BBBBBBBBBBBBBBBBBBBBBA' }]
  talk.groups.topicsChanged({ changed: [], deleted, anyCreated: false })
  await talk.time.advance(0)
  for (let i = 0; i < 20; i++)
    expect(await talk.committed(`g${i}`)).toEqual({ errorCode: 0, groupId: `g${i}`, topics: [] })
  // So says the journal, too.
  await talk.lead(1)
  expect(
    (
      await talk.ask('fetch', {
        groupId: 'g7',
        memberId: null,
        memberEpoch: -1,
        topics: null,
        requireStable: true,
      })
    ).topics,
  ).toEqual([])
})

test('a group with more old offsets than one batch can name goes with all of them', async () => {
  const partitions = Array.from({ length: 200 }, (_, i) => offset(i))
  const request = committing('old', 1)
  await talk.ask('commit', { ...request, topics: [{ ...request.topics[0]!, partitions }] })
  talk.journal.batchBytesMax = 2_000
  await talk.time.advance(8 * 24 * 3_600_000)
  expect(await talk.listed()).toEqual([])
})

test('a target assignment that is too large to be written is refused, and disturbs no other group', async () => {
  const other = await talk.joinAlone('other')
  const ids = Array.from({ length: 3_000 }, (_, i) => `member-${i}`)
  for (const id of ids) talk.send('consumerHeartbeat', beating('g', id, 0), 1)
  await talk.time.advance(0)
  talk.journal.batchBytesMax = 20_000
  await talk.time.advance(1_500)
  const asks = ids.slice(0, 20).map((id) => talk.send('consumerHeartbeat', beating('g', id, 0), 1))
  await talk.time.advance(1)
  const codes = asks.map(({ answer }) => answer.errorCode ?? answer)
  // Only who began the computation is told.
  expect(codes).toEqual([-1, ...Array(19).fill(0)])
  await expectOtherUndisturbed(other)
  talk.journal.batchBytesMax = 2_000_000
  await talk.time.advance(1_500)
  expect((await talk.ask('consumerHeartbeat', beating('g', ids[0]!, 0), 1)).errorCode).toBe(0)
  expect(talk.groups.runtimeOf('g').machine.state.consumerGroup('g')!.target.size).toBe(3_000)
})

test('a group whose classic members do not go into one record stays a consumer group when the last other one goes', async () => {
  await begin({ recordBytesMax: 4_000 })
  const other = await talk.joinAlone('other')
  await talk.ask('consumerHeartbeat', beating('g', 'new', 0), 1)
  const subscription = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255])
  const joins = Array.from({ length: 30 }, () =>
    talk.send('join', joining('g', '', subscription), 3),
  )
  await talk.time.advance(0)
  expect(joins.map(({ answer }) => answer.errorCode)).toEqual(Array(30).fill(0))
  const left = await talk.ask('consumerHeartbeat', beating('g', 'new', -1), 1)
  expect(left.errorCode).toBe(0)
  const { groupType } = (await talk.listed()).find(({ groupId }: any) => groupId === 'g')
  expect(groupType).toBe('consumer')
  // Its members go on.
  const { memberId, generationId } = joins[0]!.answer
  expect((await talk.ask('sync', syncing('g', memberId, generationId))).errorCode ?? 27).not.toBe(
    25,
  )
  await expectOtherUndisturbed(other)
})
