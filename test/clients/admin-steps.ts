/** Requests of an administrator, one after the other: each is asked in every version of its API. */
import { AlterClientQuotas } from '../../protocol/messages/alter-client-quotas.ts'
import { AlterConfigs } from '../../protocol/messages/alter-configs.ts'
import { CreateAcls } from '../../protocol/messages/create-acls.ts'
import { CreateDelegationToken } from '../../protocol/messages/create-delegation-token.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteAcls } from '../../protocol/messages/delete-acls.ts'
import { DescribeAcls } from '../../protocol/messages/describe-acls.ts'
import { DescribeClientQuotas } from '../../protocol/messages/describe-client-quotas.ts'
import { DescribeConfigs } from '../../protocol/messages/describe-configs.ts'
import { DescribeDelegationToken } from '../../protocol/messages/describe-delegation-token.ts'
import { DescribeLogDirs } from '../../protocol/messages/describe-log-dirs.ts'
import { DescribeProducers } from '../../protocol/messages/describe-producers.ts'
import { DescribeQuorum } from '../../protocol/messages/describe-quorum.ts'
import { ExpireDelegationToken } from '../../protocol/messages/expire-delegation-token.ts'
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { ListConfigResources } from '../../protocol/messages/list-config-resources.ts'
import { RenewDelegationToken } from '../../protocol/messages/renew-delegation-token.ts'
import { UpdateFeatures } from '../../protocol/messages/update-features.ts'
import type { Api, Encodable, Fields } from '../../protocol/schema.ts'

export interface Step {
  readonly api: Api<any, any>
  readonly request: any
}

const step = <Request extends Fields>(
  api: Api<Request, any>,
  request: Encodable<Request>,
): Step => ({ api, request })

const [topic, broker, logger, clientMetrics, group] = [2, 4, 8, 16, 32] as const
type Pair = readonly [name: string, value: string | null, operation?: number]

const create = (
  name: string,
  { partitions = 1, factor = 1, assignments = [] as number[][], configs = [] as Pair[] } = {},
  validateOnly = false,
) =>
  step(CreateTopics, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: factor,
        assignments: assignments.map((brokerIds, partitionIndex) => ({
          partitionIndex,
          brokerIds,
        })),
        configs: configs.map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 10_000,
    validateOnly,
  })

const alter = (resourceType: number, resourceName: string, pairs: Pair[], validateOnly = false) => [
  step(IncrementalAlterConfigs, {
    resources: [
      {
        ...{ resourceType, resourceName },
        configs: pairs.map(([name, value, configOperation = 0]) => ({
          ...{ name, value, configOperation },
        })),
      },
    ],
    validateOnly,
  }),
]
const replace = (resourceType: number, resourceName: string, pairs: Pair[], validateOnly = false) =>
  step(AlterConfigs, {
    resources: [
      { resourceType, resourceName, configs: pairs.map(([name, value]) => ({ name, value })) },
    ],
    validateOnly,
  })
const describe = (resourceType: number, resourceName: string, keys: string[] | null = null) =>
  [true, false].map((includeSynonyms) =>
    step(DescribeConfigs, {
      resources: [{ resourceType, resourceName, configurationKeys: keys }],
      ...{ includeSynonyms, includeDocumentation: includeSynonyms },
    }),
  )
const list = (...resourceTypes: number[]) => step(ListConfigResources, { resourceTypes })

type Entity = Readonly<Record<string, string | null>>
const entityOf = (entity: Entity) =>
  Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }))
const quota = (entity: Entity, key: string, value: number, remove = false, validateOnly = false) =>
  step(AlterClientQuotas, {
    entries: [{ entity: entityOf(entity), ops: [{ key, value, remove }] }],
    validateOnly,
  })
const quotas = (strict: boolean, ...components: [string, number, string | null][]) =>
  step(DescribeClientQuotas, {
    components: components.map(([entityType, matchType, match]) => ({
      ...{ entityType, matchType, match },
    })),
    strict,
  })
const feature = (name: string, maxVersionLevel: number, upgradeType = 1, validateOnly = false) =>
  step(UpdateFeatures, {
    timeoutMs: 10_000,
    featureUpdates: [{ feature: name, maxVersionLevel, allowDowngrade: false, upgradeType }],
    validateOnly,
  })

