/**
 * Flipped bits in the base offset of a batch, which no checksum covers (D9, D10 of the fault catalogue): what can
 * be known of it is told, behind the recovery point by a cut, before it by 2 CORRUPT_MESSAGE for that batch alone.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { errors } from '../../protocol/errors.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { verify } from '../../src/log/verify.ts'
import { appendBatch, batchesIn, batchOf, headersIn } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'
import { clean, place, unclean } from './temporary-disk.ts'

const config = { segmentBytes: 500, indexIntervalBytes: 150, messageTimestampAfterMaxMs: Infinity }
const at = place('/', config)
const batches = 12
const perBatch = 3

interface Place {
  readonly path: string
  /** In the file. */
  readonly position: number
}

const files = new Map<string, Buffer>()
/** Where each batch stands. */
const places: Place[] = []

beforeAll(async () => {
  const disk = new LossyDisk()
  const log = createLog(new LogDisk(simulatedEnv(disk), '/'), at)
  for (let i = 0; i < batches; i++)
    appendBatch(log, batchOf([`a${i}`, `b${i}`, `c${i}`], { maxTimestamp: 1000 + i }))
  await log.close()
  for (const path of disk.paths) files.set(path, Buffer.from(disk.bytesOf(path)))
  for (const [path, bytes] of [...files].sort()) {
    if (!path.endsWith('.log')) continue
    for (const position of batchesIn(bytes)) places.push({ path, position })
  }
})

function diskWith(damaged: Place, bit: number): LossyDisk {
  const disk = new LossyDisk()
  disk.files.makeDirectory(at.directory)
  for (const [path, bytes] of files) {
    const copy = Buffer.from(bytes)
    if (path === damaged.path) copy[damaged.position + (bit >> 3)]! ^= 0x80 >> (bit & 7)
    disk.files.replaceFile(path, copy)
  }
  return disk
}

/** Of each batch whether its offsets are served, from its own bytes. */
function served(log: Log): boolean[] {
  const found: boolean[] = []
  for (let i = 0; i * perBatch < log.logEndOffset; i++) {
    const offsets = Array.from({ length: perBatch }, (_, n) => i * perBatch + n)
    const answers = offsets.map((offset) => {
      const { errorCode, records, release } = log.read(offset, 1, { upTo: log.logEndOffset })!
      if (errorCode !== 0) {
        expect(errorCode).toBe(errors.CORRUPT_MESSAGE.code)
        return false
      }
      expect(headersIn(records)).toMatchObject([{ baseOffset: i * perBatch }])
      release()
      return true
    })
    expect(new Set(answers).size).toBe(1)
    found.push(answers[0]!)
  }
  return found
}

/** What differs from what is expected, for each bit of each batch. */
async function eachFlip(
  checkpoint: typeof clean,
  expected: (damaged: number) => { end: number; lost: number[] },
): Promise<string[]> {
  const wrong: string[] = []
  for (const [damaged, where] of places.entries())
    for (let bit = 0; bit < 64; bit++) {
      const disk = diskWith(where, bit)
      const log = await openLog(new LogDisk(simulatedEnv(disk), '/'), at, checkpoint)
      const { end, lost } = expected(damaged)
      const answers = served(log)
      const found = answers.flatMap((isServed, i) => (isServed ? [] : [i]))
      if (log.logEndOffset !== end || found.join() !== lost.join())
        wrong.push(`bit ${bit} of batch ${damaged}: end ${log.logEndOffset}, lost ${found}`)
      // What is appended is served, and nothing of what was there before with it.
      const { baseOffset } = appendBatch(log, batchOf(['next']))
      expect(baseOffset).toBe(log.logEndOffset - 1)
    }
  return wrong
}

const end = batches * perBatch

describe('a flipped bit in a base offset', () => {
  test('behind the recovery point cuts the log before that batch (D10)', async () => {
    const state = { ...unclean, compactedTo: 0 }
    const cut = (damaged: number) => ({ end: damaged * perBatch, lost: [] })
    expect(await eachFlip(state, cut)).toEqual([])
  })

  test.each([1, 4, 5, 11, 12])(
    'before a recovery point behind %i batches costs that batch and nothing else (D9)',
    async (synced) => {
      const state = { ...unclean, compactedTo: 0, recoveryPoint: synced * perBatch }
      const kept = (damaged: number) =>
        damaged < synced ? { end, lost: [damaged] } : { end: damaged * perBatch, lost: [] }
      expect(await eachFlip(state, kept)).toEqual([])
    },
  )

  test('is found by a verification at the batch that has it', () => {
    const last = places.length - 1
    const wrong: string[] = []
    for (const [damaged, where] of places.entries())
      for (let bit = 0; bit < 64; bit++) {
        const sum = { logs: 0, segments: 0, batches: 0, bytes: 0 }
        const findings = [...verify(diskWith(where, bit).files, '/t-0', sum, () => {})]
        const inLog = findings.filter(({ path }) => path.endsWith('.log'))
        const [first] = inLog
        const isThere = first?.path === where.path && first.position === where.position
        // Behind the last batch nothing tells that it was raised: compaction leaves holes, too.
        const isRaised = damaged === last && bit > 32 && inLog.length === 0
        if (!(isThere && inLog.length === 1) && !isRaised)
          wrong.push(`bit ${bit} of batch ${damaged}: ${JSON.stringify(inLog)}`)
      }
    expect(wrong).toEqual([])
  })

  test('of a log that was closed cleanly costs that batch and nothing else (D9)', async () => {
    const state = { ...clean, compactedTo: 0, recoveryPoint: end }
    expect(await eachFlip(state, (damaged) => ({ end, lost: [damaged] }))).toEqual([])
  })
})
