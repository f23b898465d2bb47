/** Every dynamic configuration of a broker takes effect while it runs, or says in its documentation that it has none. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokerConfigs } from '../../src/broker/config/broker-configs.ts'
import type { Definition } from '../../src/broker/config/definition.ts'
import { groupSettings } from '../../src/broker/config/group-settings.ts'
import { idleReason } from '../../src/broker/config/idle-configs.ts'
import { alterConfigs } from '../../src/client/admin/configs.ts'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import type { GroupSettings } from '../../src/core/group/settings.ts'
import { nodeEnv } from '../../src/env/node.ts'
import type { CleanerOptions } from '../../src/log/cleaner.ts'
import type { Log } from '../../src/log/log.ts'
import type { LogConfig } from '../../src/log/log-config.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
let cluster: Cluster
let log: Log
let groups: GroupSettings
beforeAll(async () => {
  node = await startTestNode()
  cluster = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: node.port }],
  })
  await createTopics(cluster, [{ name: 't', partitions: 1 }])
  await until(() => node.node.broker!.logs.get('t', 0) !== undefined)
  const { config, image } = node.node.broker!
  groups = groupSettings(config, image)
  log = node.node.broker!.logs.get('t', 0)!
})
afterAll(async () => {
  await cluster?.close()
  await node?.stop()
})

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isTrue(); await sleep(5))
    if (Date.now() > end) throw new Error('It does not come')
}

/** What is set, where it is seen, and as what. */
type Effect = readonly [value: string, see: () => unknown, seen: unknown]

const inLog = (value: string, name: keyof LogConfig, seen: unknown): Effect => [
  value,
  () => log.config[name],
  seen,
]
const inCleaner = (value: string, name: keyof CleanerOptions, seen: unknown): Effect => [
  value,
  () => node.node.broker!.logs.cleaner.options[name],
  seen,
]
const inImage = (value: string, name: 'min.insync.replicas' | 'unclean.leader.election.enable') =>
  [value, () => node.node.broker!.image.sharedTopicConfig('t', name), value] as const

/** What each of the log's does there is tried in test/log, and the cleaner's too. */
const effects: Readonly<Record<string, Effect>> = {
  'compression.gzip.level': inLog('9', 'compressionGzipLevel', 9),
  'compression.type': inLog('zstd', 'compressionType', 'zstd'),
  'compression.zstd.level': inLog('7', 'compressionZstdLevel', 7),
  'group.consumer.assignment.interval.ms': ['17', () => groups.consumerAssignmentIntervalMs, 17],
  'log.cleaner.backoff.ms': inCleaner('16', 'backoffMs', 16),
  'log.cleaner.dedupe.buffer.size': inCleaner('20000000', 'dedupeBytesMax', 20_000_000),
  'log.cleaner.delete.retention.ms': inLog('11', 'deleteRetentionMs', 11),
  'log.cleaner.io.buffer.load.factor': inCleaner('0.5', 'loadFactor', 0.5),
  'log.cleaner.io.buffer.size': inCleaner('65536', 'pieceBytes', 65_536),
  'log.cleaner.io.max.bytes.per.second': inCleaner('1000.5', 'bytesPerSecondMax', 1000.5),
  'log.cleaner.max.compaction.lag.ms': inLog('15', 'maxCompactionLagMs', 15),
  'log.cleaner.min.cleanable.ratio': inLog('0.25', 'minCleanableDirtyRatio', 0.25),
  'log.cleaner.min.compaction.lag.ms': inLog('1', 'minCompactionLagMs', 1),
  'log.cleanup.policy': inLog('compact', 'cleanupPolicy', { delete: false, compact: true }),
  'log.flush.interval.messages': inLog('9', 'flushMessages', 9),
  'log.flush.interval.ms': inLog('13', 'flushMs', 13),
  'log.index.interval.bytes': inLog('14', 'indexIntervalBytes', 14),
  'log.index.size.max.bytes': inLog('21', 'segmentIndexBytes', 21),
  'log.message.timestamp.after.max.ms': inLog('17', 'messageTimestampAfterMaxMs', 17),
  'log.message.timestamp.before.max.ms': inLog('18', 'messageTimestampBeforeMaxMs', 18),
  'log.message.timestamp.type': inLog('LogAppendTime', 'messageTimestampType', 'LogAppendTime'),
  'log.preallocate': inLog('true', 'preallocate', true),
  'log.retention.bytes': inLog('19', 'retentionBytes', 19),
  'log.retention.ms': inLog('20', 'retentionMs', 20),
  'log.roll.jitter.ms': inLog('22', 'segmentJitterMs', 22),
  'log.roll.ms': inLog('23', 'segmentMs', 23),
  'log.segment.bytes': inLog('1048577', 'segmentBytes', 1_048_577),
  'log.segment.delete.delay.ms': inLog('12', 'fileDeleteDelayMs', 12),
  'message.max.bytes': inLog('1600', 'maxMessageBytes', 1600),
  'min.insync.replicas': inImage('2', 'min.insync.replicas'),
  'producer.id.expiration.ms': inLog('24', 'producerIdExpirationMs', 24),
  'unclean.leader.election.enable': inImage('true', 'unclean.leader.election.enable'),
}

/** Where several brokers, directories or connections are wanted. */
const elsewhere: Readonly<Record<string, string>> = {
  'cordoned.log.dirs': 'log-configs.test.ts',
  'follower.replication.throttled.rate': 'test/cluster/replication.test.ts',
  'leader.replication.throttled.rate': 'test/cluster/replication.test.ts',
  'listener.security.protocol.map': 'dynamic-listeners.test.ts',
  listeners: 'dynamic-listeners.test.ts',
  'log.cleaner.threads': 'it has at most one; 0 is refused while it runs',
  'max.connection.creation.rate': 'dynamic-limits.test.ts',
  'max.connections': 'dynamic-limits.test.ts',
  'max.connections.per.ip': 'dynamic-limits.test.ts',
  'max.connections.per.ip.overrides': 'dynamic-limits.test.ts',
  'num.replica.fetchers': 'test/cluster/replica-fetchers.test.ts',
}

test('every dynamic configuration has an effect that is tried, or a reason for having none', () => {
  const dynamic = Object.entries<Definition>(brokerConfigs)
    .filter(([name, { dynamic }]) => dynamic !== undefined && idleReason(name) === undefined)
    .map(([name]) => name)
  expect(dynamic.sort()).toEqual([...Object.keys(effects), ...Object.keys(elsewhere)].sort())
})

test('what is set counts at once, and no more when it is deleted', async () => {
  const change = async (name: string, value: string | null) => {
    const operation = value === null ? 'delete' : 'set'
    const { error } = await alterConfigs(cluster, { type: 'broker', name: '' }, [
      { name, value, operation },
    ])
    expect([name, error]).toEqual([name, undefined])
  }
  for (const [name, [value, see, seen]] of Object.entries(effects)) {
    const before = JSON.stringify(see())
    expect([name, before]).not.toEqual([name, JSON.stringify(seen)])
    await change(name, value)
    await until(() => JSON.stringify(see()) !== before)
    expect([name, see()]).toEqual([name, seen])
    // Kafka has it set for the cluster for ever, and so has Ottla.
    await change(name, name === 'min.insync.replicas' ? '1' : null)
    await until(() => JSON.stringify(see()) === before)
  }
})
