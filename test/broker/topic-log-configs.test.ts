/** Every configuration of a topic that concerns its log reaches the log while it runs, and leaves it again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { alterConfigs } from '../../src/client/admin/configs.ts'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { nodeEnv } from '../../src/env/node.ts'
import type { LogConfig } from '../../src/log/log-config.ts'
import { startTestNode } from './test-node.ts'

/** As it is set, and what becomes of it. */
const configs: Readonly<Record<string, readonly [string, Partial<LogConfig>]>> = {
  'cleanup.policy': ['compact,delete', { cleanupPolicy: { delete: true, compact: true } }],
  'compression.gzip.level': ['9', { compressionGzipLevel: 9 }],
  'compression.type': ['zstd', { compressionType: 'zstd' }],
  'compression.zstd.level': ['7', { compressionZstdLevel: 7 }],
  'delete.retention.ms': ['11', { deleteRetentionMs: 11 }],
  'file.delete.delay.ms': ['12', { fileDeleteDelayMs: 12 }],
  'flush.messages': ['1', { flushMessages: 1 }],
  'flush.ms': ['13', { flushMs: 13 }],
  'index.interval.bytes': ['14', { indexIntervalBytes: 14 }],
  'internal.segment.bytes': ['2000000', { segmentBytes: 2_000_000 }],
  'max.compaction.lag.ms': ['15', { maxCompactionLagMs: 15 }],
  'max.message.bytes': ['16', { maxMessageBytes: 16 }],
  'message.timestamp.after.max.ms': ['17', { messageTimestampAfterMaxMs: 17 }],
  'message.timestamp.before.max.ms': ['18', { messageTimestampBeforeMaxMs: 18 }],
  'message.timestamp.type': ['LogAppendTime', { messageTimestampType: 'LogAppendTime' }],
  'min.cleanable.dirty.ratio': ['0.25', { minCleanableDirtyRatio: 0.25 }],
  'min.compaction.lag.ms': ['1', { minCompactionLagMs: 1 }],
  preallocate: ['true', { preallocate: true }],
  'retention.bytes': ['19', { retentionBytes: 19 }],
  'retention.ms': ['20', { retentionMs: 20 }],
  'segment.bytes': ['1048577', { segmentBytes: 1_048_577 }],
  'segment.index.bytes': ['21', { segmentIndexBytes: 21 }],
  'segment.jitter.ms': ['22', { segmentJitterMs: 22 }],
  'segment.ms': ['23', { segmentMs: 23 }],
}

test('a configuration that is set reaches the log of its topic, and goes when it is deleted', async () => {
  const node = await startTestNode()
  const bootstrap = [{ host: '127.0.0.1', port: node.port }]
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap })
  onTestFinished(async () => {
    await cluster.close()
    await node.stop()
  })
  await createTopics(cluster, [{ name: 't', partitions: 1 }])
  const { logs } = node.node.broker!
  const until = async (what: string, holds: () => boolean) => {
    for (const end = Date.now() + 60_000; !holds(); await sleep(5))
      if (Date.now() > end) throw new Error(`${what} does not come`)
  }
  await until('the log', () => logs.get('t', 0) !== undefined)
  const log = logs.get('t', 0)!
  const before = JSON.stringify(log.config)
  const change = (name: string, value: string | null) =>
    alterConfigs(cluster, { type: 'topic', name: 't' }, [
      { name, value, operation: value === null ? 'delete' : 'set' },
    ])
  for (const [name, [value, expected]] of Object.entries(configs)) {
    expect([name, (await change(name, value)).error]).toEqual([name, undefined])
    const changed = JSON.stringify({ ...JSON.parse(before), ...expected })
    await until(name, () => JSON.stringify(log.config) !== before)
    expect([name, JSON.parse(JSON.stringify(log.config))]).toEqual([name, JSON.parse(changed)])
    await change(name, null)
    await until(`the end of ${name}`, () => JSON.stringify(log.config) === before)
  }
})
