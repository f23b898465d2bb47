import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errors } from '../../protocol/errors.ts'
import { createLog } from '../../src/log/load.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { append, appendBatch, batchOf, headersIn, readAll, recordsIn, valuesOf } from './batches.ts'
import {
  place,
  quietEnv,
  reopened,
  temporaryDirectory,
  temporaryLog,
  unclean,
} from './temporary-disk.ts'

test('records get their offsets in order and are read back', async () => {
  const log = temporaryLog()
  expect(append(log, 'a', 'b')).toMatchObject({ errorCode: 0, baseOffset: 0, lastOffset: 1 })
  expect(append(log, 'c')).toMatchObject({ errorCode: 0, baseOffset: 2, lastOffset: 2 })
  expect(log.logEndOffset).toBe(3)
  expect(recordsIn(await readAll(log))).toEqual([
    [0, 'k=a'],
    [1, 'k=b'],
    [2, 'k=c'],
  ])
})

test('what is staged is not there before it is written', () => {
  const log = temporaryLog()
  log.stageAsLeader(batchOf(['a']), { leaderEpoch: 3, origin: 'client' })
  const second = log.stageAsLeader(batchOf(['b']), { leaderEpoch: 3, origin: 'client' })
  expect([log.logEndOffset, second.baseOffset]).toEqual([0, 1])
  log.writeStaged()
  expect(log.logEndOffset).toBe(2)
})

test('a consumer sees nothing at or above the high watermark', async () => {
  const log = temporaryLog()
  append(log, 'a')
  append(log, 'b')
  const seen = () => recordsIn(log.read(0, 1e6)!.records).length
  expect(seen()).toBe(0)
  log.highWatermark = 1
  expect(seen()).toBe(1)
  log.highWatermark = 5
  expect([seen(), log.highWatermark]).toEqual([2, 2])
})

test('offsets outside the log are refused with the numbers', () => {
  const log = temporaryLog()
  append(log, 'a', 'b', 'c')
  log.highWatermark = 3
  log.deleteRecordsBefore(2)
  expect([log.read(1, 100), log.read(4, 100)]).toMatchObject([
    {
      errorCode: errors.OFFSET_OUT_OF_RANGE.code,
      errorMessage: 'Offset 1 is below the log start offset 2',
    },
    {
      errorCode: errors.OFFSET_OUT_OF_RANGE.code,
      errorMessage: 'Offset 4 is above the log end offset 3',
    },
  ])
})

test('a read returns whole batches within its limit, and at least one', () => {
  const log = temporaryLog()
  for (const value of ['a', 'b', 'c']) append(log, value)
  const size = batchOf(['a']).length
  const offsets = (limit: number, atLeastOne = true) =>
    headersIn(log.read(0, limit, { upTo: 3, atLeastOne })!.records).map(
      ({ baseOffset }) => baseOffset,
    )
  expect([
    offsets(0),
    offsets(0, false),
    offsets(2 * size),
    offsets(3 * size - 1),
    offsets(9e9),
  ]).toEqual([[0], [], [0, 1], [0, 1], [0, 1, 2]])
})

test('segments roll by size, and reads go on from one to the next', async () => {
  const log = temporaryLog({ segmentBytes: 300 })
  const values = Array.from({ length: 20 }, (_, i) => `value ${i}`)
  for (const value of values) append(log, value)
  expect(log.segments.list.map(({ baseOffset }) => baseOffset)).toEqual([0, 3, 6, 9, 12, 15, 18])
  expect(await valuesOf(log)).toEqual(values)
  for (const from of [0, 2, 3, 10, 19])
    expect(await valuesOf(log, from)).toEqual(values.slice(from))
})

test('a log that was closed is the same when opened again', async () => {
  const log = temporaryLog({ segmentBytes: 1000, indexIntervalBytes: 100 })
  for (let i = 0; i < 50; i++) append(log, `value ${i}`)
  log.highWatermark = 40
  const before = await readAll(log)
  await log.close()
  expect(readdirSync(log.directory).sort().slice(0, 4)).toEqual([
    '00000000000000000000.index',
    '00000000000000000000.log',
    '00000000000000000000.timeindex',
    '00000000000000000013.index',
  ])
  const again = await reopened(log)
  expect([again.logEndOffset, again.highWatermark, again.leaderEpochs.latest]).toEqual([50, 40, 0])
  expect((await readAll(again)).equals(before)).toBe(true)
  append(again, 'more')
  expect((await valuesOf(again, 49)).slice(-2)).toEqual(['value 49', 'more'])
})

