import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brokerConfigs, brokerDefinition } from '../../../src/broker/config/broker-configs.ts'
import type { Definition, Definitions } from '../../../src/broker/config/definition.ts'
import { clientMetricsConfigs } from '../../../src/broker/config/definitions/client-metrics.ts'
import { groupOverrideConfigs } from '../../../src/broker/config/definitions/group-override.ts'
import { ownConfigs } from '../../../src/broker/config/definitions/own.ts'
import { topicConfigs } from '../../../src/broker/config/definitions/topic.ts'
import { printValue } from '../../../src/broker/config/value.ts'

/** Kafka keeps these three apart from its list: quotas for replication, only ever set dynamically. */
const dynamicOnly = [
  'leader.replication.throttled.rate',
  'follower.replication.throttled.rate',
  'replica.alter.log.dirs.io.max.bytes.per.second',
]

/** As Kafka's validators print themselves. */
function validator({ min, max, oneOf, oneOfAnyCase, check, defaultValue }: Definition): string {
  if (min !== undefined) return `[${min},...${max === undefined ? '' : `,${max}`}]`
  if (oneOf) return `[${oneOf.join(', ')}]`
  if (oneOfAnyCase) return `(case insensitive) [${oneOfAnyCase.join(', ')}]`
  const byName: Record<string, string> = {
    gzipLevel: '[1,...,9] or -1',
    notEmptyText: 'non-empty string',
    throttledReplicas: '[partitionId]:[brokerId],[partitionId]:[brokerId],...',
    shareOffsetReset: '',
  }
  return check && defaultValue !== undefined ? (byName[check.name] ?? '?') : ''
}

function lines(scope: string, table: Definitions): string[] {
  return Object.entries(table).map(([name, definition]) => {
    const { type, defaultValue, importance = 'MEDIUM', internal = false, dynamic = '' } = definition
    const shown = defaultValue === undefined ? '(required)' : printValue(type, defaultValue)
    return [scope, name, type, shown, validator(definition), importance, internal, dynamic].join(
      '\t',
    )
  })
}

/** kafka-definitions.tsv: the ConfigDefs of Kafka 4.3.1's own classes, printed by reflection. */
test('types, defaults, limits and scopes are those of Kafka 4.3.1', () => {
  const kafka = readFileSync(join(import.meta.dirname, 'kafka-definitions.tsv'), 'utf8')
    .replace(/\n$/, '')
    .replaceAll(/\tnon-(null string|empty list)\t/g, '\t\t')
    .replaceAll(
      '\tshare.auto.offset.reset\tSTRING\tlatest\t[latest, earliest, by_duration:PnDTnHnMn.nS]',
      '\tshare.auto.offset.reset\tSTRING\tlatest\t',
    )
    .replaceAll('\tnull\t', '\t\t')
  const skipped = [...dynamicOnly, ...Object.keys(ownConfigs)]
  const broker = Object.entries(brokerConfigs).filter(([name]) => !skipped.includes(name))
  const ours = [
    ...lines('broker', Object.fromEntries(broker)),
    ...lines('topic', topicConfigs),
    ...lines('group', groupOverrideConfigs),
    ...lines('client-metrics', clientMetricsConfigs),
  ]
  expect(ours.sort()).toEqual(kafka.split('\n').sort())
})

test('every configuration says in one sentence what it is', () => {
  const tables: Definitions[] = [
    brokerConfigs,
    topicConfigs,
    groupOverrideConfigs,
    clientMetricsConfigs,
  ]
  const wrong = tables
    .flatMap((table) => Object.entries(table))
    .filter(([, { doc }]) => !/^[A-Z].*\.$/.test(doc) || doc.length > 200)
  expect(wrong).toEqual([])
})

test('names with the prefix of a listener are those without it', () => {
  expect(
    [
      'listener.name.external.ssl.keystore.location',
      'listener.name.external.scram-sha-256.sasl.jaas.config',
      'listener.name.external.plain.sasl.server.callback.handler.class',
      'listener.name.external.foo',
      'constructor',
    ].map((name) => brokerDefinition(name)?.type),
  ).toEqual(['STRING', 'PASSWORD', 'CLASS', undefined, undefined])
})
