/** A disk that fails while metadata is applied costs its directory, and nothing else. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ErrorCode } from '../../protocol/errors.ts'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import type { ImageChange } from '../../src/core/cluster/image-change.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { temporaryDirectory } from '../log/temporary-disk.ts'
import { startTestNode } from './test-node.ts'

const follower = 9
const nothing: ImageChange = {
  ...{ revision: 0, partitions: [], deletedTopics: [], configs: [] },
  ...{ brokersChanged: false, quotasChanged: false, scramChanged: false, featuresChanged: false },
}

test('a log that cannot be cut takes its directory offline, and the other partitions go on', async () => {
  const directory = temporaryDirectory()
  const directories = ['a', 'b'].map((name) => join(directory, name))
  const at = await startTestNode({ 'log.dirs': directories.join() })
  const broker = at.node.broker!
  const client = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: at.port }],
  })
  const { nodeId } = broker
  await createTopics(client, [{ name: 'orders', assignment: [[nodeId], [nodeId]] }])
  const producer = new Producer(client, { acks: -1, lingerMs: 0 })
  await producer.send({ topic: 'orders', partition: 0, value: 'v' })
  client.close()
  const [bad, good] = [0, 1].map((index) => broker.partitions.get('orders', index)!)
  const log = bad!.log!
  expect(log.disk).not.toBe(good!.log!.disk)
  // As if a bit of its batch were wrong, on a disk that takes no changes any more.
  log.assignEpoch(99, 0)
  log.segments.active.file.get().truncate = () => {
    throw Object.assign(new Error('EIO: i/o error, ftruncate'), { code: 'EIO' })
  }
  const topic = broker.image.topic('orders')!
  const change = (before: (typeof topic.partitions)[number], more: object) => ({
    ...{ topic, before, after: { ...before, ...more }, serveAfterMs: 0 },
  })
  const apply = (partitions: ReturnType<typeof change>[]) =>
    broker.partitions.apply({ ...nothing, partitions })
  const { leaderEpoch } = good!
  apply([
    change(bad!.image, { leader: follower, isr: [follower], replicas: [nodeId, follower] }),
    change(good!.image, { leaderEpoch: leaderEpoch + 1 }),
  ])
  expect([log.disk.failure?.message, bad!.isBroken, good!.leaderEpoch]).toEqual([
    expect.stringContaining('EIO'),
    true,
    leaderEpoch + 1,
  ])
  apply([change(topic.partitions[0]!, { leaderEpoch: leaderEpoch + 1 })])
  expect([bad!.leaderError(), good!.leaderError()]).toEqual([
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.NONE,
  ])
  await at.stop()
})
