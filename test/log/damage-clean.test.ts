/** Damage in logs that were closed cleanly, met by what is not a read: cuts, lookups by time, transactions. */
import { expect, test } from 'vitest'
import { buildTransactionMarker } from '../../protocol/control-record.ts'
import { errors } from '../../protocol/errors.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { LogDisk, StorageError } from '../../src/log/log-disk.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { CorruptLogError } from '../../src/log/offset-lookup.ts'
import { append, appendBatch, batchOf, recordsIn } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, settled, simulatedEnv } from './simulated-env.ts'
import { clean, place, unclean } from './temporary-disk.ts'

const batches = 6
const magicAt = 16
const segment = '/t-0/00000000000000000000.log'
const at = place('/', { messageTimestampAfterMaxMs: Infinity })

/** A log of batches with two records each, where one has a header that cannot be. */
async function damagedLog(damaged: number): Promise<Log> {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const made = createLog(new LogDisk(env, '/'), at)
  const positions: number[] = []
  for (let i = 0; i < batches; i++) {
    positions.push(made.sizeBytes)
    appendBatch(made, batchOf([`a${i}`, `b${i}`], { maxTimestamp: 1000 + i }))
  }
  const recoveryPoint = made.logEndOffset
  await made.close()
  const bytes = Buffer.from(disk.bytesOf(segment))
  bytes[positions[damaged]! + magicAt] = 9
  disk.replaceBytes(segment, bytes)
  return openLog(new LogDisk(env, '/'), at, { ...clean, recoveryPoint })
}

/** What stands at an offset, or the error. */
function valueAt(log: Log, offset: number): string | number {
  const { errorCode, records } = log.read(offset, 1, { upTo: log.logEndOffset })!
  if (errorCode !== 0) return errorCode
  return recordsIn(records).find(([found]) => found === offset)?.[1] as string
}

test('a cut behind a damaged batch takes no good one before it, and leaves no hole', async () => {
  for (let damaged = 0; damaged < batches - 1; damaged++)
    for (let cut = 0; cut < 2 * batches; cut++) {
      const log = await damagedLog(damaged)
      log.truncateTo(cut)
      const kept = cut >> 1
      expect({ damaged, cut, end: log.logEndOffset }).toEqual({ damaged, cut, end: 2 * kept })
      append(log, 'next')
      const values = Array.from({ length: 2 * kept + 1 }, (_, offset) => valueAt(log, offset))
      const expected = values.map((_, offset) => {
        if (offset === 2 * kept) return 'k=next'
        if (offset >> 1 === damaged) return errors.CORRUPT_MESSAGE.code
        return `k=${offset % 2 === 0 ? 'a' : 'b'}${offset >> 1}`
      })
      expect({ damaged, cut, values }).toEqual({ damaged, cut, values: expected })
    }
})

test('a lookup by time does not pass over what is damaged', async () => {
  const log = await damagedLog(2)
  expect((await log.offsetForTimestamp(1001))?.offset).toBe(2)
  await expect(log.offsetForTimestamp(1002)).rejects.toThrow(CorruptLogError)
})

test('a damaged transaction index of a clean log is made anew', async () => {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const made = createLog(new LogDisk(env, '/'), at)
  const producer = { producerId: 7, producerEpoch: 0 }
  for (let i = 0; i < 3; i++) {
    append(made, 'plain')
    appendBatch(made, batchOf(['t'], { ...producer, baseSequence: i, transactional: true }))
    const marker = { ...producer, commit: i === 1, timestamp: 1, coordinatorEpoch: 1 }
    appendBatch(made, buildTransactionMarker(marker), 0, 'coordinator')
  }
  made.roll()
  append(made, 'last')
  const aborted = made.abortedTransactions(0, 9)
  const recoveryPoint = made.logEndOffset
  await made.close()
  const path = '/t-0/00000000000000000000.txnindex'
  const good = Buffer.from(disk.bytesOf(path))
  expect(aborted.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
    [1, 2],
    [7, 8],
  ])
  const entry = good.length / 2
  const torn = Array.from({ length: good.length }, (_, size) => good.subarray(0, size)).filter(
    ({ length }) => length % entry !== 0,
  )
  const swapped = Buffer.concat([good.subarray(entry), good.subarray(0, entry)])
  for (const bytes of [Buffer.alloc(good.length), Buffer.from(good).reverse(), swapped, ...torn]) {
    disk.replaceBytes(path, bytes)
    const log = await openLog(new LogDisk(env, '/'), at, { ...clean, recoveryPoint })
    expect(log.abortedTransactions(0, 9)).toEqual(aborted)
    expect(disk.bytesOf(path).equals(good)).toBe(true)
  }
  // Who wants indexes made anew removes all; the next start but one sees nothing that is missing.
  for (const gone of [path, path.replace('txnindex', 'index')]) disk.files.unlink(gone)
  for (const isAsked of [false, true]) {
    const log = await openLog(new LogDisk(env, '/'), at, { ...clean, recoveryPoint })
    await log.offsetForTimestamp(1)
    if (isAsked) expect(log.abortedTransactions(0, 9)).toEqual(aborted)
    await log.close()
  }
  expect(disk.bytesOf(path).equals(good)).toBe(true)
  for (let seed = 1; seed <= 20; seed++) {
    for (const gone of [path, path.replace('txnindex', 'index')])
      if (disk.paths.includes(gone)) disk.files.unlink(gone)
    disk.files.syncDirectory('/t-0')
    const log = await openLog(new LogDisk(env, '/'), at, { ...clean, recoveryPoint })
    await log.offsetForTimestamp(1)
    disk.kill()
    await settled()
    disk.restart()
    disk.losePower(randomFrom(seed))
    const again = await openLog(new LogDisk(env, '/'), at, { ...unclean, recoveryPoint })
    expect([seed, again.abortedTransactions(0, 9)]).toEqual([seed, aborted])
    await again.flush()
  }
  disk.replaceBytes(path, torn[1]!)
  const log = await openLog(new LogDisk(env, '/'), at, { ...clean, recoveryPoint })
  log.truncateTo(8)
  expect(log.abortedTransactions(0, 8)).toEqual(aborted.slice(0, 1))
})

test('nothing is cut while the recovery point cannot be lowered', async () => {
  const disk = new LossyDisk()
  const manager = await LogManager.open(simulatedEnv(disk), {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => at.config,
  })
  const log = manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  for (const value of ['a', 'b', 'c']) append(log, value)
  await log.flush()
  disk.bytesMax = 0
  expect(() => log.truncateTo(1)).toThrow(StorageError)
  expect([log.logEndOffset, log.recoveryPoint]).toEqual([3, 3])
  disk.bytesMax = Infinity
  log.truncateTo(1)
  expect(disk.bytesOf('/data/recovery-point-offset-checkpoint').toString()).toBe('0\n1\nt 0 1\n')
})
