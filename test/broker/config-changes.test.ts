import { expect, test } from 'vitest'
import { BrokerConfig } from '../../src/broker/config/broker-config.ts'
import { alterEach, configFault } from '../../src/broker/config-changes.ts'
import { describeResource } from '../../src/broker/described-resource.ts'
import { ClusterImage } from '../../src/core/cluster/image.ts'
import type { LogLevel } from '../../src/env/env.ts'

const [topic, broker, clientMetrics, group] = [2, 4, 16, 32]
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'
const log: { level: LogLevel } = { level: 'info' }
const holder = {
  env: { log },
  config: new BrokerConfig([], { hostName: 'here' }),
  image: ClusterImage.from([
    { kind: 'topic', topicId, name: 'one' },
    { kind: 'config', resourceType: topic, resourceName: 'one', name: 'retention.ms', value: '5' },
  ]),
}

type Op = readonly [operation: number, name: string, value: string | null]
const fault = (resourceType: number, resourceName: string, ...ops: Op[]) => {
  const configs = ops.map(([configOperation, name, value]) => ({ configOperation, name, value }))
  const found = configFault(holder, { resourceType, resourceName, configs })
  return found && [found.errorCode, found.errorMessage]
}

/** Each as a running Kafka 4.3.1 answered it. */
test('what a broker can refuse without asking the coordinator it refuses in the words of Kafka', () => {
  expect([
    fault(topic, 'one', [0, 'a', '1'], [0, 'a', '2']),
    fault(topic, 'one', [0, 'retention.ms', null]),
    fault(topic, 'one', [1, 'retention.ms', null]),
    fault(topic, '', [0, 'retention.ms', '1']),
    fault(topic, 'bad/name', [0, 'retention.ms', '1']),
    fault(broker, '1', [0, 'num.partitions', '3']),
    fault(broker, '1', [0, 'log.dirs', '/x'], [0, 'node.id', '3']),
    fault(broker, '1', [0, 'log.retention.ms', 'abc']),
    fault(broker, '', [0, 'listeners', 'PLAINTEXT://:9092']),
    fault(broker, '9', [0, 'log.cleaner.threads', '1']),
    fault(broker, '', [2, 'log.retention.ms', '1']),
    fault(broker, '1', [0, 'foo', '1']),
    fault(broker, '1', [2, 'log.cleanup.policy', 'compact']),
    fault(broker, '1', [0, 'min.insync.replicas', '2']),
    fault(group, '', [0, 'consumer.session.timeout.ms', '50000']),
    fault(clientMetrics, '', [0, 'interval.ms', '500']),
    fault(clientMetrics, 'm', [0, 'interval.ms', '5']),
    fault(clientMetrics, 'm', [0, 'foo', '5']),
    fault(clientMetrics, 'm', [0, 'match', 'foo']),
    fault(99, 'x', [0, 'foo', '5']),
  ]).toEqual([
    [42, 'Error due to duplicate config keys'],
    [42, 'Null value not supported for : retention.ms'],
    undefined,
    [42, 'Default topic resources are not allowed.'],
    [
      17,
      "Topic name is invalid: 'bad/name' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [42, 'Cannot update these configs dynamically: [num.partitions]'],
    [42, 'Cannot update these configs dynamically: [log.dirs, node.id]'],
    [42, 'Invalid value abc for configuration log.retention.ms: Not a number of type LONG'],
    [
      42,
      'Cannot update these configs at default cluster level, broker id must be specified: [listeners]',
    ],
    [42, 'Unexpected broker id, expected 1, but received 9'],
    [40, 'Config value append is not allowed for config key: log.retention.ms'],
    undefined,
    undefined,
    undefined,
    [42, 'Default group resources are not allowed.'],
    [42, "Subscription name can't be empty"],
    [42, 'Invalid value 5 for interval.ms, interval must be between 100 and 3600000 (1 hour)'],
    [42, 'Unknown client metrics configuration: foo'],
    undefined,
    [42, 'Unknown resource type 99'],
  ])
})

test('answers stand in the order of the changes, whoever gave them', async () => {
  const change = (resourceName: string, value = '1') => ({
    resourceType: topic,
    resourceName,
    configs: [{ name: 'retention.ms', value }],
  })
  const asked: string[][] = []
  const answers = await alterEach(
    holder,
    [change('a'), change('b/c'), change('d'), change('e'), change('e')],
    false,
    async (left) => {
      asked.push(left.map(({ resourceName }) => resourceName))
      return left.map(({ resourceType, resourceName }) => ({
        errorCode: 0,
        errorMessage: null,
        resourceType,
        resourceName,
      }))
    },
  )
  expect([asked, answers.map(({ resourceName, errorCode }) => [resourceName, errorCode])]).toEqual([
    [['a', 'd']],
    [
      ['a', 0],
      ['b/c', 17],
      ['d', 0],
      ['e', 42],
      ['e', 42],
    ],
  ])
})

test('resources that cannot be described are answered as Kafka answers them', () => {
  const errorOf = (type: number, name: string) => {
    const found = describeResource(holder, type, name)
    return Array.isArray(found) ? found.length : [found.errorCode, found.errorMessage]
  }
  expect([
    errorOf(topic, 'one'),
    errorOf(topic, 'nowhere'),
    errorOf(topic, ''),
    errorOf(broker, '7'),
    errorOf(broker, 'abc'),
    errorOf(broker, ''),
    errorOf(group, ''),
    errorOf(group, 'any'),
    errorOf(clientMetrics, ''),
    errorOf(8, ''),
    errorOf(8, '2'),
  ]).toEqual([
    33,
    [3, ''],
    [17, 'Topic name is invalid: the empty string is not allowed'],
    [42, 'Unexpected broker id, expected 1 or empty string, but received 7'],
    [42, 'Broker id must be an integer, but it is: abc'],
    0,
    [42, 'Group name must not be empty'],
    17,
    [42, 'Client metrics subscription name must not be empty'],
    [42, 'Broker id must not be empty'],
    [42, 'Unexpected broker id, expected 1 but received 2'],
  ])
})

test('the level of the log can be seen and set', async () => {
  const set = async (name: string, value: string, operation = 0) => {
    const configs = [{ name, value, configOperation: operation }]
    const changes = [{ resourceType: 8, resourceName: '1', configs }]
    const [answer] = await alterEach(holder, changes, false, async () => [])
    return [answer?.errorCode, answer?.errorMessage, log.level]
  }
  expect([
    await set('root', 'DEBUG'),
    await set('root', 'FOO'),
    await set('nosuch', 'DEBUG'),
    await set('root', '', 1),
    describeResource(holder, 8, '1'),
  ]).toEqual([
    [0, null, 'debug'],
    [
      40,
      'Cannot set the log level of root to FOO as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN',
      'debug',
    ],
    [40, 'Logger nosuch does not exist!', 'debug'],
    [42, 'Removing the log level of the root logger is not allowed', 'debug'],
    [expect.objectContaining({ name: 'root', value: 'DEBUG', configSource: 6 })],
  ])
})

/** Each as a running Kafka 4.3.1 answered it, except the cleaner's zero, which it divides by. */
test('values that a running broker cannot take over are refused, and those that would lock everybody out', () => {
  const pool = (text: string) =>
    `Invalid value org.apache.kafka.common.config.ConfigException: ${text} for configuration Invalid dynamic configuration`
  const threads = 'Dynamic thread count update validation failed for '
  const asked = (name: string, value: string) => fault(broker, '1', [0, name, value])?.[1]
  expect([
    asked('log.roll.ms', '0'),
    asked('log.roll.jitter.ms', '-1'),
    asked('log.retention.ms', '0'),
    asked('log.retention.ms', '-2'),
    asked('log.cleaner.dedupe.buffer.size', '1'),
    asked('max.connections.per.ip', '0'),
    asked('log.cleaner.threads', '9'),
    asked('log.cleaner.threads', '2'),
    asked('num.io.threads', '2'),
    asked('num.io.threads', '17'),
    asked('num.io.threads', '16'),
    asked('background.threads', '4'),
    asked('num.network.threads', '9'),
    asked('num.network.threads', '1'),
    asked('remote.log.manager.copier.thread.pool.size', '99'),
  ]).toEqual([
    'requirement failed: log.roll.ms must be greater than or equal to 1',
    'requirement failed: log.roll.jitter.ms must be greater than or equal to 0',
    'requirement failed: log.retention.ms must be unlimited (-1) or, greater than or equal to 1',
    undefined,
    'requirement failed: log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.',
    'requirement failed: max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.',
    pool('Log cleaner threads cannot be increased to more than double the current value 1'),
    undefined,
    pool(`${threads}num.io.threads=2, value should be at least half the current value 8`),
    pool(
      `${threads}num.io.threads=17, value should not be greater than double the current value 8`,
    ),
    undefined,
    pool(`${threads}background.threads=4, value should be at least half the current value 10`),
    pool(
      `${threads}num.network.threads=9, value should not be greater than double the current value 3`,
    ),
    undefined,
    pool(
      `${threads}remote.log.manager.copier.thread.pool.size=99, value should not be greater than double the current value 10`,
    ),
  ])
  expect(fault(broker, '', [0, 'ssl.keystore.location', '/nowhere'])).toEqual([
    42,
    'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]',
  ])
  expect(fault(broker, '', [0, 'min.insync.replicas', '0'])).toEqual([
    42,
    'Invalid value 0 for configuration min.insync.replicas: Value must be at least 1',
  ])
})
