/** A node, a client of it, and how to read its limits; requests to meet them with. */
import { onTestFinished } from 'vitest'
import { brokerLimits } from '../../../src/broker/metrics/broker-limits.ts'
import { coordinatorLimits } from '../../../src/broker/metrics/coordinator-families.ts'
import { batchOf } from '../batch-of.ts'
import { RawClient } from '../raw-client.ts'
import { startTestNode } from '../test-node.ts'

export async function limitedNode(configuration: Record<string, string | number> = {}) {
  const started = await startTestNode(configuration)
  const client = await RawClient.connect(started.port)
  onTestFinished(async () => {
    client.destroy()
    await started.stop()
  })
  const broker = started.node.broker!
  const limits = [...brokerLimits(broker), ...coordinatorLimits(started.node.coordinator!)]
  const limit = (name: string) => limits.find((each) => each.name === name)!.read()!
  return { broker, client, limit, connect: () => RawClient.connect(started.port) }
}

export const topicOf = (
  name: string,
  configs: { name: string; value: string }[] = [],
  numPartitions = 1,
) => ({
  topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs }],
  timeoutMs: 5000,
})

export const fetchOf = (topic: string, maxWaitMs: number, rest: object = {}, bytes = 1000) => ({
  replicaId: -1,
  maxWaitMs,
  minBytes: 1,
  maxBytes: bytes,
  isolationLevel: 0,
  topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: bytes }] }],
  ...rest,
})

export const produceOf = (topic: string, values: string[]) => ({
  transactionalId: null,
  acks: 1,
  timeoutMs: 5000,
  topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf(values) }] }],
})
