import { Consumer, Producer, stringDeserializer } from '@platformatic/kafka'
import { type Adapter, topicByTopic } from '../adapter.ts'
import { codecs as all, type Codec, type ReadRecord } from '../record.ts'

const zstd = 'zstdCompressSync' in (await import('node:zlib'))
/** Its snappy reads raw blocks alone, not the framing that Java and others write: 'unreachable'. */
const readable: readonly Codec[] = all.filter(
  (codec) => codec !== 'snappy' && (zstd || codec !== 'zstd'),
)
const codecs: readonly Codec[] = all.filter((codec) => zstd || codec !== 'zstd')

export const platformatic: Adapter = {
  name: 'platformatic',
  writer: {
    codecs,
    // Headers are a map, their values not null; distant time stamps in one batch lose their last bits.
    can: ({ headers, timestamp }) =>
      timestamp === undefined &&
      headers.every(([, value]) => value !== null) &&
      new Set(headers.map(([name]) => name)).size === headers.length,
    partitions: 3,
    valueBytesMax: 1_048_400,
    async produce(target, topic, records, codec) {
      const producer = new Producer({
        clientId: 'platformatic-test',
        bootstrapBrokers: [target.bootstrap],
        autocreateTopics: true,
        strict: true,
      })
      try {
        await producer.send({
          compression: codec,
          messages: records.map(({ key, value, partition, headers }) => ({
            topic,
            partition,
            key: key!, // Null is allowed, whatever the types say.
            value: value!,
            headers: new Map(headers.map(([name, data]) => [Buffer.from(name), data!])),
          })),
        })
      } finally {
        await producer.close()
      }
    },
  },
  reader: {
    codecs: readable,
    blind: { repeatedHeaders: true, appendTime: true },
    rendering: 'bytes',
    inGroups: true,
    consume: topicByTopic(async (target, topic, ends) => {
      const consumer = new Consumer({
        clientId: 'platformatic-test',
        groupId: `platformatic-${topic}`,
        bootstrapBrokers: [target.bootstrap],
        deserializers: { headerKey: stringDeserializer },
        sessionTimeout: 6000,
        heartbeatInterval: 1000,
      })
      const total = [...ends.values()].reduce((sum, end) => sum + end, 0)
      const found: ReadRecord[] = []
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
      const timer = setTimeout(
        () => stream.destroy(new Error(`${found.length} of ${total} records came within 40 s`)),
        40_000,
      )
      try {
        for await (const { partition, offset, timestamp, key, value, headers } of stream) {
          found.push({
            partition,
            offset: Number(offset),
            timestamp: Number(timestamp),
            key: key ?? null,
            value: value ?? null,
            headers: [...headers].map(([name, data]) => [`${name}`, data ?? null] as const),
          })
          if (found.length >= total) break
        }
      } finally {
        clearTimeout(timer)
        await consumer.close(true)
      }
      return found
    }),
  },
}
