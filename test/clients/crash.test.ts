/**
 * `kill -9` while idempotent producers write, then a restart on the same data, again and again: at
 * the end every record stands in the log exactly once and in order, and whatever was acknowledged
 * stands at the offset of its acknowledgement.
 *
 * The producers live through all of it: they send again what was not acknowledged, and the broker
 * must know from its log which of that it already has. `CRASH_ROUNDS` (5) says how often; 100 for
 * a long run. After `CRASH_SECONDS` no round begins that is not among the first five.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  confluent,
  confluentProgram,
  franzGoProgram,
  javaProgram,
  type Program,
} from './adapters/line-protocol.ts'
import { createTopic } from './admin.ts'
import { type Running, start, until } from './process.ts'
import { startTarget, type Target } from './target.ts'

const roundsMin = 5
const rounds = Number(process.env['CRASH_ROUNDS'] ?? roundsMin)
const secondsMax = Number(process.env['CRASH_SECONDS'] ?? Infinity)
const producers: Record<string, Program> = {
  confluent: confluentProgram,
  'franz-go': franzGoProgram,
  java: javaProgram,
}
let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await target?.remove()
})

interface Acknowledged {
  readonly number?: number
  readonly offset?: number
  readonly error?: string
}

function sequence(name: string, program: Program): Running {
  const args = [...program.args, 'sequence', target.bootstrap, `crash-${name}`]
  return start(program.command, args, program.env)
}

test(`every record stands once and in order after up to ${rounds} crashes`, {
  timeout: 60_000 + rounds * 15_000,
}, async () => {
  const names = Object.keys(producers)
  for (const name of names) await createTopic(target, `crash-${name}`, { partitions: 1 })
  const running = Object.entries(producers).map(([name, program]) => sequence(name, program))
  try {
    const endMs = Date.now() + secondsMax * 1000
    for (let round = 0; round < rounds; round += 1) {
      if (round >= roundsMin && Date.now() > endMs) break
      const before = running.map(({ lines }) => lines.length)
      const wrote = () => running.every(({ lines }, i) => lines.length > before[i]! + 20)
      await until(() => `round ${round}: writing by ${names} (${before})`, wrote, 60_000)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200))
      await target.kill()
      await target.restart()
    }
    const codes = await Promise.all(running.map((producer) => producer.finish(100_000)))
    expect({ codes, said: running.map(({ stderr }) => stderr().slice(-500)) }).toEqual({
      codes: names.map(() => 0),
      said: names.map(() => expect.anything()),
    })
  } finally {
    for (const producer of running) await producer.kill()
  }
  for (const [i, name] of names.entries()) {
    const acknowledged = running[i]!.lines.map((line): Acknowledged => JSON.parse(line))
    const errors = acknowledged.filter(({ error }) => error !== undefined)
    const last = acknowledged.reduce((most, { number = -1 }) => Math.max(most, number), -1)
    const wanted = new Map([[`crash-${name}`, new Map([[0, last + 1]])]])
    const found = (await confluent.reader!.consume(target, wanted)).get(`crash-${name}`)!
    // A number at its own offset: none is missing, doubled or out of order.
    const misplaced = found.filter(({ offset, value }) => `${offset}` !== value?.toString())
    const moved = acknowledged.filter(({ number, offset }) => number !== offset)
    expect({ name, errors, misplaced, moved, records: found.length }).toEqual({
      ...{ name, errors: [], misplaced: [], moved: [] },
      records: last + 1,
    })
    console.log(`${name}: ${found.length} records over ${rounds} crashes, all once and in order`)
  }
})
