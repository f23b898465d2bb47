/**
 * The 522 conversations that were held with a real Kafka, held again with Ottla: the same error
 * codes at all levels, the same shapes. What Ottla does otherwise on purpose is in
 * answers/differences.ts, with the reason; what it does not have yet is counted and printed.
 *
 * `ANSWERS_AT=HOST:PORT` asks another fresh broker (`ANSWERS_SLOW=1` for a Kafka); how it must be
 * configured stands in answers/README.md.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Case, cases } from './answers/cases.ts'
import { comparable } from './answers/compare.ts'
import { differences, needs } from './answers/differences.ts'
import { Replay } from './answers/replay.ts'

const at = process.env['ANSWERS_AT']
const slow = process.env['ANSWERS_SLOW'] !== undefined
const notYet: Case[] = []
let replay: Replay
let node: TestNode | undefined

async function address(): Promise<{ host: string; port: number }> {
  const [host = '', port = ''] = at?.split(':') ?? []
  if (at !== undefined) return { host, port: Number(port) }
  node = await startTestNode({
    'advertised.listeners': 'PLAINTEXT://127.0.0.1:0', // The recorded broker had them set.
    'auto.create.topics.enable': false,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
  })
  return { host: '127.0.0.1', port: node.port }
}

beforeAll(async () => {
  replay = new Replay({ ...(await address()), slow })
  await replay.readAdvertised()
})
afterAll(async () => {
  replay?.hangUp()
  await node?.stop()
  if (notYet.length === 0) return
  const counts = new Map<string, number>()
  for (const { api = 'wire' } of notYet) counts.set(api, (counts.get(api) ?? 0) + 1)
  const list = [...counts].map(([api, count]) => `${api} ${count}`).join(', ')
  console.log(`${notYet.length} of ${cases.length} cases wait for what does not exist yet: ${list}`)
})

const indexOf = new Map(cases.map(({ what }, i) => [what, i]))
const place = (what: string): number => {
  const i = indexOf.get(what)
  if (i === undefined) throw new Error(`No case is called "${what}"`)
  return i
}
/** The APIs that a case needs besides its own, by the case's index. */
const needed = new Map<number, string[]>()
for (const { from, to = from, apis } of needs) {
  for (let i = place(from); i <= place(to); i += 1) {
    needed.set(i, [...(needed.get(i) ?? []), ...apis])
  }
}

test('every difference concerns a case', () => {
  expect(Object.keys(differences).filter((what) => !indexOf.has(what))).toEqual([])
})

for (const [i, one] of cases.entries()) {
  const difference = differences[one.what]
  test(`${i} ${one.what}${difference ? `: otherwise, ${difference.because}` : ''}`, async () => {
    if (!replay.concerns(one) || needed.get(i)?.some((api) => !replay.has(api))) {
      notYet.push(one)
      return
    }
    const { golden, ours } = await replay.run(one)
    const got = comparable(one.api, ours)
    const recorded = comparable(one.api, golden, ours)
    if (difference === undefined) expect(got).toEqual(recorded)
    else if (slow || difference.either) {
      expect([recorded, difference.expected(recorded)]).toContainEqual(got)
    } else expect(got).toEqual(difference.expected(recorded))
  })
}
