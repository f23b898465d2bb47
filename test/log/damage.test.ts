/** What the disk does to files while nobody looks: torn tails, flipped bits, lost indexes (D7-D9 and D11-D13 of the fault catalogue). */
import { beforeAll, describe, expect, test } from 'vitest'
import { buildTransactionMarker } from '../../protocol/control-record.ts'
import { errors } from '../../protocol/errors.ts'
import { createLog, type LogCheckpoint, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { appendBatch, batchesIn, batchOf, headersIn, readAll } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'
import { clean, place, unclean } from './temporary-disk.ts'

const config = { segmentBytes: 500, indexIntervalBytes: 150, messageTimestampAfterMaxMs: Infinity }
const at = place('/', config)

/** The files of a log with several segments, transactions among its records, closed. */
class Sample {
  readonly files = new Map<string, Buffer>()
  bytes: Buffer = Buffer.alloc(0)
  logEndOffset = 0
  answers: unknown

  async make(): Promise<void> {
    const disk = new LossyDisk()
    const log = createLog(new LogDisk(simulatedEnv(disk), '/'), at)
    for (let i = 0; i < 9; i++) {
      appendBatch(log, batchOf([`a${i}`, `b${i}`], { maxTimestamp: 1000 + 10 * i }), i >> 2)
      if (i % 3 === 1)
        appendBatch(
          log,
          batchOf(['t'], {
            maxTimestamp: 1001 + 10 * i,
            producerId: 7,
            producerEpoch: 0,
            baseSequence: (i - 1) / 3,
            transactional: true,
          }),
          i >> 2,
        )
      if (i % 3 === 2)
        appendBatch(
          log,
          buildTransactionMarker({
            commit: false,
            timestamp: 1002 + 10 * i,
            producerId: 7,
            producerEpoch: 0,
            coordinatorEpoch: 1,
          }),
          i >> 2,
          'coordinator',
        )
    }
    await log.close()
    this.bytes = await readAll(log)
    this.logEndOffset = log.logEndOffset
    this.answers = await answersOf(log)
    for (const path of disk.paths) this.files.set(path, Buffer.from(disk.bytesOf(path)))
  }

  /** A disk with the files, some of them changed or left out (`undefined`). */
  disk(changes: Record<string, Buffer | undefined> = {}): LossyDisk {
    const disk = new LossyDisk()
    disk.files.makeDirectory(at.directory)
    for (const [path, bytes] of Object.entries({ ...Object.fromEntries(this.files), ...changes }))
      if (bytes !== undefined) disk.files.replaceFile(path, bytes)
    return disk
  }

  pathOf(ending: string): string {
    return [...this.files.keys()].find((path) => path.endsWith(ending))!
  }
}

async function answersOf(log: Log): Promise<unknown> {
  const times: unknown[] = []
  for (const time of [0, 1000, 1005, 1041, 1082, 5000])
    times.push(await log.offsetForTimestamp(time))
  const aborted = [0, 3, 8, 12].map((from) => log.abortedTransactions(from, log.logEndOffset))
  return { times, max: await log.offsetOfMaxTimestamp(), aborted, epochs: log.leaderEpochs.entries }
}

const sample = new Sample()
beforeAll(() => sample.make())

async function open(disk: LossyDisk, checkpoint: Partial<LogCheckpoint> = {}): Promise<Log> {
  return openLog(new LogDisk(simulatedEnv(disk), '/'), at, {
    ...clean,
    recoveryPoint: sample.logEndOffset,
    ...checkpoint,
  })
}

/** Each batch of the sample: its offsets and its bytes. */
function batchesOfSample() {
  return [...batchesIn(sample.bytes)].map((position, i) => {
    const header = headersIn(sample.bytes)[i]!
    const bytes = sample.bytes.subarray(position, position + header.batchLength + 12)
    return {
      position,
      bytes,
      first: header.baseOffset,
      last: header.baseOffset + header.lastOffsetDelta,
    }
  })
}

/** Offsets that cannot be read; those that give other bytes than were written have a minus. */
function unreadable(log: Log): number[] {
  const batches = batchesOfSample()
  const failed: number[] = []
  for (let offset = 0; offset < sample.logEndOffset; offset++) {
    const read = log.read(offset, 120, { upTo: sample.logEndOffset })!
    if (read.errorCode !== 0) {
      expect(read.errorCode).toBe(errors.CORRUPT_MESSAGE.code)
      failed.push(offset)
      continue
    }
    const { position } = batches.find(({ last }) => last >= offset)!
    const expected = sample.bytes.subarray(position, position + read.records.length)
    if (read.records.length === 0 || !read.records.equals(expected)) failed.push(-offset)
    read.release()
  }
  return failed
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

test('the sample has what the tests need', async () => {
  expect(
    [...sample.files.keys()]
      .map((path) => path.replace('/t-0/', ''))
      .filter((name) => name.startsWith('000')),
  ).toMatchObject(
    expect.arrayContaining(['00000000000000000000.index', '00000000000000000000.txnindex']),
  )
  const log = await open(sample.disk())
  expect([unreadable(log), await answersOf(log)]).toEqual([[], sample.answers])
})

test('D7, D8: a tail that is torn at any byte is cut behind the last whole batch', async () => {
  const batches = batchesOfSample()
  const path = [...sample.files.keys()]
    .filter((name) => name.endsWith('.log'))
    .sort()
    .at(-1)!
  const file = sample.files.get(path)!
  const base = Number(path.slice(-24, -4))
  const tails = [
    Buffer.alloc(0),
    Buffer.alloc(700),
    Buffer.from(Array.from({ length: 90 }, (_, i) => i * 7)),
  ]
  for (let size = 0; size <= file.length; size++) {
    const kept = batches.filter(({ first }) => first >= base)
    let end = base
    let bytes = 0
    for (const batch of kept) {
      if (bytes + batch.bytes.length > size) break
      bytes += batch.bytes.length
      end = batch.last + 1
    }
    const tail = tails[size % tails.length]!
    const disk = sample.disk({ [path]: Buffer.concat([file.subarray(0, size), tail]) })
    const log = await open(disk, { ...unclean, recoveryPoint: base })
    expect([size, log.logEndOffset, disk.bytesOf(path).length]).toEqual([size, end, bytes])
    expect(appendBatch(log, batchOf(['next']), 9).baseOffset).toBe(end)
  }
})

describe.each([
  ['closed cleanly', clean],
  ['recovered behind it', unclean],
])('D9: a flipped bit in a log that was %s', (_, state) => {
  test.each([0, 1])('in segment %i costs its own batch and nothing else', async (nth) => {
    const path = [...sample.files.keys()].filter((name) => name.endsWith('.log')).sort()[nth]!
    const base = Number(path.slice(-24, -4))
    const file = sample.files.get(path)!
    const batches = batchesOfSample()
    const start = batches.find(({ first }) => first === base)!.position
    const batchAt = (byte: number) =>
      batches.find(({ position, bytes }) => start + byte < position + bytes.length)!
    const wrong: string[] = []
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = Buffer.from(file)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const disk = sample.disk({ [path]: damaged })
      const log = await open(disk, { ...state, recoveryPoint: sample.logEndOffset })
      const { first, last, position } = batchAt(bit >> 3)
      const failed = unreadable(log)
      if (failed.join() !== range(first, last).join())
        wrong.push(
          `bit ${(bit >> 3) - (position - start)}.${bit & 7} of batch ${first}-${last}: ${failed}`,
        )
      expect([log.logEndOffset, disk.bytesOf(path).equals(damaged)]).toEqual([
        sample.logEndOffset,
        true,
      ])
    }
    expect(wrong).toEqual([])
  })
})

const sideFiles = [
  '0000.index',
  '0000.timeindex',
  '0000.txnindex',
  '.snapshot',
  'leader-epoch-checkpoint',
]

test.each(sideFiles)(
  'D11-D13: without %s, or with a damaged one, the answers are the same after recovery',
  async (ending) => {
    const path = sample.pathOf(ending)
    const file = sample.files.get(path)!
    const changed: (Buffer | undefined)[] = [
      undefined,
      Buffer.alloc(file.length),
      Buffer.from(file).reverse(),
    ]
    for (let size = 0; size < file.length; size++) changed.push(file.subarray(0, size))
    for (let bit = 0; bit < file.length * 8; bit += 3) {
      const flipped = Buffer.from(file)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      changed.push(flipped)
    }
    for (const bytes of changed) {
      const log = await open(sample.disk({ [path]: bytes }), unclean)
      expect([
        unreadable(log),
        await answersOf(log),
        log.producers.entry(7)?.batches.at(-1),
      ]).toMatchObject([[], sample.answers, { lastSequence: 2 }])
    }
  },
)

test.each(['0000.index', '0000.timeindex'])(
  'D11: a damaged %s of a clean log is made anew',
  async (ending) => {
    const path = sample.pathOf(ending)
    const file = sample.files.get(path)!
    const changed: (Buffer | undefined)[] = [
      undefined,
      Buffer.alloc(file.length),
      Buffer.from(file).reverse(),
    ]
    for (let size = 0; size < file.length; size++) changed.push(file.subarray(0, size))
    for (const bytes of changed) {
      const log = await open(sample.disk({ [path]: bytes }))
      expect([bytes?.length, unreadable(log), await answersOf(log)]).toEqual([
        bytes?.length,
        [],
        sample.answers,
      ])
    }
  },
)
