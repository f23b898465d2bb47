/** The coordinator's directory is lost, and made anew from those of the brokers (U4). */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster } from '../../src/client/cluster.ts'
import { commitOffsets, fetchCommitted } from '../../src/client/group-offsets.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { Faulted, sound } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'

const cluster = new LocalCluster()

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

const topic = 'kept'
const partitions = 3
const committed = Array.from({ length: partitions }, (_, partition) => ({
  topic,
  partition,
  offset: 7 + partition,
}))

async function withClient<T>(run: (client: Cluster) => Promise<T>): Promise<T> {
  const client = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap: cluster.bootstrap })
  try {
    return await run(client)
  } finally {
    client.close()
  }
}

function rebuild(...more: string[]) {
  const { directory, program } = cluster.options
  const from = cluster.brokerIds.map((id) => join(directory, `broker-${id}`))
  const args = ['cluster', 'rebuild', '--data-dir', join(directory, 'coordinator')]
  const done = spawnSync(process.execPath, [program, ...args, '--from', ...from, ...more])
  return { status: done.status, out: `${done.stdout}`, error: `${done.stderr}` }
}

test('everything killed, the metadata gone: nothing acknowledged is lost, nor what groups committed', async () => {
  const faulted = await Faulted.start(cluster, topic, { partitions })
  await withClient((client) => commitOffsets(client, 'readers', committed))
  await faulted.acknowledged()
  await Promise.all([cluster.killCoordinator(), ...cluster.brokerIds.map((id) => cluster.kill(id))])
  const coordinator = join(cluster.options.directory, 'coordinator')
  rmSync(coordinator, { recursive: true })
  const dry = rebuild('--dry-run')
  expect([dry.status, existsSync(coordinator)]).toEqual([0, false])
  const done = rebuild('--yes')
  expect({ status: done.status, error: done.error }).toEqual({ status: 0, error: '' })
  expect(done.out).toMatch(/^Topic kept \(.{22}\): 3 partitions$/m)
  expect(rebuild('--yes').error).toMatch(/There is metadata in .* already/)
  await cluster.startCoordinator()
  await Promise.all(cluster.brokerIds.map((id) => cluster.startBroker(id)))
  await faulted.acknowledged()
  const read = await withClient((client) => fetchCommitted(client, 'readers', committed))
  expect(read.map(({ partition, offset }) => [partition, offset])).toEqual([
    [0, 7],
    [1, 8],
    [2, 9],
  ])
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)
