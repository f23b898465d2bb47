/** A real Kafka and Ottla answer alike, step by step, where chance seldom leads (`group-twin.test.ts`). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configurations, expiry, regexes } from './group-twin/scripted.ts'
import { Sides } from './group-twin/sides.ts'

const settings = {
  // Expiry looks at the offsets every second. It removes empty groups as well, so nothing else is asked here.
  'offsets.retention.check.interval.ms': '1000',
}

const sides = new Sides()
beforeAll(() => sides.start(settings))
afterAll(() => sides.remove())

for (const [what, script] of Object.entries({ configurations, regexes, expiry }))
  test(`Kafka and Ottla answer alike about the ${what} of groups`, async () => {
    for (const side of sides.both) side.reset()
    const [kafka, ottla] = await Promise.all(sides.both.map(script))
    expect(ottla!.length).toBeGreaterThan(15)
    expect(ottla).toEqual(kafka)
  })
