/** Batches that unpack to much hold up nobody who looks for a time, and no loop that compacts. */
import { expect, onTestFinished, test } from 'vitest'
import { buildBatch } from '../../protocol/build-batch.ts'
import { CompressionError, codecs } from '../../protocol/compression.ts'
import { batchHeaderBytes, sealBatch } from '../../protocol/record-batch.ts'
import { InvalidRecordError } from '../../protocol/records.ts'
import { LargeBatches } from '../../src/log/large-batches.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { appendBatch, headersIn, readAll, recordsIn } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'
import { quietEnv, temporaryDirectory } from './temporary-disk.ts'

const count = 40_000
const timestamp = Date.now()
/** Records of the same keys each time; some 4 MB that compress well, or a batch of that size. */
const large = (codec: number, text: string) =>
  buildBatch({
    codec,
    records: Array.from({ length: count }, (_, i) => ({
      timestamp: timestamp + i,
      key: Buffer.from(`key ${i}`),
      value: i === 7 ? null : Buffer.from(`${text} ${'x'.repeat(100)}`),
    })),
  })

async function open(): Promise<{ manager: LogManager; log: Log }> {
  const manager = await LogManager.open(quietEnv(), {
    directories: [temporaryDirectory()],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => ({
      ...defaultLogConfig,
      cleanupPolicy: { delete: false, compact: true },
      maxMessageBytes: 8_000_000,
    }),
  })
  onTestFinished(() => manager.close())
  return { manager, log: manager.create('t', 0, 'A'.repeat(22)) }
}

/** How many turns of the event loop others have had meanwhile. */
async function turnsUntil(work: Promise<unknown>): Promise<number> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  let turns = 0
  while (!isDone) {
    await new Promise(setImmediate)
    turns++
  }
  await done
  return turns
}

test.each(Object.entries(codecs))('a large batch is compacted in slices (%s)', async (_, codec) => {
  const { manager, log } = await open()
  appendBatch(log, large(codec, 'old'))
  appendBatch(log, buildBatch({ records: [{ timestamp, key: Buffer.from('key 0'), value: null }] }))
  appendBatch(log, buildBatch({ records: [{ timestamp, key: Buffer.from('key 2'), value: null }] }))
  log.roll()
  log.highWatermark = log.logEndOffset
  expect(await turnsUntil(manager.cleaner.runOnce())).toBeGreaterThan((2 * count) / 1024)
  const bytes = await readAll(log)
  // All but two of the records, in a batch of the same codec that ends where it did.
  expect(headersIn(bytes)[0]).toMatchObject({
    recordCount: count - 2,
    lastOffsetDelta: count - 1,
    attributes: codec | 64,
  })
  const found = recordsIn(bytes)
  expect(found.slice(0, 2)).toEqual([
    [1, `key 1=old ${'x'.repeat(100)}`],
    [3, `key 3=old ${'x'.repeat(100)}`],
  ])
  expect(found).toHaveLength(count)
})

test('a time is looked for in a large batch on a thread', async () => {
  const { log } = await open()
  appendBatch(log, large(codecs.zstd, 'v'))
  const at = (ms: number) => log.offsetForTimestamp(timestamp + ms)
  const asked = at(30_000)
  expect(await turnsUntil(asked)).toBeGreaterThan(3)
  expect(await asked).toMatchObject({ offset: 30_000, timestamp: timestamp + 30_000 })
  expect([await at(count - 1), await at(count)]).toMatchObject([{ offset: count - 1 }, undefined])
  expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: count - 1 })
})

test.each([
  ['a thread', () => quietEnv()],
  ['the loop, where there are no threads', () => simulatedEnv(new LossyDisk())],
])('what is wrong with a batch is said by %s as it is', async (_, env) => {
  const batches = new LargeBatches(env(), 0)
  onTestFinished(() => batches.close())
  const batch = large(codecs.gzip, 'v')
  expect(batches.unpackSmall(batch, 0, 1e8)).toBeUndefined()
  await expect(batches.unpack(batch, 1000)).rejects.toThrow(CompressionError)
  const wanted = { offset: 0, timestamp: timestamp + count }
  expect(await batches.find(batch, wanted, 1e8)).toBeUndefined()
  const miscounted = Buffer.from(batch)
  miscounted.writeInt32BE(count + 1, 57)
  sealBatch(miscounted, 0, miscounted.length)
  await expect(batches.find(miscounted, wanted, 1e8)).rejects.toThrow(InvalidRecordError)
  const broken = Buffer.from(batch).fill(0, batchHeaderBytes, batchHeaderBytes + 20)
  await expect(batches.unpack(broken, 1e8)).rejects.toThrow(CompressionError)
})