test('a log that was not closed is recovered', async () => {
  const log = temporaryLog({ segmentBytes: 1000, indexIntervalBytes: 100 })
  for (let i = 0; i < 50; i++) append(log, `value ${i}`)
  const before = await readAll(log)
  const again = await reopened(log, unclean)
  expect(again.logEndOffset).toBe(50)
  expect((await readAll(again)).equals(before)).toBe(true)
})

test('an idempotent producer: duplicates, gaps, epochs', async () => {
  const log = temporaryLog()
  const send = (baseSequence: number, producerEpoch = 0, count = 2) =>
    appendBatch(
      log,
      batchOf(
        Array.from({ length: count }, () => 'v'),
        { producerId: 7, producerEpoch, baseSequence, maxTimestamp: 1000 },
      ),
    )
  expect(send(0)).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect(send(2)).toMatchObject({ errorCode: 0, baseOffset: 2 })
  expect(send(0)).toMatchObject({
    errorCode: 0,
    baseOffset: 0,
    lastOffset: 1,
    isDuplicate: true,
    logAppendTimeMs: 1000,
  })
  expect(send(5)).toMatchObject({
    errorCode: errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code,
    errorMessage:
      'Out of order sequence number for producer 7 at offset 4 in partition t-0: 5 (incoming seq. number), 3 (current end sequence number)',
  })
  expect(send(5, 1)).toMatchObject({ errorCode: errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code })
  expect(send(0, 1)).toMatchObject({ errorCode: 0, baseOffset: 4 })
  expect(send(4, 0)).toMatchObject({ errorCode: errors.INVALID_PRODUCER_EPOCH.code })
  expect(log.logEndOffset).toBe(6)
  const recovered = await reopened(log, unclean)
  await log.close()
  for (const again of [recovered, await reopened(log)])
    expect(again.producers.entry(7)).toMatchObject({
      epoch: 1,
      batches: [{ firstSequence: 0, lastSequence: 1, lastOffset: 5 }],
    })
})

test('the log is truncated at the start of a batch, with everything that hangs on it', async () => {
  const log = temporaryLog({ segmentBytes: 300 })
  for (let i = 0; i < 5; i++)
    appendBatch(
      log,
      batchOf([`a${i}`, `b${i}`], { producerId: 1, producerEpoch: 0, baseSequence: 2 * i }),
      i,
    )
  log.highWatermark = 9
  log.truncateTo(7)
  expect([log.logEndOffset, log.highWatermark, log.leaderEpochs.entries.length]).toEqual([6, 6, 3])
  expect(log.producers.entry(1)?.batches.at(-1)?.lastSequence).toBe(5)
  expect(await valuesOf(log)).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
  log.truncateTo(0)
  expect([log.logEndOffset, log.leaderEpochs.entries, log.producers.size]).toEqual([0, [], 0])
  log.truncateFullyAndStartAt(100)
  append(log, 'new')
  expect([log.logStartOffset, log.logEndOffset]).toEqual([100, 101])
  expect(recordsIn(await readAll(log))).toEqual([[100, 'k=new']])
})

test('records are found by their timestamps', async () => {
  const log = temporaryLog({ segmentBytes: 400, indexIntervalBytes: 0 })
  const times = [100, 300, 200, 500, 400, 500, 50]
  for (const maxTimestamp of times) appendBatch(log, batchOf(['v'], { maxTimestamp }))
  const found: unknown[] = []
  for (const at of [0, 100, 101, 300, 301, 500, 501])
    found.push((await log.offsetForTimestamp(at))?.offset)
  expect(found).toEqual([0, 0, 1, 1, 3, 3, undefined])
  expect(await log.offsetOfMaxTimestamp()).toEqual({ timestamp: 500, offset: 3, leaderEpoch: 0 })
  log.highWatermark = 7
  log.deleteRecordsBefore(4)
  expect(await log.offsetOfMaxTimestamp()).toEqual({ timestamp: 500, offset: 5, leaderEpoch: 0 })
  log.deleteRecordsBefore(7)
  expect([await log.offsetOfMaxTimestamp(), await log.offsetForTimestamp(0)]).toEqual([
    undefined,
    undefined,
  ])
})

test('a follower takes the batches of its leader as they are', async () => {
  const leader = temporaryLog()
  for (let i = 0; i < 4; i++) appendBatch(leader, batchOf([`v${i}`]), i)
  const bytes = await readAll(leader)
  const follower = temporaryLog()
  const whole = follower.stageAsFollower(Buffer.from(bytes), { leaderEpochMax: 2 })
  follower.writeStaged()
  expect([whole.errorCode, follower.logEndOffset, follower.leaderEpochs.latest]).toEqual([0, 3, 2])
  follower.stageAsFollower(
    Buffer.concat([bytes.subarray((bytes.length / 4) * 3), bytes.subarray(0, 30)]),
  )
  follower.writeStaged()
  expect((await readAll(follower)).equals(bytes)).toBe(true)
  expect(follower.stageAsFollower(Buffer.from(bytes)).errorCode).toBe(errors.CORRUPT_MESSAGE.code)
})

