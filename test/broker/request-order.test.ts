/** Writes that wait for the disk: what is sent behind them, and who is woken when it has them. */
import { expect, test, vi } from 'vitest'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { batchOf } from './batch-of.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode } from './test-node.ts'

const configs = [{ name: 'flush.messages', value: '1' }]
const synced = {
  topics: [{ name: 'synced', numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
  timeoutMs: 5000,
}

test('a fetch behind a produce that waits for the disk begins when that is acknowledged', async () => {
  const node = await startTestNode()
  const client = await RawClient.connect(node.port)
  await client.ask(CreateTopics, 7, synced)
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

test('however many writes wait for one sync, who waits for it is woken as for one', async () => {
  const node = await startTestNode()
  const client = await RawClient.connect(node.port)
  await client.ask(CreateTopics, 7, synced)
  const { appends, partitions } = node.node.broker!
  const partition = partitions.get('synced', 0)!
  const wake = vi.spyOn(partition.waiting, 'wake')
  const wakesAfter = async (writes: number) => {
    wake.mockClear()
    for (let i = 0; i < writes; i++) {
      partition.stageOwn(batchOf(['a']))
      appends.write()
    }
    await vi.waitUntil(() => partition.acknowledgeableEnd === partition.log?.logEndOffset)
    return wake.mock.calls.length
  }
  const afterOne = await wakesAfter(1)
  expect([afterOne, await wakesAfter(20), partition.acknowledgeableEnd]).toEqual([2, 2, 21])
  client.destroy()
  await node.stop()
})
