/** Ottla's own client, and its command line in the mode of kcat. */

import { codecs as codecIds } from '../../../protocol/compression.ts'
import { Cluster } from '../../../src/client/cluster.ts'
import { Consumer } from '../../../src/client/consumer.ts'
import { FetchedRecords } from '../../../src/client/fetched-records.ts'
import { Producer } from '../../../src/client/producer.ts'
import { nodeEnv } from '../../../src/env/node.ts'
import { type Adapter, topicByTopic } from '../adapter.ts'
import { codecs, type ReadRecord } from '../record.ts'
import type { Target } from '../target.ts'

const clusterOf = (target: Target) =>
  new Cluster(nodeEnv(), { bootstrap: [{ host: '127.0.0.1', port: target.port }] })

/** The records of one fetch, copied out of its memory. */
function readAll(fetched: ConstructorParameters<typeof FetchedRecords>[0]): ReadRecord[] {
  const records = new FetchedRecords(fetched)
  const found: ReadRecord[] = []
  while (records.next()) {
    const { record } = records
    const part = (start: number, length: number) =>
      length < 0 ? null : Buffer.from(record.bytes.subarray(start, start + length))
    found.push({
      partition: fetched.partition,
      offset: records.offset,
      timestamp: records.timestampMs,
      timestampType: records.timestampType === 'create' ? 'create' : 'append',
      key: part(record.keyStart, record.keyLength),
      value: part(record.valueStart, record.valueLength),
      headers: record
        .headers()
        .map(({ key, value }) => [key, value && Buffer.from(value)] as const),
    })
  }
  return found
}

export const ottlaClient: Adapter = {
  name: 'ottla-client',
  writer: {
    codecs,
    can: () => true,
    partitions: 3,
    valueBytesMax: 1_048_400,
    async produce(target, topic, records, codec) {
      const cluster = clusterOf(target)
      const producer = new Producer(cluster, { compression: codecIds[codec] })
      try {
        const sent = records.map(({ partition, key, value, headers, timestamp }) =>
          producer.send({
            ...{ topic, partition, key, value, timestampMs: timestamp },
            headers: headers.map(([key, value]) => ({ key, value })),
          }),
        )
        await Promise.all(sent)
        await producer.close()
      } finally {
        cluster.close()
      }
    },
  },
  reader: {
    codecs,
    rendering: 'bytes',
    inGroups: false,
    consume: topicByTopic(async (target, topic, ends) => {
      const cluster = clusterOf(target)
      const consumer = new Consumer(cluster)
      const found: ReadRecord[] = []
      try {
        for (const partition of ends.keys()) await consumer.assign(topic, partition, 0)
        const total = [...ends.values()].reduce((sum, end) => sum + end, 0)
        const until = Date.now() + 40_000
        while (found.length < total) {
          if (Date.now() > until) throw new Error(`${found.length} of ${total} records in 40 s`)
          const fetched = await consumer.poll(1000)
          if (fetched !== undefined) found.push(...readAll(fetched))
        }
        await consumer.close()
      } finally {
        cluster.close()
      }
      return found
    }),
  },
}
