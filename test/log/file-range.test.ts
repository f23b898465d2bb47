import { existsSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import { batchSizeOf, lastOffsetOf } from '../../protocol/record-batch.ts'
import type { FileRange } from '../../src/log/file-range.ts'
import type { Log } from '../../src/log/log.ts'
import type { LogRead } from '../../src/log/read.ts'
import { applySizeRetention } from '../../src/log/retention.ts'
import { append, batchesIn, readAll } from './batches.ts'
import { randomFrom } from './simulated-env.ts'
import { quietEnv, reopened, temporaryLog } from './temporary-disk.ts'

const bytesMin = quietEnv().net.sendFileBytesMin
/** The optional package may be missing. */
const sends = Number.isFinite(bytesMin)

/** A log of several segments with batches from 100 bytes to 20 KB; everything may be read. */
function logOf(bytes: number, seed = 1): Log {
  const random = randomFrom(seed)
  const log = temporaryLog({ segmentBytes: 400_000 })
  for (let written = 0; written < bytes; written = log.sizeBytes) {
    const values = 1 + Math.floor(random() * 3)
    const size = random() < 0.5 ? 100 : Math.floor(random() * 7000)
    append(log, ...Array.from({ length: values }, () => 'v'.repeat(size)))
  }
  log.highWatermark = log.logEndOffset
  return log
}

function bytesOf({ records, release }: LogRead<FileRange>): Buffer {
  const bytes = Buffer.from(records.copy(0))
  release()
  return bytes
}

test.runIf(sends)(
  'a range is what a read finds: whole batches from the offset on, within the limits',
  async () => {
    const log = logOf(1_500_000)
    const random = randomFrom(2)
    let found = 0
    for (let i = 0; i < 2000; i++) {
      const offset = Math.floor(random() * log.logEndOffset)
      const bytesMax = Math.floor(random() * 300_000)
      const upTo = offset + 1 + Math.floor(random() * (log.logEndOffset - offset))
      const range = log.range(offset, bytesMax, upTo)
      if (range === undefined) continue
      found++
      const bytes = bytesOf(range)
      const read = log.read(offset, bytesMax, { upTo })!
      expect(bytes.length).toBeGreaterThanOrEqual(bytesMin)
      expect(bytes.length).toBeLessThanOrEqual(read.records.length)
      expect(bytes.equals(read.records.subarray(0, bytes.length))).toBe(true)
      const [first = -1, ...rest] = batchesIn(bytes)
      const last = rest.at(-1) ?? first
      expect(last + batchSizeOf(bytes, last)).toBe(bytes.length)
      expect(range.isPartial).toBe(lastOffsetOf(bytes, last) + 1 < upTo)
      read.release()
    }
    expect(found).toBeGreaterThan(1000)
  },
)

test.runIf(sends)('whoever reads on from range to range meets every batch once', async () => {
  const log = logOf(1_500_000, 3)
  const parts: Buffer[] = []
  let ranges = 0
  for (let offset = 0; offset < log.logEndOffset; ) {
    const range = log.range(offset, 100_000, log.logEndOffset)
    if (range) ranges++
    const read = range ?? log.read(offset, 100_000)!
    const bytes = range ? bytesOf(range) : Buffer.from(read.records as Buffer)
    parts.push(bytes)
    offset = lastOffsetOf(bytes, [...batchesIn(bytes)].at(-1)!) + 1
  }
  expect(ranges).toBeGreaterThan(parts.length / 2)
  expect(Buffer.concat(parts).equals(await readAll(log))).toBe(true)
})

test('what another process wrote, or is too little, is read', async () => {
  const log = logOf(200_000)
  expect(log.range(0, 100_000, log.logEndOffset) !== undefined).toBe(sends)
  expect(log.range(0, bytesMin - 1, log.logEndOffset)).toBeUndefined()
  expect(log.range(log.logEndOffset - 1, 100_000, log.logEndOffset)).toBeUndefined()
  expect(log.range(log.logEndOffset, 100_000, log.logEndOffset)).toBeUndefined()
  const again = await reopened(log)
  expect(again.range(0, 100_000, again.logEndOffset)).toBeUndefined()
})

test.runIf(sends)('a range of a log that is deleted can be sent to its end', () => {
  const log = logOf(200_000)
  const expected = Buffer.from(log.read(0, 100_000)!.records)
  const range = log.range(0, 100_000, log.logEndOffset)!
  log.segments.list[0]!.abandon()
  const bytes = bytesOf(range)
  expect(bytes.equals(expected.subarray(0, bytes.length))).toBe(true)
})

test.runIf(sends)('bytes that are gone are told, and the segment is read with more care', () => {
  const log = logOf(200_000)
  const range = log.range(0, 100_000, log.logEndOffset)!
  truncateSync(log.segments.list[0]!.file.path, 50_000)
  expect(() => range.records.copy(10)).toThrow(/ends at 50000/)
  range.release()
  expect(log.range(0, 100_000, log.logEndOffset)).toBeUndefined()
})

test.runIf(sends)(
  'a range of a large segment stays whole when that is removed meanwhile',
  async () => {
    const log = temporaryLog({ segmentBytes: 6_000_000, retentionBytes: 1, fileDeleteDelayMs: 0 })
    while (log.segments.list.length === 1) append(log, 'v'.repeat(900_000))
    log.highWatermark = log.logEndOffset
    const [removed] = log.segments.list
    const { records, release } = log.range(5, 1_000_000, log.logEndOffset)!
    const bytes = Buffer.from(records.copy(0))
    expect(applySizeRetention(log)).toBe(1)
    await expect.poll(() => existsSync(removed!.file.path)).toBe(false)
    expect(Buffer.from(records.copy(0)).equals(bytes)).toBe(true)
    release()
  },
)