export const topics: readonly Step[] = [
  create('checked', {}, true),
  create('made', { partitions: 2, configs: [['retention.ms', '5000']] }),
  create('made'),
  create('bad', { configs: [['retention.ms', 'x']] }),
  create('bad', { configs: [['nothing', '1']] }),
  create('bad', { configs: [['retention.ms', null]] }),
  create('bad', { configs: [['cleanup.policy', 'compact,other']] }),
  create('bad', { configs: [['min.insync.replicas', '0']] }, true),
  create('bad', {
    configs: [
      ['local.retention.ms', '10'],
      ['retention.ms', '5'],
    ],
  }),
  create('bad', { configs: [['max.message.bytes', '-1']] }),
  create('bad', { configs: [['compression.type', 'brotli']] }),
  create('bad', { configs: [['leader.replication.throttled.replicas', 'x']] }),
  create('bad', { factor: 2 }),
  create('bad', { factor: 0 }),
  create('bad', { partitions: 0 }),
  create('bad', { partitions: -1, factor: -1, assignments: [[1], [1, 1]] }),
  create('bad', { partitions: -1, factor: -1, assignments: [[7]] }),
  create('bad', { partitions: -1, factor: -1, assignments: [[]] }),
  create('bad', { partitions: 1, factor: -1, assignments: [[1]] }),
  create('a/b'),
  create(''),
  create('..'),
  create('x'.repeat(250)),
  create('assigned', { partitions: -1, factor: -1, assignments: [[1], [1]] }),
  step(DescribeProducers, { topics: [{ name: 'made', partitionIndexes: [0, 9] }] }),
  step(DescribeProducers, { topics: [{ name: 'nowhere', partitionIndexes: [0] }] }),
  step(DescribeLogDirs, { topics: [{ topic: 'made', partitions: [0, 1, 9] }] }),
  step(DescribeLogDirs, { topics: [{ topic: 'nowhere', partitions: [0] }] }),
  step(DescribeLogDirs, { topics: [] }),
]

export const configs: readonly Step[] = [
  ...describe(topic, 'made'),
  ...describe(topic, 'made', ['retention.ms', 'nothing']),
  ...describe(topic, 'made', []),
  ...describe(topic, 'nowhere'),
  ...alter(topic, 'made', [['retention.ms', '6000']], true),
  ...alter(topic, 'made', [
    ['retention.ms', '6000'],
    ['cleanup.policy', 'compact', 2],
  ]),
  ...alter(topic, 'made', [['cleanup.policy', 'delete', 3]]),
  ...alter(topic, 'made', [['retention.ms', '1', 2]]),
  ...alter(topic, 'made', [['nothing', '1']]),
  ...alter(topic, 'made', [['nothing', null, 1]]),
  ...alter(topic, 'made', [['retention.ms', 'x']]),
  ...alter(topic, 'made', [['retention.ms', '1', 9]]),
  ...alter(topic, 'nowhere', [['retention.ms', '1']]),
  ...describe(topic, 'made', ['retention.ms', 'cleanup.policy']),
  replace(topic, 'made', [['flush.messages', '7']], true),
  replace(topic, 'made', [['flush.messages', '7']]),
  replace(topic, 'made', [['flush.messages', '-7']]),
  replace(topic, 'made', [['flush.messages', null]]),
  replace(topic, 'nowhere', []),
  ...describe(topic, 'made', ['retention.ms', 'cleanup.policy', 'flush.messages']),
  replace(topic, 'made', []),
  ...alter(broker, '', [
    ['log.retention.ms', '70000'],
    ['log.cleaner.threads', '2'],
  ]),
  ...alter(broker, '1', [
    ['log.retention.ms', '60000'],
    ['message.max.bytes', '900000'],
  ]),
  ...alter(broker, '1', [['log.cleanup.policy', 'compact', 2]]),
  ...alter(broker, '1', [['num.partitions', '2']]),
  ...alter(broker, '1', [['no.such.key', '2']]),
  ...alter(broker, '9', [['log.retention.ms', '2']]),
  ...alter(broker, 'x', [['log.retention.ms', '2']]),
  ...describe(topic, 'made', ['retention.ms', 'max.message.bytes', 'cleanup.policy']),
  ...describe(broker, ''),
  ...describe(broker, '1'),
  ...describe(broker, '1', ['log.retention.ms', 'log.retention.hours', 'no.such.key']),
  ...describe(broker, '9'),
  ...describe(broker, 'x'),
  list(),
  list(topic, broker, group, clientMetrics, logger),
  list(99),
  replace(broker, '1', []),
  replace(broker, '', []),
  ...describe(broker, ''),
  ...alter(group, 'readers', [['consumer.session.timeout.ms', '50000']]),
  ...alter(group, 'readers', [['consumer.session.timeout.ms', '1']]),
  ...alter(group, 'readers', [['consumer.heartbeat.interval.ms', '60000']]),
  ...alter(group, 'readers', [['share.auto.offset.reset', 'x']]),
  ...alter(group, 'readers', [['nothing', '1']]),
  ...alter(group, '', [['consumer.session.timeout.ms', '50000']]),
  ...describe(group, 'readers'),
  ...describe(group, 'others'),
  ...describe(group, ''),
  ...alter(clientMetrics, 'watch', [
    ['interval.ms', '1000'],
    ['metrics', 'a,b'],
  ]),
  ...alter(clientMetrics, 'watch', [
    ['match', 'client_id=x'],
    ['metrics', 'c', 2],
  ]),
  ...alter(clientMetrics, 'watch', [['interval.ms', '1']]),
  ...alter(clientMetrics, 'watch', [['match', 'nonsense']]),
  ...describe(clientMetrics, 'watch'),
  ...describe(clientMetrics, 'nowhere'),
  list(group, clientMetrics),
  list(clientMetrics),
  ...alter(clientMetrics, 'watch', [
    ['interval.ms', null, 1],
    ['metrics', null, 1],
    ['match', null, 1],
  ]),
  ...alter(group, 'readers', [['consumer.session.timeout.ms', null, 1]]),
  list(group, clientMetrics),
  ...describe(logger, '9'),
  ...describe(99, 'x'),
  ...alter(99, 'x', [['a', 'b']]),
]

