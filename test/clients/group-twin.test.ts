/**
 * Members, committers and administrators of a group that do anything at all, in a conversation drawn
 * from a seed: a real Kafka and Ottla answer each step alike, but for ids and the words of messages.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { converse } from './group-twin/converse.ts'
import { Side } from './group-twin/side.ts'
import type { Mode } from './group-twin/step.ts'
import { startTargetOf, type Target } from './target.ts'

const modes: readonly Mode[] = [
  { name: 'classic', classic: 1, statics: 0.15, assignor: 'uniform', garbage: 0.1 },
  { name: 'uniform', classic: 0, statics: 0.2, assignor: 'uniform', garbage: 0 },
  { name: 'range', classic: 0, statics: 0, assignor: 'range', garbage: 0 },
  { name: 'mixed', classic: 0.5, statics: 0.1, assignor: 'range', garbage: 0 },
]
const settings = {
  'auto.create.topics.enable': 'false',
  'offsets.topic.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'group.max.size': '3',
  'group.consumer.max.size': '3',
  'group.consumer.assignment.interval.ms': '0',
  'group.consumer.min.assignment.interval.ms': '0',
}
/** Hunt with more: `TWIN_FROM=100 TWIN_SEEDS=50 npx vitest run --config vitest.clients.config.ts group-twin`. */
const from = Number(process.env['TWIN_FROM'] ?? 1)
const seeds = Number(process.env['TWIN_SEEDS'] ?? 6)
const run = String(process.pid)

let targets: Target[] = []
let sides: [Side, Side]
beforeAll(async () => {
  targets = await Promise.all([startTargetOf('kafka', settings), startTargetOf('ottla', settings)])
  const [kafka, ottla] = targets as [Target, Target]
  sides = [new Side('kafka', kafka.port), new Side('ottla', ottla.port)]
  await Promise.all(sides.map((side) => side.prepare()))
})
afterAll(async () => {
  for (const side of sides ?? []) side.reset()
  await Promise.all(targets.map((target) => target.remove()))
})

for (const mode of modes)
  test(`Kafka and Ottla answer alike in conversations of a ${mode.name} group`, async () => {
    for (let seed = from; seed < from + seeds; seed++)
      expect(await converse(sides, { mode, seed, run, steps: 60 }), `seed ${seed}`).toBeUndefined()
  }, 600_000)

test('an answer that differs is told, with the conversation until then', async () => {
  let count = 0
  const spoil = (side: Side, what: string, answer: any) => {
    const isChosen = side.name === 'ottla' && what.startsWith('heartbeat') && ++count === 3
    return isChosen ? { ...answer, errorCode: 99 } : undefined
  }
  const mode = modes[1]!
  const told = await converse(sides, { mode, seed: 1, run: `${run}-spoilt`, steps: 60, spoil })
  expect(told).toMatch(/^uniform 1 differs at step \d+:\n.*ottla: .*"errorCode":99/s)
}, 120_000)
