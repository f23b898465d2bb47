/** The few requests that these tests ask with. */
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { batchSizeOf } from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import { batchOf } from '../broker/batch-of.ts'
import type { RawClient } from '../broker/raw-client.ts'

/** The error code. */
export async function createTopic(client: RawClient, name: string, timeoutMs = 5000) {
  const { topics } = await client.ask(CreateTopics, 5, {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs,
  })
  return topics[0]?.errorCode
}

export function produceRequest(topic: string, values: readonly string[], acks = 1) {
  const partitionData = [{ index: 0, records: batchOf(values) }]
  return {
    transactionalId: null,
    acks,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData }],
  }
}

/** The error code and the offset of the first record. */
export async function produce(
  client: RawClient,
  topic: string,
  values: readonly string[],
  acks = 1,
) {
  const { responses } = await client.ask(Produce, 8, produceRequest(topic, values, acks))
  const [{ errorCode, baseOffset } = { errorCode: Number.NaN, baseOffset: Number.NaN }] =
    responses[0]?.partitionResponses ?? []
  return { errorCode, baseOffset }
}

/** Every value of a partition from its start or an offset, by offset; throws on an error. */
export async function readAll(
  client: RawClient,
  topic: string,
  start = 0,
): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  for (let fetchOffset = start; ; ) {
    const { responses } = await client.ask(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [
        { topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 4_000_000 }] },
      ],
      forgottenTopicsData: [],
    })
    const [answer] = responses[0]?.partitions ?? []
    if (answer === undefined || answer.errorCode !== 0)
      throw new Error(`Fetch of ${topic} at ${fetchOffset} answers ${answer?.errorCode}`)
    const records = answer.records ?? Buffer.alloc(0)
    for (let at = 0; at < records.length; at += batchSizeOf(records, at))
      for (const { offset, value } of recordsOf(records, at, 1e8)) {
        if (offset < fetchOffset) continue
        if (found.has(offset)) throw new Error(`Offset ${offset} comes twice`)
        found.set(offset, value?.toString() ?? '')
        fetchOffset = offset + 1
      }
    if (records.length === 0) return found
  }
}
