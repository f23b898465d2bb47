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

test.each([-1, follower])('replica %i is told that the leader has changed', async (replicaId) => {
  const partition = broker.partitions.get('orders', 0)!
  partition.become({ ...partition.image, replicas: [broker.nodeId, follower] }, 0)
  const read = await readPartition(
    { broker } as RequestContext,
    {
      topic: 'orders',
      topicId: partition.topicId,
      partition: 0,
      currentLeaderEpoch: partition.leaderEpoch,
      fetchOffset: 0,
      lastFetchedEpoch: -1,
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
  const before = read.recheck()
  partition.become({ ...partition.image, leaderEpoch: partition.leaderEpoch + 1 }, 0)
  expect([read.bytes.length > 0, before, read.recheck()?.errorCode]).toEqual([
    true,
    undefined,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ])
  read.release()
})
