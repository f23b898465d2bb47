/** What DescribeConfigs tells about the configurations of a resource (behaviours A-9). */
import {
  type BrokerConfigName,
  brokerConfigs,
  brokerDefinition,
  withoutListener,
} from './broker-configs.ts'
import type { Definition } from './definition.ts'
import { clientMetricsConfigs } from './definitions/client-metrics.ts'
import { groupOverrideConfigs } from './definitions/group-override.ts'
import { topicConfigs } from './definitions/topic.ts'
import {
  type ConfigSynonym,
  configSources,
  type EffectiveConfig,
  isHidden,
} from './effective-config.ts'
import { idleReason } from './idle-configs.ts'
import type { TopicConfigName } from './topic-defaults.ts'
import {
  ConfigError,
  type ConfigType,
  type ConfigValue,
  canonicalText,
  printValue,
} from './value.ts'

export interface DescribedConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: readonly ConfigSynonym[]
  /** Kafka's number of the type; 0 when not known. */
  readonly configType: number
  readonly documentation: string | null
}

const typeNumbers: Record<ConfigType, number> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
}

type Overrides = ReadonlyMap<string, string>

function described(
  name: string,
  definition: Definition | undefined,
  value: string | null,
  synonyms: readonly ConfigSynonym[],
  readOnly = false,
): DescribedConfig {
  const isSensitive = definition === undefined || definition.type === 'PASSWORD'
  return {
    name,
    value: isSensitive ? null : value,
    readOnly,
    configSource: synonyms[0]?.source ?? configSources.default,
    isSensitive,
    synonyms,
    configType: definition ? typeNumbers[definition.type] : 0,
    documentation: definition ? documented(name, definition) : null,
  }
}

/** By definition: a request may ask for thousands. */
const documentations = new Map<Definition, string>()

/** A value that changes nothing must not look as if it did. */
function documented(name: string, definition: Definition): string {
  const known = documentations.get(definition)
  if (known !== undefined) return known
  const { doc } = definition
  const reason = idleReason(withoutListener(name))
  const told = reason === undefined ? doc : `${doc} Kept and shown, without effect: ${reason}.`
  documentations.set(definition, told)
  return told
}

export function describeTopic(effective: EffectiveConfig, overrides: Overrides): DescribedConfig[] {
  return shown(topicConfigs, overrides).map((name) => {
    const definition = topicConfigs[name as TopicConfigName]
    const value = effective.topicValue(name as TopicConfigName, overrides) as ConfigValue
    const synonyms = effective.topicSynonyms(name as TopicConfigName, overrides)
    return described(name, definition, printValue(definition.type, value), synonyms)
  })
}

/** Everything of this broker: known, given at the start, or set since. */
export function describeBroker(effective: EffectiveConfig): DescribedConfig[] {
  const { config } = effective
  const hidden = (name: string) => brokerDefinition(name)?.internal === true
  const given = [...config.givenNames()].filter((name) => !hidden(name))
  // What was set since is shown even where it is internal: Kafka's tools read throttles back.
  const set = new Set([...given, ...effective.ofBroker.keys(), ...effective.ofCluster.keys()])
  return shown(brokerConfigs, set).map((name) =>
    describeBrokerConfig(effective, name, brokerValue(effective, name), false),
  )
}

/** The cluster's dynamic defaults alone. */
export function describeCluster(effective: EffectiveConfig): DescribedConfig[] {
  return [...effective.ofCluster.keys()]
    .sort()
    .map((name) =>
      describeBrokerConfig(effective, name, effective.ofCluster.get(name) ?? null, true),
    )
}

function describeBrokerConfig(
  effective: EffectiveConfig,
  name: string,
  value: string | null,
  allBrokers: boolean,
): DescribedConfig {
  const definition = brokerDefinition(name)
  // A name with a listener's prefix is not in Kafka's list of what is dynamic either.
  const dynamic = Object.hasOwn(brokerConfigs, name) && definition?.dynamic !== undefined
  return described(name, definition, value, effective.brokerSynonyms(name, allBrokers), !dynamic)
}

function brokerValue(effective: EffectiveConfig, name: string): string | null {
  if (isHidden(name)) return null
  if (Object.hasOwn(brokerConfigs, name)) {
    const value = effective.get(name as BrokerConfigName) as ConfigValue
    const exact = effective.ofBroker.get(name) ?? effective.ofCluster.get(name)
    return exact === undefined
      ? (effective.config.givenText(name) ??
          printValue(brokerConfigs[name as BrokerConfigName].type, value))
      : exactText(name, brokerConfigs[name as BrokerConfigName].type, exact)
  }
  return effective.brokerSynonyms(name)[0]?.value ?? null
}

function exactText(name: string, type: ConfigType, text: string): string {
  try {
    return canonicalText(name, type, text)
  } catch (error) {
    if (error instanceof ConfigError) return text
    throw error
  }
}

/** The broker's name for the default of a group's name, where there is one. */
export function groupDefaultName(name: string): BrokerConfigName | undefined {
  const brokerName = `group.${name}`
  return Object.hasOwn(brokerConfigs, brokerName) ? (brokerName as BrokerConfigName) : undefined
}

/** The value of a group with these overrides. */
export function groupValue(
  effective: EffectiveConfig,
  name: keyof typeof groupOverrideConfigs,
  overrides: Overrides,
): string {
  const { type, defaultValue } = groupOverrideConfigs[name]
  const own = overrides.get(name)
  if (own !== undefined) return exactText(name, type, own)
  const brokerName = groupDefaultName(name)
  const value = brokerName ? effective.get(brokerName) : defaultValue
  return printValue(type, (value ?? null) as ConfigValue) ?? ''
}

export function describeGroup(effective: EffectiveConfig, overrides: Overrides): DescribedConfig[] {
  return shown(groupOverrideConfigs, overrides).map((name) => {
    const known = name as keyof typeof groupOverrideConfigs
    const value = groupValue(effective, known, overrides)
    const brokerName = groupDefaultName(name)
    const inherited = brokerName
      ? effective.brokerSynonyms(brokerName)
      : [{ name, value: groupValue(effective, known, new Map()), source: configSources.default }]
    const own = overrides.has(name) ? [{ name, value, source: configSources.group }] : []
    return described(name, groupOverrideConfigs[known], value, [...own, ...inherited])
  })
}

export function describeClientMetrics(overrides: Overrides): DescribedConfig[] {
  return shown(clientMetricsConfigs, overrides).map((name) => {
    const definition = clientMetricsConfigs[name as keyof typeof clientMetricsConfigs]
    const own = overrides.get(name)
    const value = own ?? printValue(definition.type, definition.defaultValue as ConfigValue)
    const synonyms =
      own === undefined ? [] : [{ name, value: own, source: configSources.clientMetrics }]
    return described(name, definition, value, synonyms)
  })
}

/** Names that are for everybody, and those that are set, in the order of the alphabet. */
function shown(
  table: Readonly<Record<string, Definition>>,
  set: Iterable<string> | Overrides,
): string[] {
  const open = Object.keys(table).filter((name) => !table[name]?.internal)
  const others = set instanceof Map ? set.keys() : (set as Iterable<string>)
  return [
    ...new Set([...open, ...others].filter((name) => table !== topicConfigs || name in table)),
  ].sort()
}
