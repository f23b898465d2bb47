/** `ottla cluster rebuild` with what is not right, and a cluster that goes on after it. */
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Producer } from '../../src/client/producer.ts'
import { CommandLine } from './command.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const commandLine = new CommandLine()
let cluster: EmbeddedCluster
beforeEach(async () => {
  // Short, so that those who come back need not wait for the leases of before.
  cluster = await EmbeddedCluster.start(3, { 'lease.duration.ms': 2000 })
  await cluster.createTopic('orders', [
    [1, 2],
    [2, 3],
    [3, 1],
  ])
})
afterEach(() => cluster.stop())
afterAll(() => commandLine.remove())

const at = (name: string) => join(cluster.directory, name)

const rebuild = (brokers: string[], ...more: string[]) =>
  commandLine.run([
    ...['cluster', 'rebuild', '--data-dir', at('coordinator'), '--from'],
    ...brokers.map(at),
    ...more,
  ])

const all = ['broker-1', 'broker-2', 'broker-3']

async function stopAll(): Promise<void> {
  for (const id of [1, 2, 3]) await cluster.stopBroker(id)
}

/** While it is down, and its directory gone. */
function withoutCoordinator<T>(run: () => Promise<T>): Promise<T> {
  let result: T
  return cluster
    .restartCoordinator(async () => {
      rmSync(at('coordinator'), { recursive: true })
      result = await run()
    })
    .then(() => result)
}

test('a missing directory, a missing broker and metadata that is there are refused, and nothing is done unasked', async () => {
  const running = await rebuild(all)
  await stopAll()
  const there = await rebuild(all)
  const results = await withoutCoordinator(async () => {
    const missing = await rebuild(['broker-1', 'broker-4'])
    const noBroker = await rebuild(['.'])
    const left = await rebuild(['broker-1', 'broker-2'], '--dry-run')
    const hole = await rebuild(['broker-1'], '--dry-run')
    const unasked = await rebuild(all)
    const wrote = existsSync(at('coordinator'))
    const done = await rebuild(all, '--yes')
    return { missing, noBroker, left, hole, unasked, wrote, done }
  })
  const { missing, noBroker, left, hole, unasked, wrote, done } = results
  expect({
    running: running.error,
    there: there.error,
    missing: missing.error,
    noBroker: noBroker.error,
    hole: hole.error,
    unasked: [unasked.exitCode, wrote],
    done: [done.exitCode, done.error],
  }).toEqual({
    running: expect.stringMatching(/metadata in .* already/),
    there: expect.stringMatching(/metadata in .* already/),
    missing: expect.stringContaining(`There is no directory ${at('broker-4')}`),
    noBroker: expect.stringContaining('it has no meta.properties'),
    hole: expect.stringContaining('Of orders there are partitions up to 2, but no replica of 1:'),
    unasked: [2, false],
    done: [0, ''],
  })
  expect(left.out).toContain('its partitions have 1 or 2 replicas: is a broker missing?')
})

test('a running broker is not read', async () => {
  const busy = await commandLine.run([
    ...['cluster', 'rebuild', '--data-dir', at('another'), '--from'],
    ...all.map(at),
    '--yes',
  ])
  expect([busy.exitCode, existsSync(at('another'))]).toEqual([1, false])
  expect(busy.error).toMatch(/broker-1 is in use by another process \(pid \d+\): stop it first/)
  await stopAll()
})

test('what was written is there, and a broker that was left out keeps its logs', async () => {
  await cluster.withClient(async (client) => {
    const producer = new Producer(client, { acks: -1, lingerMs: 0 })
    for (const partition of [0, 1, 2])
      await producer.send({ topic: 'orders', partition, value: `value-${partition}` })
  })
  const epochs = cluster.image.topic('orders')!.partitions.map(({ leaderEpoch }) => leaderEpoch)
  await stopAll()
  const done = await withoutCoordinator(() => rebuild(['broker-1', 'broker-2'], '--yes'))
  expect([done.exitCode, done.error]).toEqual([0, ''])
  await expect(cluster.startBroker(3)).rejects.toThrow(
    /The metadata was rebuilt without broker 3, whose logs would be removed now/,
  )
  expect(existsSync(join(at('broker-3'), 'orders-1'))).toBe(true)
  cpSync(at('broker-3'), at('kept'), { recursive: true })
  rmSync(at('broker-3'), { recursive: true })
  for (const id of [1, 2, 3]) await cluster.startBroker(id)
  await cluster.until('all lead', () =>
    cluster.image.topic('orders')!.partitions.every(({ leader }) => leader !== -1),
  )
  const { partitions } = cluster.image.topic('orders')!
  const ends = partitions.map(
    ({ leader, partition }) =>
      cluster.broker(leader).broker!.partitions.get('orders', partition)!.log!.logEndOffset,
  )
  expect(ends).toEqual([1, 1, 1])
  expect(partitions.every(({ leaderEpoch }, i) => leaderEpoch > epochs[i]!)).toBe(true)
  await stopAll()
})
