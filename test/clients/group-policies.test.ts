/** A real Kafka and Ottla let groups move between the protocols, or keep them from it, alike with each migration policy. */
import { expect, test } from 'vitest'
import { migrations } from './group-twin/migrations.ts'
import { Sides } from './group-twin/sides.ts'

/** So many answers has each conversation at least: what is refused ends it sooner. */
const answersMin = { bidirectional: 180, upgrade: 70, downgrade: 70, disabled: 50 }

for (const [policy, least] of Object.entries(answersMin))
  test(`Kafka and Ottla move groups alike with the policy ${policy}`, async () => {
    const sides = new Sides()
    try {
      await sides.start({ 'group.consumer.migration.policy': policy })
      const [kafka, ottla] = await Promise.all(sides.both.map((side) => migrations(side, policy)))
      expect(ottla!.length).toBeGreaterThan(least)
      expect(ottla).toEqual(kafka)
    } finally {
      await sides.remove()
    }
  })
