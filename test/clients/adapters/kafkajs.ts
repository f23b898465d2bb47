import kafkajs from 'kafkajs'
import { type Adapter, topicByTopic } from '../adapter.ts'
import type { NewRecord, ReadRecord } from '../record.ts'
import type { Target } from '../target.ts'

const { CompressionTypes, Kafka, logLevel } = kafkajs

export const kafkaJs = (target: Target) =>
  new Kafka({ brokers: [target.bootstrap], clientId: 'kafkajs-test', logLevel: logLevel.NOTHING })

function headersOf({ headers }: NewRecord): Record<string, Buffer | Buffer[]> {
  const grouped: Record<string, Buffer[]> = {}
  for (const [name, value] of headers) {
    const values = grouped[name] ?? []
    grouped[name] = values
    values.push(value!)
  }
  return Object.fromEntries(
    Object.entries(grouped).map(([name, values]) => [
      name,
      values.length === 1 ? values[0]! : values,
    ]),
  )
}

const bufferOf = (value: Buffer | string) =>
  typeof value === 'string' ? Buffer.from(value) : value

/** It has gzip alone built in; the others are packages that nobody keeps any more. */
const codecs = ['none', 'gzip'] as const

export const kafkajsAdapter: Adapter = {
  name: 'kafkajs',
  writer: {
    codecs,
    can: ({ headers }) => headers.every(([, value]) => value !== null),
    partitions: 3,
    valueBytesMax: 1_048_400,
    async produce(target, topic, records, codec) {
      const producer = kafkaJs(target).producer()
      await producer.connect()
      try {
        const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
        await producer.send({
          topic,
          compression,
          messages: records.map((record) => ({
            key: record.key,
            value: record.value,
            partition: record.partition,
            headers: headersOf(record),
            ...(record.timestamp === undefined ? {} : { timestamp: `${record.timestamp}` }),
          })),
        })
      } finally {
        await producer.disconnect()
      }
    },
  },
  reader: {
    codecs,
    blind: { appendTime: true },
    rendering: 'bytes',
    inGroups: true,
    consume: topicByTopic(async (target, topic, ends) => {
      const groupId = `kafkajs-${topic}`
      const consumer = kafkaJs(target).consumer({ groupId, sessionTimeout: 6000 })
      const found: ReadRecord[] = []
      const total = [...ends.values()].reduce((sum, end) => sum + end, 0)
      await consumer.connect()
      try {
        await consumer.subscribe({ topic, fromBeginning: true })
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(
            () => reject(new Error(`${found.length} of ${total} records came within 40 s`)),
            40_000,
          )
          consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
          const eachMessage = async ({ partition, message }: kafkajs.EachMessagePayload) => {
            found.push({
              partition,
              offset: Number(message.offset),
              timestamp: Number(message.timestamp),
              key: message.key,
              value: message.value,
              headers: Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
                (Array.isArray(value) ? value : [value]).map(
                  (one) => [name, one === undefined ? null : bufferOf(one)] as const,
                ),
              ),
            })
            if (found.length < total) return
            clearTimeout(timer)
            resolve()
          }
          consumer.run({ eachMessage }).catch(reject)
        })
      } finally {
        await consumer.disconnect()
      }
      return found
    }),
  },
}
