/** A real Kafka and Ottla answer alike where groups are asked what clients seldom ask: step by step, in exact conversations. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  assignorVotes,
  changingSubscriptions,
  newStatics,
} from './group-twin/changing-subscriptions.ts'
import { classicStatics } from './group-twin/classic-statics.ts'
import { Sides } from './group-twin/sides.ts'
import { staleEpochs } from './group-twin/stale-epochs.ts'

const sides = new Sides()
beforeAll(() => sides.start())
afterAll(() => sides.remove())

for (const [what, script] of Object.entries({
  classicStatics,
  newStatics,
  changingSubscriptions,
  assignorVotes,
  staleEpochs,
}))
  test(`Kafka and Ottla answer alike: ${what}`, async () => {
    for (const side of sides.both) side.reset()
    const [kafka, ottla] = await Promise.all(sides.both.map((side) => script(side, what)))
    expect(ottla!.length).toBeGreaterThan(20)
    const differing = ottla!.flatMap((answer, i) =>
      answer === kafka![i] ? [] : [{ step: i, ottla: answer, kafka: kafka![i] }],
    )
    expect(differing.slice(0, 10)).toEqual([])
  }, 120_000)