export const others: readonly Step[] = [
  quota({ user: 'ann' }, 'producer_byte_rate', 1000, false, true),
  quota({ user: 'ann' }, 'producer_byte_rate', 1000),
  quota({ user: 'ann', 'client-id': null }, 'consumer_byte_rate', 2000.5),
  quota({ user: null }, 'request_percentage', 50),
  quota({ 'client-id': 'c' }, 'controller_mutation_rate', 5),
  quota({ ip: '127.0.0.9' }, 'connection_creation_rate', 5),
  quota({ ip: 'not an address!' }, 'connection_creation_rate', 5),
  quota({ ip: '127.0.0.9' }, 'producer_byte_rate', 5),
  quota({ user: 'ann' }, 'connection_creation_rate', 5),
  quota({ user: 'ann' }, 'nothing', 5),
  quota({ user: 'ann' }, 'producer_byte_rate', -1),
  quota({ user: 'ann' }, 'producer_byte_rate', 1.5),
  quota({ user: '' }, 'producer_byte_rate', 1),
  quota({ nobody: 'ann' }, 'producer_byte_rate', 1),
  quota({}, 'producer_byte_rate', 1),
  quota({ user: 'ann', ip: '127.0.0.1' }, 'producer_byte_rate', 1),
  quotas(false),
  quotas(true),
  quotas(false, ['user', 0, 'ann']),
  quotas(true, ['user', 0, 'ann']),
  quotas(false, ['user', 1, null]),
  quotas(false, ['user', 2, null]),
  quotas(true, ['user', 2, null], ['client-id', 1, null]),
  quotas(false, ['ip', 0, '127.0.0.9']),
  quotas(false, ['user', 0, null]),
  quotas(false, ['user', 1, 'x']),
  quotas(false, ['user', 9, null]),
  quotas(false, ['nobody', 0, 'x']),
  quotas(false, ['user', 2, null], ['user', 2, null]),
  quotas(false, ['user', 2, null], ['ip', 2, null]),
  quota({ user: 'ann' }, 'producer_byte_rate', 0, true),
  quota({ user: 'ann' }, 'producer_byte_rate', 0, true),
  quotas(false, ['user', 0, 'ann']),
  feature('nothing', 1),
  feature('metadata.version', 1000),
  feature('metadata.version', 30, 1),
  feature('metadata.version', 29, 1),
  feature('metadata.version', 0, 2),
  feature('metadata.version', 29, 9, true),
  feature('group.version', 0, 1),
  feature('group.version', 7, 1),
  feature('transaction.version', 2, 1, true),
  step(UpdateFeatures, { timeoutMs: 10_000, featureUpdates: [], validateOnly: false }),
  step(DescribeQuorum, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  }),
  step(DescribeQuorum, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 1 }] }],
  }),
  step(DescribeQuorum, { topics: [{ topicName: 'other', partitions: [{ partitionIndex: 0 }] }] }),
  step(DescribeQuorum, { topics: [] }),
]

const bindings = { principal: 'User:ann', host: '*', operation: 3, permissionType: 3 }
const binding = (resourceType: number, resourceName: string) => ({
  ...{ resourceType, resourceName, resourcePatternType: 3, ...bindings },
})
const filter = (resourceNameFilter: string | null, principalFilter: string | null = null) => ({
  ...{ resourceTypeFilter: 1, resourceNameFilter, patternTypeFilter: 1, principalFilter },
  ...{ hostFilter: null, operation: 1, permissionType: 1 },
})
const noHmac = { hmac: Buffer.from('none') }

/** What neither has without an authorizer and encrypted connections. */
export const security: readonly Step[] = [
  step(DescribeAcls, filter(null)),
  step(DescribeAcls, filter('made', 'User:ann')),
  step(CreateAcls, { creations: [binding(2, 'made'), binding(4, 'kafka-cluster')] }),
  step(CreateAcls, { creations: [binding(99, 'made')] }),
  step(CreateAcls, { creations: [] }),
  step(DeleteAcls, { filters: [filter(null), filter('made', 'ann')] }),
  step(DeleteAcls, { filters: [] }),
  step(CreateDelegationToken, { renewers: [], maxLifetimeMs: -1 }),
  step(CreateDelegationToken, {
    ...{ ownerPrincipalType: 'User', ownerPrincipalName: 'ann', maxLifetimeMs: 1000 },
    renewers: [{ principalType: 'Group', principalName: 'x' }],
  }),
  step(RenewDelegationToken, { ...noHmac, renewPeriodMs: 1000 }),
  step(ExpireDelegationToken, { ...noHmac, expiryTimePeriodMs: -1 }),
  step(DescribeDelegationToken, { owners: null }),
  step(DescribeDelegationToken, { owners: [{ principalType: 'User', principalName: 'ann' }] }),
]
