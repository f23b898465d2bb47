/** A real Kafka and Ottla answer alike, in every version of every API about groups. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { coordinators } from './group-twin/coordinators.ts'
import {
  administration,
  badHeartbeats,
  badMembers,
  lives,
  offsets,
} from './group-twin/every-version.ts'
import { Sides } from './group-twin/sides.ts'

const sides = new Sides()
beforeAll(() => sides.start())
afterAll(() => sides.remove())

for (const [what, script] of Object.entries({
  lives,
  badMembers,
  badHeartbeats,
  offsets,
  administration,
  coordinators,
}))
  test(`Kafka and Ottla answer alike in every version: ${what}`, async () => {
    for (const side of sides.both) side.reset()
    const [kafka, ottla] = await Promise.all(sides.both.map((side) => script(side, what)))
    expect(ottla!.length).toBeGreaterThan(40)
    const differing = ottla!.flatMap((answer, i) =>
      answer === kafka![i] ? [] : [{ ottla: answer, kafka: kafka![i] }],
    )
    expect(differing.slice(0, 10)).toEqual([])
  }, 120_000)
