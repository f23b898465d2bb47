/** Record batches that no client should send: refused with Kafka's codes, and nothing of them is stored. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildBatch, type NewBatch } from '../../protocol/build-batch.ts'
import { codecs, compress } from '../../protocol/compression.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { batchHeaderBytes, sealBatch } from '../../protocol/record-batch.ts'
import { batchOf } from './batch-of.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
let client: RawClient

beforeAll(async () => {
  node = await startTestNode()
  client = await RawClient.connect(node.port)
  await client.ask(Metadata, 12, { topics: [{ name: 'bad' }] })
})
afterAll(async () => {
  client.destroy()
  await node.stop()
})

const [CORRUPT, INVALID, TIMESTAMP, TRANSACTIONAL_ID] = [2, 87, 32, 53]

async function produce(records: Buffer, topic = 'bad'): Promise<[code: number, offset: number]> {
  const request = {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  }
  const { responses } = await client.ask(Produce, 8, request)
  const [answer] = responses[0]?.partitionResponses ?? []
  return [answer?.errorCode ?? Number.NaN, answer?.baseOffset ?? Number.NaN]
}

const timestamp = Date.now()
const record = { timestamp, value: Buffer.from('v') }
const three = [record, record, record]
const batch = (more: Partial<NewBatch> = {}) => buildBatch({ records: three, ...more })

/** A batch whose bytes were changed, with the checksum that fits. */
function changed(change: (bytes: Buffer) => void, more: Partial<NewBatch> = {}): Buffer {
  const bytes = batch(more)
  change(bytes)
  sealBatch(bytes, 0, bytes.length)
  return bytes
}

/** A batch with this payload, said to be three records of the codec. */
function packed(codec: number, payload: Buffer): Buffer {
  const bytes = Buffer.concat([batch().subarray(0, batchHeaderBytes), payload])
  bytes.writeInt16BE(codec, 21)
  sealBatch(bytes, 0, bytes.length)
  return bytes
}

const recordsOf = (bytes: Buffer) => bytes.subarray(batchHeaderBytes)
const gapped = recordsOf(batch({ records: [record, { ...record, offset: 2 }] }))

const refused: Record<string, [bytes: Buffer, code: number]> = {
  'fewer records than said': [changed((b) => b.writeInt32BE(4, 57)), INVALID],
  'more records than said': [
    changed((b) => {
      b.writeInt32BE(2, 57)
      b.writeInt32BE(1, 23)
    }),
    INVALID,
  ],
  'a count of 2^31-1': [
    changed((b) => {
      b.writeInt32BE(2 ** 31 - 1, 57)
      b.writeInt32BE(2 ** 31 - 2, 23)
    }),
    INVALID,
  ],
  'a negative count': [changed((b) => b.writeInt32BE(-1, 57)), INVALID],
  'no records': [changed((b) => b.writeInt32BE(0, 57)), INVALID],
  'a last offset delta that does not fit the count': [
    changed((b) => b.writeInt32BE(7, 23)),
    INVALID,
  ],
  'a negative last offset delta': [changed((b) => b.writeInt32BE(-3, 23)), INVALID],
  'a base offset other than 0': [batch({ baseOffset: 5 }), INVALID],
  'the control bit': [batch({ control: true }), INVALID],
  'the transactional bit without a transactional id': [
    batch({ transactional: true, producerId: 9, producerEpoch: 0, baseSequence: 0 }),
    TRANSACTIONAL_ID,
  ],
  'a producer without a sequence': [batch({ producerId: 9, producerEpoch: 0 }), INVALID],
  'a time far in the future': [
    batch({ records: [{ timestamp: timestamp + 1e9, value: null }] }),
    TIMESTAMP,
  ],
  'two batches': [Buffer.concat([batch(), batch()]), INVALID],
  'an unknown codec': [packed(5, recordsOf(batch())), INVALID],
  'a length beyond the bytes': [
    (() => {
      const bytes = batch()
      bytes.writeInt32BE(bytes.length, 8)
      return bytes
    })(),
    INVALID,
  ],
  'a negative length': [
    (() => {
      const bytes = batch()
      bytes.writeInt32BE(-1, 8)
      return bytes
    })(),
    CORRUPT,
  ],
  'a record length beyond the batch': [
    changed((b) => {
      b[batchHeaderBytes] = 0x7e
    }),
    INVALID,
  ],
  'a negative record length': [
    changed((b) => {
      b[batchHeaderBytes] = 0x03
    }),
    INVALID,
  ],
}
for (const [name, codec] of Object.entries(codecs)) {
  if (codec === codecs.none) continue
  const gap = changed(() => {}, { records: [record, { ...record, offset: 2 }], codec })
  gap.writeInt32BE(1, 23)
  sealBatch(gap, 0, gap.length)
  refused[`a gap in the offsets of ${name}`] = [gap, INVALID]
  refused[`bytes that are no ${name}`] = [packed(codec, Buffer.from('not packed at all')), INVALID]
  refused[`${name} that is cut off`] = [
    packed(
      codec,
      compress(codec, recordsOf(batch({ records: Array(50).fill(record) }))).subarray(0, -9),
    ),
    INVALID,
  ]
  refused[`${name} in ${name}`] = [
    packed(codec, compress(codec, compress(codec, recordsOf(batch())))),
    INVALID,
  ]
}

for (const [name, [bytes, code]] of Object.entries(refused))
  test(`${name}: refused with ${code}, and the next batch gets the next offset`, async () => {
    const [before, offset] = await produce(batchOf(['before']))
    expect([await produce(bytes), before]).toEqual([[code, -1], 0])
    expect(await produce(batchOf(['after']))).toEqual([0, offset + 1])
  })

test('a gap in the offsets of records that are not compressed is stored as it is', async () => {
  // Kafka does not look (LogValidator, in place), and consumers count by the batch.
  const bytes = Buffer.concat([
    batch({ records: [record, record] }).subarray(0, batchHeaderBytes),
    gapped,
  ])
  sealBatch(bytes, 0, bytes.length)
  expect((await produce(bytes))[0]).toBe(0)
})

test('bombs of every codec are refused, and cost no more memory than the limit', async () => {
  const limited = await startTestNode({ 'socket.request.max.bytes': 4_000_000 })
  const attacker = await RawClient.connect(limited.port)
  await attacker.ask(Metadata, 12, { topics: [{ name: 'bad' }] })
  const usual = client
  client = attacker
  try {
    for (const [name, codec] of Object.entries(codecs)) {
      if (codec === codecs.none) continue
      const bomb = packed(codec, compress(codec, Buffer.alloc(15_000_000)))
      expect(bomb.length, name).toBeLessThan(1_048_588)
      const before = process.memoryUsage().arrayBuffers
      expect([name, ...(await produce(bomb))]).toEqual([name, INVALID, -1])
      expect(process.memoryUsage().arrayBuffers - before, name).toBeLessThan(14_000_000)
    }
  } finally {
    client = usual
    attacker.destroy()
    await limited.stop()
  }
})

test('zstd that claims a window of 2 GiB is refused', async () => {
  // RFC 8878: descriptor without single segment; exponent 21, mantissa 0: 2^31 bytes.
  const frame = Buffer.from('28b52ffd00a8010000', 'hex')
  expect((await produce(packed(codecs.zstd, frame)))[0]).toBe(INVALID)
})
