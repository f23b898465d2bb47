/** A topic's configuration as its logs take it: from all sources, as it is at this moment. */
import { resourceTypes } from '../../core/cluster/image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { type ConfigImage, EffectiveConfig } from './effective-config.ts'
import { retentionMs } from './topic-defaults.ts'

/** Kafka's numbers for "no limit" (-1, Long.MAX) become Infinity. */
export function topicLogConfig(config: BrokerConfig, image: ConfigImage, topic: string) {
  const effective = new EffectiveConfig(config, image)
  const overrides = image.configs(resourceTypes.topic, topic)
  const value = ((name) => effective.topicValue(name, overrides)) as <
    Name extends Parameters<typeof effective.topicValue>[0],
  >(
    name: Name,
  ) => ReturnType<typeof effective.topicValue<Name>>
  const retention = overrides.has('retention.ms')
    ? value('retention.ms')
    : retentionMs((name) => effective.get(name))
  const policy = value('cleanup.policy')
  return {
    segmentBytes: value('internal.segment.bytes') ?? value('segment.bytes'),
    segmentMs: limit(value('segment.ms')),
    segmentJitterMs: limit(value('segment.jitter.ms')),
    segmentIndexBytes: value('segment.index.bytes'),
    indexIntervalBytes: value('index.interval.bytes'),
    retentionMs: limit(retention),
    retentionBytes: limit(value('retention.bytes')),
    cleanupPolicy: { delete: policy.includes('delete'), compact: policy.includes('compact') },
    maxMessageBytes: value('max.message.bytes'),
    compressionType: codecName(value('compression.type')),
    compressionGzipLevel: value('compression.gzip.level'),
    compressionZstdLevel: value('compression.zstd.level'),
    messageTimestampType: value('message.timestamp.type') as 'CreateTime' | 'LogAppendTime',
    messageTimestampBeforeMaxMs: limit(value('message.timestamp.before.max.ms')),
    messageTimestampAfterMaxMs: limit(value('message.timestamp.after.max.ms')),
    minCleanableDirtyRatio: value('min.cleanable.dirty.ratio'),
    minCompactionLagMs: value('min.compaction.lag.ms'),
    maxCompactionLagMs: limit(value('max.compaction.lag.ms')),
    deleteRetentionMs: limit(value('delete.retention.ms')),
    fileDeleteDelayMs: limit(value('file.delete.delay.ms')),
    flushMessages: limit(value('flush.messages')),
    flushMs: limit(value('flush.ms')),
    preallocate: value('preallocate'),
    producerIdExpirationMs: effective.get('producer.id.expiration.ms'),
    unpackedBytesMax: effective.get('socket.request.max.bytes'),
  }
}

function limit(value: number): number {
  return value < 0 || value >= 2 ** 63 ? Number.POSITIVE_INFINITY : value
}

type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

function codecName(compressionType: string): Codec | 'producer' {
  return compressionType === 'uncompressed' ? 'none' : (compressionType as Codec | 'producer')
}
