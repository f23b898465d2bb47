/** One of several log directories fails: its partitions are led by others, all else goes on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { AlterReplicaLogDirs } from '../../protocol/messages/alter-replica-log-dirs.ts'
import { describeLogDirectories } from '../../src/client/admin/brokers.ts'
import { alterReassignments } from '../../src/client/admin/replicas.ts'
import { Producer } from '../../src/client/producer.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

const scratch = mkdtempSync(join(tmpdir(), 'ottla-disks-'))
let cluster: EmbeddedCluster | undefined
afterEach(async () => {
  await cluster?.stop()
  rmSync(scratch, { recursive: true, force: true })
})

test('D17: the partitions of a failed directory move to other leaders at once; the rest stays', async () => {
  const directories = ['a', 'b'].map((name) => join(scratch, name))
  const at = await EmbeddedCluster.start(3, {}, { 3: { 'log.dirs': directories.join() } })
  cluster = at
  const node = at.broker(3)
  // Four logs in two directories.
  await at.createTopic('orders', [
    [3, 2],
    [3, 2],
    [2, 3],
    [2, 3],
  ])
  const { partitions } = node.broker!
  const log = (partition: number) => partitions.get('orders', partition)!.log!
  const isIn = (partition: number) => log(partition).disk === log(0).disk
  const failed = [0, 1, 2, 3].filter(isIn)
  log(0).disk.fail('A test takes the disk away', new Error('EIO'))
  await at.until('others have taken over', () =>
    failed.every((partition) => at.partition('orders', partition).isr.join() === '2'),
  )
  const leaders = [0, 1, 2, 3].map((partition) => at.partition('orders', partition).leader)
  await at.withClient(async (client) => {
    const producer = new Producer(client, { acks: -1, lingerMs: 0 })
    for (const partition of [0, 1, 2, 3])
      await producer.send({ topic: 'orders', partition, value: 'after' })
  })
  const told = await at.withClient((client) => describeLogDirectories(client, [3]))
  expect({
    failed: failed.length,
    leaders,
    directories: told.map(({ errorCode }) => errorCode).sort((a, b) => a - b),
    healthy: [0, 1, 2, 3]
      .filter((p) => !failed.includes(p))
      .map((p) => at.partition('orders', p).isr),
  }).toEqual({
    failed: 2,
    leaders: [0, 1, 2, 3].map((partition) =>
      partition < 2 && !failed.includes(partition) ? 3 : 2,
    ),
    directories: [0, 56],
    healthy: expect.arrayContaining([expect.arrayContaining([2, 3])]),
  })
  // The disk is back with the next start: everything is copied again.
  await at.stopBroker(3)
  await at.startBroker(3)
  await at.settled('orders')
})

test('a replica is made in the directory that was asked for; logs that exist are not moved', async () => {
  const paths = ['c', 'd'].map((name) => join(scratch, name))
  const at = await EmbeddedCluster.start(2, {}, { 2: { 'log.dirs': paths.join() } })
  cluster = at
  await at.createTopic('orders', [[1]])
  const place = (path: string, partition = 0) =>
    at.withClient(async (client) => {
      await client.refresh([])
      const topics = [{ name: 'orders', partitions: [partition] }]
      const answer = await client.send(2, AlterReplicaLogDirs, { dirs: [{ path, topics }] })
      return answer.results[0]?.partitions[0]?.errorCode
    })
  const before = [await place('/nowhere'), await place(paths[1]!, 7), await place(paths[1]!)]
  await at.withClient((client) =>
    alterReassignments(client, [{ topic: 'orders', partition: 0, replicas: [1, 2] }]),
  )
  await at.settled('orders')
  const { logs } = at.broker(2).broker!
  const where = logs.directoryOf(logs.get('orders', 0)!).path
  const after = [await place(paths[1]!), await place(paths[0]!)]
  expect({ before, where, after }).toEqual({ before: [57, 3, 9], where: paths[1], after: [0, 35] })
})
