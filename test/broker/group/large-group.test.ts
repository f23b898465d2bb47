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

test('deadlines that take long are shared out over turns, by the clock', async () => {
  const talk = new GroupTalk()
  await talk.lead()
  for (let i = 0; i < 100; i++) await talk.joinAlone(`g${i}`)
  const { env } = talk.time
  // Each look at the clock takes a millisecond: a turn has time for a few sessions only.
  Object.assign(env, { clock: { ...env.clock, monotonicMs: () => talk.time.nowMs++ } })
  let turns = 0
  const { after } = env.timers
  env.timers.after = (delayMs, run) =>
    after(delayMs, () => {
      turns++
      run()
    })
  await talk.time.advance(11_000)
  expect((await talk.listed()).every(({ groupState }: any) => groupState === 'Empty')).toBe(true)
  expect(turns).toBeGreaterThan(10)
})
