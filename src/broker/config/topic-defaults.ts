/**
 * How the configuration of a topic hangs together with the broker's: each name of a topic has names of
 * the broker that give its default, the first that is set counting (Kafka's ServerTopicConfigSynonyms).
 */
import type { BrokerConfigName, brokerConfigs } from './broker-configs.ts'
import type { ValueOf } from './definition.ts'
import type { topicConfigs } from './definitions/topic.ts'
import type { ConfigValue } from './value.ts'

export type TopicConfigName = keyof typeof topicConfigs

export interface Synonym {
  readonly name: BrokerConfigName
  /** Units of the topic's name in one of this name: an hour has 3,600,000 ms. */
  readonly factor: number
}

const same = (name: BrokerConfigName): readonly Synonym[] => [{ name, factor: 1 }]
const hourMs = 3_600_000

/** Broker names in the order in which they count. Names of topics that are not here have none. */
export const topicSynonyms: Partial<Record<TopicConfigName, readonly Synonym[]>> = {
  'cleanup.policy': same('log.cleanup.policy'),
  'compression.gzip.level': same('compression.gzip.level'),
  'compression.lz4.level': same('compression.lz4.level'),
  'compression.type': same('compression.type'),
  'compression.zstd.level': same('compression.zstd.level'),
  'delete.retention.ms': same('log.cleaner.delete.retention.ms'),
  'file.delete.delay.ms': same('log.segment.delete.delay.ms'),
  'flush.messages': same('log.flush.interval.messages'),
  'flush.ms': [...same('log.flush.interval.ms'), ...same('log.flush.scheduler.interval.ms')],
  'index.interval.bytes': same('log.index.interval.bytes'),
  'local.retention.bytes': same('log.local.retention.bytes'),
  'local.retention.ms': same('log.local.retention.ms'),
  'max.compaction.lag.ms': same('log.cleaner.max.compaction.lag.ms'),
  'max.message.bytes': same('message.max.bytes'),
  'message.timestamp.after.max.ms': same('log.message.timestamp.after.max.ms'),
  'message.timestamp.before.max.ms': same('log.message.timestamp.before.max.ms'),
  'message.timestamp.type': same('log.message.timestamp.type'),
  'min.cleanable.dirty.ratio': same('log.cleaner.min.cleanable.ratio'),
  'min.compaction.lag.ms': same('log.cleaner.min.compaction.lag.ms'),
  'min.insync.replicas': same('min.insync.replicas'),
  preallocate: same('log.preallocate'),
  'retention.bytes': same('log.retention.bytes'),
  'retention.ms': [
    { name: 'log.retention.ms', factor: 1 },
    { name: 'log.retention.minutes', factor: 60_000 },
    { name: 'log.retention.hours', factor: hourMs },
  ],
  'segment.bytes': same('log.segment.bytes'),
  'segment.index.bytes': same('log.index.size.max.bytes'),
  'segment.jitter.ms': [
    { name: 'log.roll.jitter.ms', factor: 1 },
    { name: 'log.roll.jitter.hours', factor: hourMs },
  ],
  'segment.ms': [
    { name: 'log.roll.ms', factor: 1 },
    { name: 'log.roll.hours', factor: hourMs },
  ],
  'unclean.leader.election.enable': same('unclean.leader.election.enable'),
}

export type BrokerValues = <Name extends BrokerConfigName>(
  name: Name,
) => ValueOf<(typeof brokerConfigs)[Name]>

/** What a topic without an override has, by the broker's values; undefined: the definition's default. */
export function topicDefault(name: TopicConfigName, values: BrokerValues): ConfigValue | undefined {
  for (const synonym of topicSynonyms[name] ?? []) {
    const value = values(synonym.name) as ConfigValue
    if (value === null) continue
    return typeof value === 'number' ? value * synonym.factor : value
  }
  return undefined
}

/** Milliseconds; -1: for ever. Kafka takes any negative number for -1. */
export function retentionMs(values: BrokerValues): number {
  const value = topicDefault('retention.ms', values) as number
  return value < 0 ? -1 : value
}
