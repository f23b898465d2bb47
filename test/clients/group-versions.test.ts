/** A real Kafka and Ottla answer alike, in every version of every API about groups. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  administration,
  badHeartbeats,
  badMembers,
  lives,
  offsets,
} from './group-twin/every-version.ts'
import { Side } from './group-twin/side.ts'
import { startTargetOf, type Target } from './target.ts'

const settings = {
  'auto.create.topics.enable': 'false',
  'offsets.topic.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.assignment.interval.ms': '0',
  'group.consumer.min.assignment.interval.ms': '0',
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

for (const [what, script] of Object.entries({
  lives,
  badMembers,
  badHeartbeats,
  offsets,
  administration,
}))
  test(`Kafka and Ottla answer alike in every version: ${what}`, async () => {
    for (const side of sides) side.reset()
    const [kafka, ottla] = await Promise.all(sides.map((side) => script(side, what)))
    expect(ottla!.length).toBeGreaterThan(40)
    const differing = ottla!.flatMap((answer, i) =>
      answer === kafka![i] ? [] : [{ ottla: answer, kafka: kafka![i] }],
    )
    expect(differing.slice(0, 10)).toEqual([])
  }, 120_000)
