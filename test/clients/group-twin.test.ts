/**
 * Members, committers and administrators of a group that do anything at all, in a conversation drawn
 * from a seed: a real Kafka and Ottla answer each step alike, but for ids and the words of messages.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { converse } from './group-twin/converse.ts'
import type { Side } from './group-twin/side.ts'
import { Sides } from './group-twin/sides.ts'
import type { Mode } from './group-twin/step.ts'

const modes: readonly Mode[] = [
  { name: 'classic', classic: 1, statics: 0.15, assignor: 'uniform', garbage: 0.1 },
  { name: 'uniform', classic: 0, statics: 0.2, assignor: 'uniform', garbage: 0 },
  { name: 'range', classic: 0, statics: 0, assignor: 'range', garbage: 0 },
  { name: 'mixed', classic: 0.5, statics: 0.1, assignor: 'range', garbage: 0 },
]
const settings = { 'group.max.size': '3', 'group.consumer.max.size': '3' }
/** Hunt with more: `TWIN_FROM=100 TWIN_SEEDS=50 npx vitest run --config vitest.clients.config.ts group-twin`. */
const from = Number(process.env['TWIN_FROM'] ?? 1)
const seeds = Number(process.env['TWIN_SEEDS'] ?? 6)
const run = String(process.pid)

const sides = new Sides()
beforeAll(() => sides.start(settings))
afterAll(() => sides.remove())

for (const mode of modes)
  test(`Kafka and Ottla answer alike in conversations of a ${mode.name} group`, async () => {
    for (let seed = from; seed < from + seeds; seed++)
      expect(
        await converse(sides.both, { mode, seed, run, steps: 60 }),
        `seed ${seed}`,
      ).toBeUndefined()
  }, 600_000)

test('an answer that differs is told, with the conversation until then', async () => {
  let count = 0
  const spoil = (side: Side, what: string, answer: any) => {
    const isChosen = side.name === 'ottla' && what.startsWith('heartbeat') && ++count === 3
    return isChosen ? { ...answer, errorCode: 99 } : undefined
  }
  const mode = modes[1]!
  const told = await converse(sides.both, { mode, seed: 1, run: `${run}-spoilt`, steps: 60, spoil })
  expect(told).toMatch(/^uniform 1 differs at step \d+:\n.*ottla: .*"errorCode":99/s)
}, 120_000)
