import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { brokerReadOnlyFault, configRules } from '../../../src/broker/config/config-rules.ts'
import { resourceTypes } from '../../../src/core/cluster/image.ts'

const rules = configRules(new BrokerConfig([], { hostName: 'here' }))

/** What a running Kafka 4.3.1 answered when asked to set these on a topic, a group, client metrics. */
const cases = readFileSync(join(import.meta.dirname, 'kafka-overrides.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map(
    (text) =>
      JSON.parse(text) as {
        type: 'topic' | 'group' | 'clientMetrics'
        configs: Record<string, string>
        error?: string
      },
  )

test.each(cases)('$type $configs is answered as Kafka answers it', ({ type, configs, error }) => {
  expect(rules.fault(resourceTypes[type], 'x', new Map(Object.entries(configs)))).toBe(error)
})

test('what cannot change while a broker runs is told', () => {
  expect([
    brokerReadOnlyFault('1', 'num.partitions'),
    brokerReadOnlyFault('', 'listeners'),
    brokerReadOnlyFault('1', 'listeners'),
    brokerReadOnlyFault('', 'log.retention.ms'),
    brokerReadOnlyFault('', 'foo'),
  ]).toEqual([
    'Cannot update these configs dynamically: [num.partitions]',
    'Cannot update these configs at default cluster level, broker id must be specified: [listeners]',
    undefined,
    undefined,
    undefined,
  ])
})

test('what is in force without an override is known for lists', () => {
  expect([
    rules.isList(resourceTypes.topic, 'cleanup.policy'),
    rules.isList(resourceTypes.topic, 'retention.ms'),
    rules.inherited(resourceTypes.topic, 'cleanup.policy'),
    rules.inherited(resourceTypes.broker, 'log.cleanup.policy'),
    rules.inherited(resourceTypes.topic, 'leader.replication.throttled.replicas'),
  ]).toEqual([true, false, 'delete', 'delete', ''])
})
