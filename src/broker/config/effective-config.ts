/**
 * The values in force while the broker runs, and where each comes from. Precedence: this broker's
 * dynamic value, the cluster's dynamic default, what the broker was started with, Kafka's default;
 * for a topic its own override before all of them. Nothing is cached: a change counts at once.
 */
import { type ClusterImage, resourceTypes } from '../../core/cluster/image.ts'
import type { BrokerConfig } from './broker-config.ts'
import {
  type BrokerConfigName,
  brokerConfigs,
  brokerDefinition,
  withoutListener,
} from './broker-configs.ts'
import { readValue, type ValueOf } from './definition.ts'
import { topicConfigs } from './definitions/topic.ts'
import { type TopicConfigName, topicDefault, topicSynonyms } from './topic-defaults.ts'
import { ConfigError, type ConfigValue, printValue } from './value.ts'

/** Kafka's numbers for where a value comes from. */
export const configSources = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefault: 3,
  static: 4,
  default: 5,
  brokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const

/** One of the values that would be in force, the first of them being it. */
export interface ConfigSynonym {
  readonly name: string
  /** As given; null when it must not be shown. */
  readonly value: string | null
  readonly source: number
}

/** The part of the cluster's metadata that is needed here. */
export type ConfigImage = Pick<ClusterImage, 'configs'>

const none: ReadonlyMap<string, string> = new Map()
const noImage: ConfigImage = { configs: () => none }

/** Names of a broker of which the first that has a value counts for all (Kafka's brokerSynonyms). */
const brokerSynonyms: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]

/** Throttles of replication are set while brokers run, and unset have no value that Kafka would tell. */
const dynamicOnly: ReadonlySet<string> = new Set([
  'leader.replication.throttled.rate',
  'follower.replication.throttled.rate',
  'replica.alter.log.dirs.io.max.bytes.per.second',
])

export class EffectiveConfig {
  readonly config: BrokerConfig
  readonly #image: ConfigImage

  /** Without an image: as the broker was started. */
  constructor(config: BrokerConfig, image: ConfigImage = noImage) {
    this.config = config
    this.#image = image
  }

  /** Overrides of this broker alone. */
  get ofBroker(): ReadonlyMap<string, string> {
    return this.#image.configs(resourceTypes.broker, String(this.config.nodeId))
  }

  /** Overrides for all brokers. */
  get ofCluster(): ReadonlyMap<string, string> {
    return this.#image.configs(resourceTypes.broker, '')
  }

  get<Name extends BrokerConfigName>(name: Name): ValueOf<(typeof brokerConfigs)[Name]> {
    const text = this.ofBroker.get(name) ?? this.ofCluster.get(name)
    const value = text === undefined ? undefined : usable(() => this.#parse(name, text))
    return (value ?? this.config.get(name)) as ValueOf<(typeof brokerConfigs)[Name]>
  }

  /** The value for one listener: its own (`listener.name.<listener>.<name>`), else the general one. */
  forListener<Name extends BrokerConfigName>(
    listenerName: string,
    name: Name,
  ): ValueOf<(typeof brokerConfigs)[Name]> {
    const own = `listener.name.${listenerName.toLowerCase()}.${name}`
    const text = this.ofBroker.get(own) ?? this.ofCluster.get(own) ?? this.config.givenText(own)
    const value = text === undefined ? undefined : usable(() => this.#parse(name, text))
    return (value ?? this.get(name)) as ValueOf<(typeof brokerConfigs)[Name]>
  }

  #parse(name: BrokerConfigName, text: string): ConfigValue {
    return readValue(name, brokerConfigs[name], text)
  }

  /** The value for a topic with these overrides. */
  topicValue<Name extends TopicConfigName>(
    name: Name,
    overrides: ReadonlyMap<string, string>,
  ): ValueOf<(typeof topicConfigs)[Name]> {
    const text = overrides.get(name)
    const own =
      text === undefined ? undefined : usable(() => readValue(name, topicConfigs[name], text))
    const value = own ?? topicDefault(name, (broker) => this.get(broker))
    return (value ?? topicConfigs[name].defaultValue) as ValueOf<(typeof topicConfigs)[Name]>
  }

  /**
   * All values that a broker's name could have, the one in force first. Values of other names come in
   * only behind one of its own (as Kafka tells it: log.retention.hours alone is no synonym of an
   * unset log.retention.ms).
   */
  brokerSynonyms(name: string, allBrokers = false): ConfigSynonym[] {
    const names = synonymsOf(name)
    const hidden = isHidden(name)
    const from = (source: number, textOf: (name: string) => string | null | undefined) =>
      names.flatMap((synonym) => {
        const value = textOf(synonym)
        if (value === undefined || value === null) return []
        return [{ name: synonym, value: hidden ? null : value, source }]
      })
    const all = [
      ...(allBrokers ? [] : from(configSources.dynamicBroker, (key) => this.ofBroker.get(key))),
      ...from(configSources.dynamicDefault, (key) => this.ofCluster.get(key)),
      ...(allBrokers ? [] : from(configSources.static, (key) => this.config.givenText(key))),
      ...(allBrokers || dynamicOnly.has(name) ? [] : from(configSources.default, defaultText)),
    ]
    const first = all.findIndex((synonym) => synonym.name === name)
    return first < 0 ? [] : all.slice(first)
  }

  topicSynonyms(name: TopicConfigName, overrides: ReadonlyMap<string, string>): ConfigSynonym[] {
    const [first] = topicSynonyms[name] ?? []
    const ofBroker = first ? this.brokerSynonyms(first.name) : []
    if (!overrides.has(name)) return ofBroker
    const value = printValue(topicConfigs[name].type, this.topicValue(name, overrides))
    return [{ name, value, source: configSources.topic }, ...ofBroker]
  }
}

/** A stored value of a later release that this one cannot read counts as not there. */
function usable(read: () => ConfigValue): ConfigValue | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

function synonymsOf(name: string): readonly string[] {
  const known = brokerSynonyms.find((names) => names.includes(name))
  if (known) return known
  if (name === 'log.flush.interval.ms') return [name, 'log.flush.scheduler.interval.ms']
  const bare = withoutListener(name)
  return bare === name ? [name] : [name, bare]
}

/** Passwords, and what might be one because nobody knows the name. */
export function isHidden(name: string): boolean {
  const definition = brokerDefinition(name)
  return definition === undefined || definition.type === 'PASSWORD'
}

function defaultText(name: string): string | null | undefined {
  const definition = brokerDefinition(name)
  if (definition?.defaultValue === undefined) return undefined
  return printValue(definition.type, definition.defaultValue)
}
