/** Requests that name very many groups are worked on in slices. */
import { expect, test } from 'vitest'
import { eachOrRefused } from '../../../src/broker/group/group-handler.ts'
import type { RequestContext } from '../../../src/broker/handler.ts'
import { Refusal } from '../../../src/core/group/refusal.ts'
import { ManualEnv } from './manual-env.ts'

test('others have their turn while twenty thousand groups of one request are looked at', async () => {
  const { env } = new ManualEnv()
  let sinceTurn = 0
  let longest = 0
  let looked = 0
  /** Each takes a twentieth of a millisecond. */
  const clock = { ...env.clock, monotonicMs: () => looked / 20 }
  const timers = {
    ...env.timers,
    soon(run: () => void) {
      sinceTurn = 0
      env.timers.soon(run)
    },
  }
  const groups = Array.from({ length: 20_000 }, (_, i) => `g${i}`)
  const results = await eachOrRefused(
    { broker: { env: { ...env, clock, timers } } } as RequestContext,
    groups,
    async (groupId) => {
      looked++
      longest = Math.max(longest, ++sinceTurn)
      if (groupId.endsWith('7')) throw new Refusal(16, 'not here')
      return groupId
    },
    (groupId, errorCode) => `${groupId}: ${errorCode}`,
  )
  // Ten milliseconds of work.
  expect(longest).toBe(200)
  expect(results).toEqual(groups.map((groupId) => groupId.replace(/.*7$/, (id) => `${id}: 16`)))
})
