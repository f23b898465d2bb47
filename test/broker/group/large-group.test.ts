import { expect, test } from 'vitest'
import { GroupTalk, joining, syncing } from './group-talk.ts'

test('a classic group of a thousand members rebalances, and each has what the leader gave it', async () => {
  const talk = new GroupTalk()
  await talk.lead()
  const joins = Array.from({ length: 1_000 }, () => talk.send('join', joining('g'), 3))
  await talk.time.advance(0)
  const ids: string[] = joins.map(({ answer }) => answer.memberId)
  const leader = joins[0]!.answer.leader
  for (const generation of [1, 2]) {
    const syncs = ids.map((id) =>
      talk.send('sync', syncing('g', id, generation, id === leader ? ids : [])),
    )
    await talk.time.advance(0)
    expect(syncs.map(({ answer }) => answer.assignment.toString())).toEqual(
      ids.map((id) => `of ${id}`),
    )
    if (generation === 2) return
    const again = [leader, ...ids.filter((id) => id !== leader)]
    const rejoins = again.map((id) => talk.send('join', joining('g', id), 3))
    await talk.time.advance(0)
    expect(new Set(rejoins.map(({ answer }) => answer.generationId))).toEqual(new Set([2]))
  }
})
