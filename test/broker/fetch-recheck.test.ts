/** What was read in one epoch does not leave in the next (LEASES §4.3). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Broker } from '../../src/broker/broker.ts'
import { readPartition } from '../../src/broker/fetch-read.ts'
import type { RequestContext } from '../../src/broker/handler.ts'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let at: TestNode
let broker: Broker
beforeAll(async () => {
  at = await startTestNode()
  broker = at.node.broker!
  const client = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: at.port }],
  })
  await createTopics(client, [{ name: 'orders', assignment: [[broker.nodeId]] }])
  await new Producer(client, { acks: -1, lingerMs: 0 }).send({ topic: 'orders', value: 'v' })
  client.close()
})
afterAll(() => at.stop())

const follower = 9

function read(replicaId: number, lastFetchedEpoch: number) {
  const partition = broker.partitions.get('orders', 0)!
  partition.become({ ...partition.image, replicas: [broker.nodeId, follower] }, 0)
  return readPartition(
    { broker } as RequestContext,
    {
      topic: 'orders',
      topicId: partition.topicId,
      partition: 0,
      currentLeaderEpoch: partition.leaderEpoch,
      fetchOffset: 0,
      lastFetchedEpoch,
      logStartOffset: 0,
      partitionMaxBytes: 1000,
      toldHighWatermark: -1,
      toldLogStartOffset: -1,
    },
    {
      replicaId,
      replicaEpoch: -1,
      readCommitted: false,
      rackId: '',
      maxBytes: 1000,
      atLeastOneBatch: true,
    },
  )
}

test.each([-1, follower])('replica %i is told that the leader has changed', async (replicaId) => {
  const partition = broker.partitions.get('orders', 0)!
  const found = await read(replicaId, -1)
  const before = found.recheck()
  partition.become({ ...partition.image, leaderEpoch: partition.leaderEpoch + 1 }, 0)
  expect([found.bytes.length > 0, before, found.recheck()?.errorCode]).toEqual([
    true,
    undefined,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ])
  found.release()
})

// An answer without an error, without records and without an end would be asked for again at once, for ever.
test.each([-1, follower])('replica %i is refused an epoch that never was', async (replicaId) => {
  expect((await read(replicaId, 99)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
})

test.each([
  ['in sync', true],
  ['out of sync', false],
])('a follower %s that holds a batch of an epoch that never was', async (_, inSync) => {
  const partition = broker.partitions.get('orders', 0)!
  const { image } = partition
  const log = partition.log!
  // As if a bit of the first batch were wrong.
  log.assignEpoch(99, 0)
  const isr = inSync ? [broker.nodeId, follower] : [follower]
  const replicas = [broker.nodeId, follower]
  partition.become({ ...image, leader: follower, isr, replicas }, 0)
  // Only one that nobody counts on gives up what it has.
  expect([log.leaderEpochs.latest, log.logEndOffset]).toEqual(inSync ? [99, 1] : [-1, 0])
  log.assignEpoch(0, 0)
  partition.become(image, 0)
})
