/** Configurations of a broker's logs that change while it runs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
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
  for (const end = Date.now() + 25_000; !isTrue(); await sleep(10))
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
  for (const all of ['*', paths.join(',')]) {
    await cordon(all, 2)
    const [refused] = await createTopics(cluster, [{ name: 'three', partitions: 1 }])
    expect(refused?.error?.message).toContain('have all their log directories cordoned')
  }
  await cordon('', 0)
  expect((await placed('four')).toSorted()).toEqual([0, 1])
})
