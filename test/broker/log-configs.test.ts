/** Configurations of a broker's logs that change while it runs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { AlterReplicaLogDirs } from '../../protocol/messages/alter-replica-log-dirs.ts'
import { DescribeLogDirs } from '../../protocol/messages/describe-log-dirs.ts'
import { alterConfigs } from '../../src/client/admin/configs.ts'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { batchOf } from '../log/batches.ts'
import { startTestNode } from './test-node.ts'

async function start(configuration: Record<string, string | number | boolean>) {
  const node = await startTestNode(configuration)
  const bootstrap = [{ host: '127.0.0.1', port: node.port }]
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap })
  onTestFinished(async () => {
    await cluster.close()
    await node.stop()
  })
  const set = async (name: string, value: string, broker = '') => {
    const change = { name, value, operation: 'set' as const }
    const { error } = await alterConfigs(cluster, { type: 'broker', name: broker }, [change])
    expect(error).toBeUndefined()
  }
  return { node: node.node, cluster, set }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isTrue(); await sleep(10))
    if (Date.now() > end) throw new Error('It does not come')
}

test('the cleaner looks again as soon as its pause becomes shorter, and not while it has no thread', async () => {
  const { node, cluster, set } = await start({ 'log.cleaner.backoff.ms': 86_400_000 })
  const configs = new Map([
    ['cleanup.policy', 'compact'],
    ['min.cleanable.dirty.ratio', '0.01'],
  ])
  await createTopics(cluster, [{ name: 'c', partitions: 1, configs }])
  const { logs } = node.broker!
  await until(() => logs.get('c', 0) !== undefined)
  const log = logs.get('c', 0)!
  for (let i = 0; i < 3; i++) {
    log.stageAsLeader(batchOf([`a=${i}`]), { leaderEpoch: 99, origin: 'client' })
    log.writeStaged()
    log.roll()
  }
  log.highWatermark = log.logEndOffset
  await set('log.cleaner.io.max.bytes.per.second', '1e9')
  expect(logs.cleaner.totals.compactions).toBe(0)
  await set('log.cleaner.backoff.ms', '20')
  await until(() => logs.cleaner.totals.compactions === 1)
})

test('no new partition is placed in a cordoned directory while there are others', async () => {
  const paths = ['a', 'b'].map((name) => mkdtempSync(join(tmpdir(), `ottla-${name}-`)))
  onTestFinished(() => {
    for (const path of paths) rmSync(path, { recursive: true, force: true })
  })
  const { node, cluster, set } = await start({
    'log.dirs': paths.join(','),
    'cordoned.log.dirs': paths[0]!,
  })
  const { logs } = node.broker!
  const placed = async (name: string) => {
    await createTopics(cluster, [{ name, partitions: 2 }])
    await until(() => logs.get(name, 0) !== undefined && logs.get(name, 1) !== undefined)
    return [0, 1].map((i) => paths.indexOf(logs.get(name, i)!.disk.path))
  }
  const { nodeId } = node.broker!
  /** The coordinator hears of it with the next heartbeat. */
  const cordon = async (value: string, count: number) => {
    await set('cordoned.log.dirs', value, String(nodeId))
    const { session } = node.broker!
    await until(() => session.image.brokers.get(nodeId)?.cordonedLogDirs.length === count)
  }
  expect(await placed('one')).toEqual([1, 1])
  await cordon(paths[1]!, 1)
  expect(await placed('two')).toEqual([0, 0])
  for (const [i, all] of ['*', paths.join(',')].entries()) {
    await cordon(all, 2)
    const [refused] = await createTopics(cluster, [{ name: 'three', partitions: 1 }])
    expect(refused?.error?.message).toContain('have all their log directories cordoned')
    // One that is put here by hand has to be somewhere.
    const name = `by-hand-${i}`
    const [taken] = await createTopics(cluster, [{ name, assignment: [[nodeId]] }])
    expect(taken?.error).toBeUndefined()
    await until(() => logs.get(name, 0) !== undefined)
  }
  await cordon('', 0)
  expect((await placed('four')).toSorted()).toEqual([0, 1])
})

test('a replica is not to be moved to a cordoned directory, whether or not it is there', async () => {
  const [a = '', b = ''] = ['a', 'b'].map((name) => mkdtempSync(join(tmpdir(), `ottla-${name}-`)))
  onTestFinished(() => {
    for (const path of [a, b]) rmSync(path, { recursive: true, force: true })
  })
  const { node, cluster, set } = await start({ 'log.dirs': `${a},${b}`, 'cordoned.log.dirs': a })
  await createTopics(cluster, [{ name: 'one', partitions: 1 }])
  const { logs, nodeId } = node.broker!
  await until(() => logs.get('one', 0) !== undefined)
  const place = async (path: string, name: string) => {
    const dirs = [{ path, topics: [{ name, partitions: [0] }] }]
    const { results } = await cluster.send(nodeId, AlterReplicaLogDirs, { dirs })
    return results[0]?.partitions[0]?.errorCode
  }
  const cordoned = async () => {
    const { results } = await cluster.send(nodeId, DescribeLogDirs, { topics: null })
    return results.map(({ logDir, isCordoned }) => [logDir, isCordoned])
  }
  // What Kafka 4.3.1 answers to the same.
  const asked = [
    [a, 'one'],
    [a, 'nothing'],
    ['/nowhere', 'one'],
    ['/nowhere', 'nothing'],
    [b, 'nothing'],
    [b, 'one'],
  ] as const
  const answers: unknown[] = []
  for (const [path, name] of asked) answers.push(await place(path, name))
  expect(answers).toEqual([39, 39, 57, 57, 3, 0])
  expect(await cordoned()).toEqual([
    [a, true],
    [b, false],
  ])
  await set('cordoned.log.dirs', `${a},${b}`, String(nodeId))
  await until(() => logs.directories.every((directory) => logs.isCordoned(directory)))
  expect([await place(b, 'one'), await place(b, 'nothing')]).toEqual([39, 39])
})
