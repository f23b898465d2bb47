/** What a client sends behind a write that is not acknowledged yet sees that write. */
import { expect, test } from 'vitest'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { batchOf } from './batch-of.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode } from './test-node.ts'

test('a fetch behind a produce that waits for the disk begins when that is acknowledged', async () => {
  const node = await startTestNode()
  const client = await RawClient.connect(node.port)
  const configs = [{ name: 'flush.messages', value: '1' }]
  await client.ask(CreateTopics, 7, {
    topics: [{ name: 'synced', numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
    timeoutMs: 5000,
  })
  const produce = (values: string[]) => ({
    transactionalId: null,
    acks: 1,
    timeoutMs: 5000,
    topicData: [{ name: 'synced', partitionData: [{ index: 0, records: batchOf(values) }] }],
  })
  const partitions = [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1000 }]
  const fetch = { maxWaitMs: 0, minBytes: 1, topics: [{ topic: 'synced', partitions }] }
  client.send(
    Buffer.concat([
      client.encode(Produce, 8, produce(['a'])),
      client.encode(Produce, 8, produce(['b'])),
      client.encode(Fetch, 4, { ...fetch, replicaId: -1, maxBytes: 1000, isolationLevel: 0 }),
    ]),
  )
  const offsets: unknown[] = []
  for (let i = 0; i < 2; i++) {
    const { responses } = await client.answer(Produce, 8)
    offsets.push(responses[0]?.partitionResponses[0]?.baseOffset)
  }
  const [read] = (await client.answer(Fetch, 4)).responses[0]?.partitions ?? []
  expect({
    offsets,
    highWatermark: read?.highWatermark,
    hasB: (read?.records?.length ?? 0) > 0,
  }).toEqual({ offsets: [0, 1], highWatermark: 2, hasB: true })
  client.destroy()
  await node.stop()
})
