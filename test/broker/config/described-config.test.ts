import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import {
  type DescribedConfig,
  describeBroker,
  describeClientMetrics,
  describeCluster,
  describeGroup,
  describeTopic,
} from '../../../src/broker/config/described-config.ts'
import { type ConfigImage, EffectiveConfig } from '../../../src/broker/config/effective-config.ts'
import { parseProperties } from '../../../src/broker/config/properties.ts'
import { topicLogConfig } from '../../../src/broker/config/topic-log-config.ts'

/** What the Kafka was started with that kafka-described.tsv comes from (Admin.describeConfigs, 4.3.1). */
const properties = `
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:19492,CONTROLLER://127.0.0.1:19493
advertised.listeners=PLAINTEXT://127.0.0.1:19492
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
controller.quorum.voters=1@127.0.0.1:19493
inter.broker.listener.name=PLAINTEXT
log.dirs=/DIR/data1
default.replication.factor=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`
const given = [...parseProperties(properties)].map(([name, value]) => ({
  name,
  value,
  origin: 'file',
}))
const config = new BrokerConfig(given, { hostName: 'here' })
/** Kafka sets this itself when it formats a cluster with eligible leader replicas. */
const formatted = { '4/': { 'min.insync.replicas': '1' } }

function effective(overrides: Record<string, Record<string, string>> = formatted, of = config) {
  const image: ConfigImage = {
    configs: (type, name) => new Map(Object.entries(overrides[`${type}/${name}`] ?? {})),
  }
  return new EffectiveConfig(of, image)
}

const sources = [
  '',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
]
const types = [
  'UNKNOWN',
  'BOOLEAN',
  'STRING',
  'INT',
  'SHORT',
  'LONG',
  'DOUBLE',
  'LIST',
  'CLASS',
  'PASSWORD',
]
const line = (resource: string, entry: DescribedConfig) =>
  [
    resource,
    entry.name,
    types[entry.configType],
    entry.value,
    sources[entry.configSource],
    entry.readOnly,
    entry.isSensitive,
    entry.synonyms
      .map(({ name, value, source }) => `${name}=${value}@${sources[source]}`)
      .join(' '),
  ].join('\t')

test('a freshly started broker describes everything as Kafka 4.3.1 does', () => {
  const kafka = readFileSync(join(import.meta.dirname, 'kafka-described.tsv'), 'utf8')
  const here = effective()
  const lines = [
    ...describeBroker(here).map((entry) =>
      line('broker', { ...entry, value: String(entry.value) }),
    ),
    ...describeTopic(here, new Map()).map((entry) => line('topic', entry)),
    ...describeGroup(here, new Map()).map((entry) => line('group', entry)),
    ...describeClientMetrics(new Map()).map((entry) => line('client-metrics', entry)),
  ]
  expect(lines.sort()).toEqual(kafka.replace(/\n$/, '').split('\n').sort())
})

const named = (entries: DescribedConfig[], name: string) =>
  entries.find((entry) => entry.name === name)

test("a topic's value comes from its override, else this broker's, else the cluster's, else the start's", () => {
  const all = effective({
    '4/1': { 'log.retention.ms': '3600000' },
    '4/': { 'log.retention.ms': '7200000' },
  })
  expect(named(describeTopic(all, new Map([['retention.ms', '5']])), 'retention.ms')).toMatchObject(
    {
      value: '5',
      configSource: 1,
      synonyms: [
        { name: 'retention.ms', value: '5', source: 1 },
        { name: 'log.retention.ms', value: '3600000', source: 2 },
        { name: 'log.retention.ms', value: '7200000', source: 3 },
        { name: 'log.retention.hours', value: '168', source: 5 },
      ],
    },
  )
  expect(named(describeTopic(all, new Map()), 'retention.ms')).toMatchObject({
    value: '3600000',
    configSource: 2,
  })
  const cluster = effective({ '4/': { 'log.retention.ms': '7200000' } })
  expect(named(describeTopic(cluster, new Map()), 'retention.ms')).toMatchObject({
    value: '7200000',
    configSource: 3,
  })
})

test('hours and minutes given at the start become milliseconds', () => {
  const of = new BrokerConfig(
    [
      { name: 'log.retention.hours', value: '1', origin: 'file' },
      { name: 'log.roll.hours', value: '2', origin: 'file' },
    ],
    { hostName: 'here' },
  )
  const here = effective({}, of)
  expect([
    here.topicValue('retention.ms', new Map()),
    here.topicValue('segment.ms', new Map()),
    here.topicValue('flush.ms', new Map()) >= 2 ** 63 - 1024,
  ]).toEqual([3_600_000, 7_200_000, true])
})

test('unknown and secret names are described without their values', () => {
  const here = effective({
    '4/': { foo: 'bar' },
    '4/1': { 'listener.name.plaintext.ssl.keystore.password': 'x' },
  })
  const entries = describeBroker(here)
  expect([
    named(entries, 'foo'),
    named(entries, 'listener.name.plaintext.ssl.keystore.password'),
    describeCluster(here),
  ]).toEqual([
    {
      name: 'foo',
      value: null,
      readOnly: true,
      configSource: 3,
      isSensitive: true,
      synonyms: [{ name: 'foo', value: null, source: 3 }],
      configType: 0,
      documentation: null,
    },
    {
      name: 'listener.name.plaintext.ssl.keystore.password',
      value: null,
      readOnly: true,
      configSource: 2,
      isSensitive: true,
      synonyms: [{ name: 'listener.name.plaintext.ssl.keystore.password', value: null, source: 2 }],
      configType: 9,
      documentation:
        'Password of the key store. Kept and shown, without effect: no listener has TLS.',
    },
    [
      {
        name: 'foo',
        value: null,
        readOnly: true,
        configSource: 3,
        isSensitive: true,
        synonyms: [{ name: 'foo', value: null, source: 3 }],
        configType: 0,
        documentation: null,
      },
    ],
  ])
})

test("a topic's logs get numbers, with Infinity for no limit", () => {
  const image: ConfigImage = {
    configs: (type) =>
      new Map(
        type === 2
          ? [
              ['cleanup.policy', 'compact, delete'],
              ['segment.bytes', '2000000'],
            ]
          : [],
      ),
  }
  expect(topicLogConfig(config, image, 't')).toMatchObject({
    segmentBytes: 2_000_000,
    segmentMs: 604_800_000,
    retentionMs: 604_800_000,
    retentionBytes: Number.POSITIVE_INFINITY,
    cleanupPolicy: { delete: true, compact: true },
    compressionType: 'producer',
    flushMessages: Number.POSITIVE_INFINITY,
    messageTimestampAfterMaxMs: 3_600_000,
    producerIdExpirationMs: 86_400_000,
  })
})