test('a read goes on where the last one ended, also after a truncation below it', async () => {
  const log = temporaryLog()
  for (const value of ['a', 'b', 'c', 'd']) append(log, value)
  const next = (offset: number) =>
    recordsIn(log.read(offset, 1, { upTo: log.logEndOffset })!.records)
  expect([next(0), next(1), next(2)]).toEqual([[[0, 'k=a']], [[1, 'k=b']], [[2, 'k=c']]])
  log.truncateTo(1)
  append(log, 'longer than before', 'and two')
  append(log, 'e')
  expect(next(3)).toEqual([[3, 'k=e']])
})

test('a batch that does not fit is not passed over for a smaller one in the next segment', () => {
  const log = temporaryLog({ segmentBytes: 1000 })
  append(log, 'x'.repeat(800))
  append(log, 'y'.repeat(300))
  log.highWatermark = 2
  const read = log.read(0, 500, { atLeastOne: false })
  expect([log.segments.list.length, read?.records.length, read?.isPartial]).toEqual([2, 0, true])
})

test('what was preallocated is cut off where a segment ends, also when the setting has changed', async () => {
  const log = temporaryLog({ segmentBytes: 4096, preallocate: true })
  append(log, 'a')
  const [first] = log.segments.list
  expect(log.disk.env.files.stat(first!.file.path)?.sizeBytes).toBe(4096)
  log.updateConfig({ ...log.config, preallocate: false })
  log.roll()
  append(log, 'b')
  expect(log.disk.env.files.stat(first!.file.path)?.sizeBytes).toBe(first!.sizeBytes)
  await log.close()
  expect(await valuesOf(await reopened(log))).toEqual(['a', 'b'])
})

test('a log that was preallocated and never written is empty after a clean stop', async () => {
  const log = temporaryLog({ segmentBytes: 4096, preallocate: true })
  await log.flush()
  await log.close()
  expect(log.disk.env.files.stat(log.segments.active.file.path)?.sizeBytes).toBe(0)
})

test('a sync does not vouch for what came in the place of truncated records while it ran', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const env = quietEnv()
  const open: typeof env.files.open = (path, mode) => {
    const file = env.files.open(path, mode)
    const syncLater = () => gate.then(() => file.syncLater())
    return new Proxy(file, {
      get: (of, name) =>
        name === 'syncLater' ? syncLater : (of[name as keyof typeof of] as () => void).bind(of),
    })
  }
  const directory = temporaryDirectory()
  const disk = new LogDisk({ ...env, files: { ...env.files, open } }, directory)
  const log = createLog(disk, place(directory))
  append(log, 'a')
  append(log, 'b')
  const synced = log.flush()
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
  log.truncateTo(1)
  append(log, 'c')
  release()
  await synced
  expect([log.logEndOffset, log.recoveryPoint]).toEqual([2, 1])
  await log.flush()
  expect(log.recoveryPoint).toBe(2)
})

test('all who wait for the disk in one turn wait for one sync, and those who come while it runs for the next', async () => {
  const gates: (() => void)[] = []
  const env = quietEnv()
  const open: typeof env.files.open = (path, mode) => {
    const file = env.files.open(path, mode)
    if (!path.endsWith('.log')) return file
    const syncLater = () => new Promise<void>((resolve) => gates.push(resolve))
    return new Proxy(file, {
      get: (of, name) =>
        name === 'syncLater' ? syncLater : (of[name as keyof typeof of] as () => void).bind(of),
    })
  }
  const directory = temporaryDirectory()
  const disk = new LogDisk({ ...env, files: { ...env.files, open } }, directory)
  const log = createLog(disk, place(directory, { flushMessages: 1 }))
  const done: string[] = []
  const produce = (name: string) => {
    append(log, name)
    void log.durable()!.then(() => done.push(name))
  }
  const state = () => [gates.length, done, log.recoveryPoint]
  for (const name of ['a', 'b', 'c']) produce(name)
  await expect.poll(state).toEqual([1, [], 0])
  for (const name of ['d', 'e']) produce(name)
  // Time enough for a sync too many to begin.
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
  expect(state()).toEqual([1, [], 0])
  gates[0]!()
  await expect.poll(state).toEqual([2, ['a', 'b', 'c'], 3])
  gates[1]!()
  await expect.poll(state).toEqual([2, ['a', 'b', 'c', 'd', 'e'], 5])
})
