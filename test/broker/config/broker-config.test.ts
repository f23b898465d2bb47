import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BrokerConfig, type GivenConfig } from '../../../src/broker/config/broker-config.ts'
import { printEndpoint } from '../../../src/broker/config/listeners.ts'
import { longMax } from '../../../src/broker/config/value.ts'

const given = (values: Record<string, string | null>, origin = 'test'): GivenConfig[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === null ? [] : [{ name, value, origin }],
  )
const config = (values: Record<string, string | null>, alone = false) =>
  new BrokerConfig(given(values), { hostName: 'here', alone })

/** kafka-static.jsonl: what KafkaConfig.fromProps of Kafka 4.3.1 says to these values over its sample file. */
const sample = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  'controller.quorum.voters': '1@localhost:9093',
}
const cases = readFileSync(join(import.meta.dirname, 'kafka-static.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { config: Record<string, string | null>; error?: string })

/** Why Ottla answers otherwise. */
const differences: Record<string, string> = {
  '{"listeners":null}': 'the default listens on loopback, and no controller listener is needed',
  '{"listeners":"PLAINTEXT://:9092","controller.listener.names":null,"controller.quorum.voters":null,"process.roles":null,"node.id":null}':
    'everything has a default',
  '{"node.id":null}': 'node.id has a default',
  '{"process.roles":null}': 'process.roles has a default',
  '{"process.roles":"broker"}': 'the controller listener is the first fault found',
  '{"listeners":"PLAINTEXT://:9092"}': 'no controller listener is needed',
  '{"controller.listener.names":null}': 'controller.listener.names has a default',
  '{"controller.quorum.voters":null}': 'the coordinator needs no voters',
  '{"listeners":"PLAINTEXT://:99999,CONTROLLER://:9093"}': 'Kafka fails later, when it binds',
  '{"listener.security.protocol.map":"PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT","listeners":"PLAINTEXT://:-1,CONTROLLER://:0"}':
    'Kafka fails later, when it binds',
  '{"listener.security.protocol.map":"PLAINTEXT,CONTROLLER:PLAINTEXT"}': 'a clearer message',
  '{"max.connections.per.ip.overrides":"foo"}': 'a clearer message',
}
const unsupported = /this version of Ottla/

test.each(cases)(
  'the values $config are answered as Kafka answers them',
  ({ config: values, error }) => {
    let message: string | undefined
    try {
      config({ ...sample, ...values })
    } catch (thrown) {
      message = (thrown as Error).message
    }
    if (JSON.stringify(values) in differences) return expect(message).not.toBe(error)
    if (error === undefined && message?.match(unsupported)) return
    expect(message).toBe(error)
  },
)

test('without anything given, one node listens on loopback', () => {
  const alone = config({}, true)
  expect({
    listeners: alone.endpoints.listeners.map(printEndpoint),
    advertised: alone.endpoints.advertised.map(printEndpoint),
    coordinatorServers: alone.endpoints.coordinatorServers,
    nodeId: alone.nodeId,
    logDirs: alone.logDirs,
    roles: alone.get('process.roles'),
    offsetsReplicationFactor: alone.get('offsets.topic.replication.factor'),
    flushMessages: alone.get('log.flush.interval.messages'),
    warnings: alone.warnings,
  }).toEqual({
    listeners: ['PLAINTEXT://127.0.0.1:9092'],
    advertised: ['PLAINTEXT://127.0.0.1:9092'],
    coordinatorServers: [],
    nodeId: 1,
    logDirs: ['ottla-data'],
    roles: ['broker', 'controller'],
    offsetsReplicationFactor: 1,
    flushMessages: longMax,
    warnings: [],
  })
})

test('a listener without a host is advertised under the name of this host', () => {
  const { endpoints } = config({
    listeners: 'EXT://:9094,PLAINTEXT://[::1]:0',
    'listener.security.protocol.map': 'EXT:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  })
  expect(endpoints.advertised.map(printEndpoint)).toEqual([
    'EXT://here:9094',
    'PLAINTEXT://[::1]:0',
  ])
})

test("the coordinator of a broker is found under Kafka's keys too", () => {
  const broker = { 'process.roles': 'broker', listeners: 'PLAINTEXT://:9092', 'node.id': '5' }
  const servers = (values: Record<string, string>) =>
    config({ ...broker, ...values }).endpoints.coordinatorServers
  expect([
    servers({ 'coordinator.servers': 'a:1,b:2' }),
    servers({ 'controller.quorum.voters': '1@a:1,2@[::1]:2' }),
    servers({ 'controller.quorum.bootstrap.servers': 'a:1' }),
  ]).toEqual([
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
    [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ],
    [{ host: 'a', port: 1 }],
  ])
  expect(() => servers({})).toThrow('coordinator.servers')
})

test('a combined node that is not the first voter joins the coordinator of the first', () => {
  const values = { 'node.id': '2', 'controller.quorum.voters': '1@one:9093,2@two:9093' }
  expect(config(values).endpoints.coordinatorServers).toEqual([{ host: 'one', port: 9093 }])
})

test('what is not known is told and has no effect, a listener prefix is known', () => {
  const { warnings } = config({
    'zookeeper.connect': 'x:2181',
    'listener.name.ext.ssl.keystore.location': 'a',
    'listener.name.ext.scram-sha-256.sasl.jaas.config': 'b',
    'log.retention.ms': '5',
  })
  expect(warnings).toEqual([
    'zookeeper.connect (test) is not a configuration of a broker: it has no effect',
  ])
})

test('a protection that does not exist yet is refused, not ignored', () => {
  expect(() =>
    config({ 'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer' }),
  ).toThrow('let everybody in')
  expect(() =>
    config({ listeners: 'SSL://:9092', 'security.inter.broker.protocol': 'SSL' }),
  ).toThrow('only PLAINTEXT')
})

test('the printed configuration groups the values by who gave them and hides passwords', () => {
  const printed = new BrokerConfig(
    [
      { name: 'num.partitions', value: ' 03 ', origin: 'a.properties' },
      { name: 'ssl.key.password', value: 'secret', origin: 'a.properties' },
      { name: 'foo', value: 'bar', origin: 'KAFKA_FOO' },
    ],
    { hostName: 'here' },
  ).print()
  const sections = printed.split('\n\n')
  expect(sections.slice(0, 3)).toEqual([
    '# KAFKA_FOO\nfoo=bar   (not known)',
    "# Ottla's default\nbroker.id=1\ncontroller.listener.names=CONTROLLER\nlisteners=PLAINTEXT://127.0.0.1:9092\nlog.dirs=ottla-data\nnode.id=1\nprocess.roles=broker,controller",
    '# a.properties\nnum.partitions=3\nssl.key.password=(hidden)',
  ])
  expect(sections[3]).toContain('log.retention.hours=168')
})
