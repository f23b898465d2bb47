/** Pages that the disk cannot read any more (D18 of the fault catalogue) cost the batches that lie on them. */
import { beforeAll, describe, expect, test } from 'vitest'
import { errors } from '../../protocol/errors.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { CorruptLogError } from '../../src/log/offset-lookup.ts'
import type { LogRead } from '../../src/log/read.ts'
import { appendBatch, batchesIn, batchOf, headersIn } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'
import { clean, place, unclean } from './temporary-disk.ts'

const pageBytes = 4096
const at = place('/', { segmentBytes: 20_000, messageTimestampAfterMaxMs: Infinity })
const batches = 40

interface Place {
  readonly path: string
  readonly first: number
  readonly last: number
}

const files = new Map<string, Buffer>()
/** The pages on which each batch lies. */
const places: Place[] = []
/** All that can be read at once from a batch on, when all is well: up to the end of its segment. */
const whole: Buffer[] = []

beforeAll(async () => {
  const disk = new LossyDisk()
  const log = createLog(new LogDisk(simulatedEnv(disk), '/'), at)
  for (let i = 0; i < batches; i++)
    appendBatch(log, batchOf(['v'.repeat(700 + 37 * i)], { maxTimestamp: 1000 + i }))
  await log.close()
  for (const path of disk.paths) files.set(path, Buffer.from(disk.bytesOf(path)))
  for (const [path, bytes] of [...files].sort()) {
    if (!path.endsWith('.log')) continue
    const starts = [...batchesIn(bytes)]
    for (const [i, start] of starts.entries()) {
      const end = starts[i + 1] ?? bytes.length
      const pageOf = (byte: number) => Math.floor(byte / pageBytes)
      places.push({ path, first: pageOf(start), last: pageOf(end - 1) })
      whole.push(bytes.subarray(start))
    }
  }
})

function diskWithout(path: string, page: number): LossyDisk {
  const disk = new LossyDisk()
  disk.files.makeDirectory(at.directory)
  for (const [name, bytes] of files) disk.files.replaceFile(name, bytes)
  disk.badPages.add(`${path} ${page}`)
  return disk
}

const open = (disk: LossyDisk, checkpoint: typeof clean) =>
  openLog(new LogDisk(simulatedEnv(disk), '/'), at, checkpoint)

/** Every page of every segment. */
function pages() {
  return [...new Set(places.map(({ path }) => path))].flatMap((path) => {
    const size = files.get(path)!.length
    return Array.from({ length: Math.ceil(size / pageBytes) }, (_, page) => ({ path, page }))
  })
}

async function lostOf(log: Log, read: (offset: number) => LogRead | Promise<LogRead>) {
  const lost: number[] = []
  for (let offset = 0; offset < log.logEndOffset; offset++) {
    const { errorCode, records, release } = await read(offset)
    if (errorCode === errors.CORRUPT_MESSAGE.code) lost.push(offset)
    else {
      expect(errorCode).toBe(0)
      // Bytes as they were written, of one batch at least.
      expect(records.equals(whole[offset]!.subarray(0, records.length))).toBe(true)
      expect(headersIn(records)[0]?.baseOffset).toBe(offset)
    }
    release()
  }
  return lost
}

describe.each([
  ['closed cleanly', clean],
  ['recovered behind it', unclean],
])('an unreadable page of a log that was %s', (_, state) => {
  test.each([1, 1e6])('costs the batches on it when %i bytes are asked for', async (bytesMax) => {
    for (const { path, page } of pages()) {
      const disk = diskWithout(path, page)
      const log = await open(disk, { ...state, recoveryPoint: batches, compactedTo: 0 })
      const options = { upTo: batches }
      const expected = places.flatMap((one, offset) =>
        one.path === path && one.first <= page && page <= one.last ? [offset] : [],
      )
      const told = { path, page, end: log.logEndOffset }
      const lost = await lostOf(log, (offset) => log.read(offset, bytesMax, options)!)
      const lostLater = await lostOf(log, (offset) => log.readLater(offset, bytesMax, options))
      expect({ ...told, lost, lostLater }).toEqual({
        path,
        page,
        end: batches,
        lost: expected,
        lostLater: expected,
      })
      expect(disk.bytesOf(path).equals(files.get(path)!)).toBe(true)
    }
  })
})

test('a lookup by time answers what can be read, or that it is damaged', async () => {
  for (const { path, page } of pages()) {
    const state = { ...clean, recoveryPoint: batches }
    const log = await open(diskWithout(path, page), state)
    for (let i = 0; i < batches; i++) {
      const { first, last } = places[i]!
      const isLost = places[i]!.path === path && first <= page && page <= last
      try {
        const found = await log.offsetForTimestamp(1000 + i)
        // The end of a log may be lost, and its times with it.
        expect(found?.offset).toBe(isLost ? undefined : i)
      } catch (error) {
        if (!(error instanceof CorruptLogError)) throw error
      }
    }
  }
})

test('nothing behind the recovery point is cut because it cannot be read now', async () => {
  for (const { path, page } of pages()) {
    const disk = diskWithout(path, page)
    await expect(open(disk, { ...unclean, compactedTo: 0 })).rejects.toThrow('EIO')
    expect(disk.bytesOf(path).equals(files.get(path)!)).toBe(true)
    disk.badPages.clear()
    const log = await open(disk, { ...unclean, compactedTo: 0 })
    expect(log.logEndOffset).toBe(batches)
  }
})
