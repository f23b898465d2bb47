/**
 * What may be set on topics, brokers, groups and client metrics, for the coordinator that decides it and
 * for the broker that is asked. Messages are Kafka's.
 */
import type { ConfigRules } from '../../core/cluster/config-rules.ts'
import { resourceTypes } from '../../core/cluster/image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { brokerDefinition } from './broker-configs.ts'
import { type Definition, readValue } from './definition.ts'
import { clientMetricsConfigs } from './definitions/client-metrics.ts'
import { groupOverrideConfigs } from './definitions/group-override.ts'
import { topicConfigs } from './definitions/topic.ts'
import { describeTopic, groupValue } from './described-config.ts'
import { type ConfigImage, EffectiveConfig } from './effective-config.ts'
import { type TopicConfigName, topicDefault } from './topic-defaults.ts'
import { ConfigError, type ConfigValue, printValue } from './value.ts'

type Overrides = ReadonlyMap<string, string>

/** Rules of a node with this configuration; `image` gives the cluster's dynamic defaults, when known. */
export function configRules(config: BrokerConfig, image?: ConfigImage): ConfigRules {
  const effective = new EffectiveConfig(config, image)
  return {
    fault(resourceType, resourceName, overrides) {
      try {
        check(effective, resourceType, resourceName, overrides)
        return undefined
      } catch (error) {
        if (error instanceof ConfigError) return error.message
        throw error
      }
    },
    readOnlyFault: (resourceType, resourceName, name) =>
      resourceType === resourceTypes.broker ? brokerReadOnlyFault(resourceName, name) : undefined,
    // Kafka takes the lists of client metrics for texts: they are set, never added to.
    isList: (resourceType, name) =>
      resourceType !== resourceTypes.clientMetrics &&
      definitionOf(resourceType, name)?.type === 'LIST',
    inherited(resourceType, name) {
      const definition = definitionOf(resourceType, name)
      if (!definition) return undefined
      const value = inheritedValue(effective, resourceType, name) ?? definition.defaultValue ?? null
      return printValue(definition.type, value) ?? undefined
    },
    topicConfigs: (overrides) => describeTopic(effective, overrides),
  }
}

function definitionOf(resourceType: number, name: string): Definition | undefined {
  if (resourceType === resourceTypes.broker) return brokerDefinition(name)
  const table = tables[resourceType]
  return table && Object.hasOwn(table, name) ? table[name] : undefined
}

const tables: Readonly<Record<number, Readonly<Record<string, Definition>>>> = {
  [resourceTypes.topic]: topicConfigs,
  [resourceTypes.group]: groupOverrideConfigs,
  [resourceTypes.clientMetrics]: clientMetricsConfigs,
}

function inheritedValue(
  effective: EffectiveConfig,
  resourceType: number,
  name: string,
): ConfigValue | undefined {
  if (resourceType === resourceTypes.topic)
    return topicDefault(name as TopicConfigName, (broker) => effective.get(broker))
  if (resourceType !== resourceTypes.broker) return undefined
  return effective.get(name as 'log.cleanup.policy')
}

function check(
  effective: EffectiveConfig,
  resourceType: number,
  resourceName: string,
  overrides: Overrides,
): void {
  const table = tables[resourceType]
  if (table) {
    for (const name of overrides.keys())
      if (!Object.hasOwn(table, name))
        throw new ConfigError(`${unknownName[resourceType]}: ${name}`)
    for (const [name, text] of overrides) readValue(name, table[name] as Definition, text)
  }
  if (resourceType === resourceTypes.topic) checkTopic(effective, overrides)
  else if (resourceType === resourceTypes.broker) checkBroker(resourceName, overrides)
  else if (resourceType === resourceTypes.group) checkGroup(effective, overrides)
  else if (resourceType === resourceTypes.clientMetrics) checkClientMetrics(overrides)
}

const unknownName: Readonly<Record<number, string>> = {
  [resourceTypes.topic]: 'Unknown topic config name',
  [resourceTypes.group]: 'Unknown group config name',
  [resourceTypes.clientMetrics]: 'Unknown client metrics configuration',
}

