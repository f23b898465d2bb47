/** Records up to the limit pass; larger ones are refused by name, and nothing of them is stored. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kafkaJs } from './adapters/kafkajs.ts'
import { confluent } from './adapters/line-protocol.ts'
import { adapters } from './adapters.ts'
import { createTopic } from './admin.ts'
import type { NewRecord } from './record.ts'
import { startTarget, type Target } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await target?.remove()
})

const large = (size: number): NewRecord => ({
  ...{ partition: 0, key: Buffer.from('large'), headers: [] },
  value: Buffer.alloc(size, 'a record up to the limit '),
})

for (const { name, writer } of adapters) {
  if (writer === undefined) continue
  test(`${name} writes the largest record that its default settings allow`, async () => {
    const topic = `large-${name}`
    await createTopic(target, topic, { partitions: 1 })
    const records = [large(writer.valueBytesMax), large(17)]
    await writer.produce(target, topic, records, 'none')
    const wanted = new Map([[topic, new Map([[0, 2]])]])
    const found = await confluent.reader!.consume(target, wanted)
    expect(found.get(topic)?.map(({ value }) => value)).toEqual(records.map(({ value }) => value))
  })
}

test('a batch over max.message.bytes is refused with MESSAGE_TOO_LARGE and leaves nothing', async () => {
  await createTopic(target, 'small', { partitions: 1, configs: { 'max.message.bytes': '10000' } })
  const producer = kafkaJs(target).producer({ retry: { retries: 0 } })
  await producer.connect()
  const send = (size: number) =>
    producer.send({ topic: 'small', messages: [{ value: Buffer.alloc(size) }] }).then(
      () => 'stored',
      (error) => error.type ?? error.cause?.type ?? error.message,
    )
  const outcomes = [await send(9000), await send(11_000), await send(2_000_000), await send(9000)]
  await producer.disconnect()
  const wanted = new Map([['small', new Map([[0, 2]])]])
  const found = await confluent.reader!.consume(target, wanted)
  expect({
    outcomes,
    offsets: found.get('small')?.map(({ offset, value }) => [offset, value?.length]),
  }).toEqual({
    outcomes: ['stored', 'MESSAGE_TOO_LARGE', 'MESSAGE_TOO_LARGE', 'stored'],
    offsets: [
      [0, 9000],
      [1, 9000],
    ],
  })
})
