import { expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { groupSettings } from '../../../src/broker/config/group-settings.ts'
import { defaultSettings } from '../../../src/core/group/settings.ts'

test("a broker's groups have Kafka's limits, and changes count at once", () => {
  const set = new Map<string, string>()
  const ofGroup = new Map([['consumer.session.timeout.ms', '50000']])
  const image = {
    configs: (type: number, name: string) => (type === 32 && name === 'g' ? ofGroup : set),
  }
  const settings = groupSettings(new BrokerConfig([], { hostName: 'here' }), image)
  const before = { ...settings }
  set.set('group.consumer.assignment.interval.ms', '10')
  expect([
    { ...before, ofGroup: defaultSettings.ofGroup },
    settings.consumerAssignmentIntervalMs,
    settings.ofGroup('g'),
    settings.ofGroup('other'),
  ]).toEqual([defaultSettings, 10, { sessionTimeoutMs: 50_000 }, {}])
})