function checkTopic(effective: EffectiveConfig, overrides: Overrides): void {
  const minLag = effective.topicValue('min.compaction.lag.ms', overrides)
  const maxLag = effective.topicValue('max.compaction.lag.ms', overrides)
  if (minLag > maxLag)
    throw new ConfigError(
      `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`,
    )
  if (effective.topicValue('remote.storage.enable', overrides))
    throw new ConfigError(
      'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
    )
}

/** Names that nobody knows are kept, as in Kafka: plugins may know them. */
function checkBroker(resourceName: string, overrides: Overrides): void {
  if (resourceName !== '' && overrides.has('min.insync.replicas'))
    throw new ConfigError(
      'Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
    )
  for (const [name, text] of overrides) {
    const definition = brokerDefinition(name)
    if (definition) readValue(name, definition, text)
  }
}

/** Why this cannot be set on a broker that runs ('' for all brokers), or undefined. */
export function brokerReadOnlyFault(resourceName: string, name: string): string | undefined {
  const definition = brokerDefinition(name)
  if (!definition) return undefined
  if (!definition.dynamic) return `Cannot update these configs dynamically: [${name}]`
  if (resourceName === '' && definition.dynamic === 'per-broker')
    return `Cannot update these configs at default cluster level, broker id must be specified: [${name}]`
  return undefined
}

/** Which of a group's values the broker bounds, and from which side. */
const groupBounds: readonly (readonly [name: string, ...sides: ('min' | 'max')[]])[] = [
  ['consumer.heartbeat.interval.ms', 'min', 'max'],
  ['consumer.session.timeout.ms', 'min', 'max'],
  ['consumer.assignment.interval.ms', 'min', 'max'],
  ['share.heartbeat.interval.ms', 'min', 'max'],
  ['share.session.timeout.ms', 'min', 'max'],
  ['share.record.lock.duration.ms', 'min', 'max'],
  ['share.delivery.count.limit', 'min', 'max'],
  ['share.partition.max.record.locks', 'min', 'max'],
  ['share.assignment.interval.ms', 'min', 'max'],
  ['streams.heartbeat.interval.ms', 'min', 'max'],
  ['streams.session.timeout.ms', 'min', 'max'],
  ['streams.num.standby.replicas', 'max'],
  ['streams.assignment.interval.ms', 'min', 'max'],
]

function checkGroup(effective: EffectiveConfig, overrides: Overrides): void {
  for (const [name, ...sides] of groupBounds) {
    const own = overrides.get(name)
    if (own === undefined) continue
    for (const side of sides) {
      const bound = `group.${name.replace(/\.(num\.)?/, `.${side}.`)}`
      const limit = effective.get(bound as 'group.consumer.max.session.timeout.ms')
      const holds = side === 'min' ? Number(own) >= limit : Number(own) <= limit
      const words = side === 'min' ? 'greater' : 'less'
      if (!holds) throw new ConfigError(`${name} must be ${words} than or equal to ${bound}`)
    }
  }
  for (const kind of ['consumer', 'share', 'streams'] as const) {
    const [heartbeat, session] = ['heartbeat.interval.ms', 'session.timeout.ms'].map(
      (name) => `${kind}.${name}` as const,
    ) as ['consumer.heartbeat.interval.ms', 'consumer.session.timeout.ms']
    if (!overrides.has(heartbeat) && !overrides.has(session)) continue
    if (
      Number(groupValue(effective, session, overrides)) <=
      Number(groupValue(effective, heartbeat, overrides))
    )
      throw new ConfigError(`${session} must be greater than ${heartbeat}`)
  }
}

const clientMatches = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]

function checkClientMetrics(overrides: Overrides): void {
  const interval = overrides.get('interval.ms')
  if (interval !== undefined && (Number(interval) < 100 || Number(interval) > 3_600_000))
    throw new ConfigError(
      `Invalid value ${interval} for interval.ms, interval must be between 100 and 3600000 (1 hour)`,
    )
  const match = overrides.get('match') ?? ''
  for (const pattern of match.split(',').filter((text) => text.trim() !== '')) {
    const [name = '', value, ...rest] = pattern.split('=').map((text) => text.trim())
    if (value === undefined || rest.length > 0 || !clientMatches.includes(name))
      throw new ConfigError(`Illegal client matching pattern: ${pattern.trim()}`)
  }
}
