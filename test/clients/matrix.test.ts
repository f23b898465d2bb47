/** Every client reads back exactly what any other wrote. Prints the matrix. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adapters } from './adapters.ts'
import { createTopic } from './admin.ts'
import { type Codec, compared, type Expected, type NewRecord, sampleRecords } from './record.ts'
import { stage } from './stage.ts'
import { startTarget, type Target } from './target.ts'

let target: Target
const written = new Map<string, Expected[]>()
const cells = new Map<string, string>()
const writers = adapters.filter(({ writer }) => writer !== undefined)
const readers = adapters.filter(({ reader }) => reader && (stage.groups || !reader.inGroups))

beforeAll(async () => {
  target = await startTarget({ 'num.partitions': '3' })
})
afterAll(async () => {
  printMatrix()
  await target?.remove()
})

function printMatrix(): void {
  const width = Math.max(...adapters.map(({ name }) => name.length), 12)
  const row = (cellsOfRow: string[]) => cellsOfRow.map((cell) => cell.padEnd(width)).join('  ')
  const lines = writers.map((writer) =>
    row([
      writer.name,
      ...readers.map(({ name }) => cells.get(`${writer.name} ${name}`) ?? 'FAILED'),
    ]),
  )
  const title = 'records read back exactly (row: written by, column: read by)'
  console.log([title, row(['', ...readers.map(({ name }) => name)]), ...lines].join('\n'))
}

/** A topic that the adapter writes, filled once; what the log must then hold. */
const topicOf = (name: string, codec: Codec | 'append') => `w-${name}-${codec}`

async function write(
  topic: string,
  adapter: (typeof adapters)[number],
  codec: Codec,
  type: 'create' | 'append',
): Promise<void> {
  const writer = adapter.writer!
  const records: NewRecord[] = sampleRecords(`${adapter.name} ${codec}`)
    .filter((record) => writer.can(record))
    .map((record) => ({ ...record, partition: record.partition % writer.partitions }))
  const writtenFrom = Date.now()
  await writer.produce(target, topic, records, codec)
  const writtenTo = Date.now()
  const next = new Map<number, number>()
  const expected = records.map((record): Expected => {
    const offset = next.get(record.partition) ?? 0
    next.set(record.partition, offset + 1)
    const { timestamp, ...rest } = record
    const kept = timestamp !== undefined && type === 'create' ? { timestamp } : {}
    return { ...rest, ...kept, offset, timestampType: type, writtenFrom, writtenTo }
  })
  written.set(topic, expected)
}

describe('every client writes at its default settings', () => {
  for (const adapter of writers) {
    const { codecs, partitions } = adapter.writer!
    for (const codec of codecs) {
      test(`${adapter.name} writes ${codec} to a topic that its first use creates`, async () => {
        const topic = topicOf(adapter.name, codec)
        if (partitions === 1) await createTopic(target, topic, { partitions })
        await write(topic, adapter, codec, 'create')
      })
    }
    test(`${adapter.name} writes to a topic that takes the time of the append`, async () => {
      const topic = topicOf(adapter.name, 'append')
      const configs = { 'message.timestamp.type': 'LogAppendTime' }
      await createTopic(target, topic, { partitions, configs })
      await write(topic, adapter, 'none', 'append')
    })
  }
})

describe('every client reads what any other wrote', () => {
  for (const writer of writers) {
    for (const reader of readers) {
      test(`${reader.name} reads what ${writer.name} wrote`, async () => {
        const from = reader.reader!
        const topics = [
          ...writer.writer!.codecs.filter((codec) => from.codecs.includes(codec)),
          'append' as const,
        ].map((codec) => topicOf(writer.name, codec))
        const expected = new Map(
          topics.map((topic, i) => [
            topic,
            (written.get(topic) ?? []).filter(
              ({ partition }) => !from.onePartition || partition === i % writer.writer!.partitions,
            ),
          ]),
        )
        const found = await from.consume(target, new Map([...expected].map(endsOf)))
        const both = topics.map((topic) => {
          const read = found.get(topic) ?? []
          return { topic, ...compared(expected.get(topic)!, read, from) }
        })
        expect(both.map(({ topic, read }) => ({ topic, read }))).toEqual(
          both.map((one) => ({ topic: one.topic, read: one.expected })),
        )
        const total = both.reduce((sum, { read }) => sum + read.length, 0)
        expect(total).toBeGreaterThan(0)
        cells.set(`${writer.name} ${reader.name}`, `${total}`)
      })
    }
  }
})

function endsOf([topic, records]: [string, Expected[]]): [string, Map<number, number>] {
  const ends = new Map<number, number>()
  for (const { partition, offset } of records) ends.set(partition, offset + 1)
  return [topic, ends]
}
