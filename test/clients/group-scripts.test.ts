/** A real Kafka and Ottla answer alike, step by step, where chance seldom leads (`group-twin.test.ts`). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configurations, expiry, regexes } from './group-twin/scripted.ts'
import { Side } from './group-twin/side.ts'
import { startTargetOf, type Target } from './target.ts'

const settings = {
  'auto.create.topics.enable': 'false',
  'offsets.topic.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.assignment.interval.ms': '0',
  'group.consumer.min.assignment.interval.ms': '0',
  // Expiry looks at the offsets every second. It removes empty groups as well, so nothing else is asked here.
  'offsets.retention.check.interval.ms': '1000',
}

let targets: Target[] = []
let sides: Side[] = []
beforeAll(async () => {
  targets = await Promise.all([startTargetOf('kafka', settings), startTargetOf('ottla', settings)])
  sides = targets.map(({ kind, port }) => new Side(kind, port))
  await Promise.all(sides.map((side) => side.prepare()))
})
afterAll(async () => {
  for (const side of sides) side.reset()
  await Promise.all(targets.map((target) => target.remove()))
})

for (const [what, script] of Object.entries({ configurations, regexes, expiry }))
  test(`Kafka and Ottla answer alike about the ${what} of groups`, async () => {
    for (const side of sides) side.reset()
    const [kafka, ottla] = await Promise.all(sides.map(script))
    expect(ottla!.length).toBeGreaterThan(15)
    expect(ottla).toEqual(kafka)
  })
