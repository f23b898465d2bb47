/**
 * Every configuration of a log, changed while it runs: the same is done and looked at before the change and after it.
 * That what is set at the cluster reaches the log is in `test/broker/topic-log-configs.test.ts`.
 */
import { expect, test } from 'vitest'
import type { NewBatch } from '../../protocol/build-batch.ts'
import { codecs } from '../../protocol/compression.ts'
import { errors } from '../../protocol/errors.ts'
import { codecOf } from '../../protocol/record-batch.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { appendBatch, batchOf, headersIn, readAll, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { type SimulatedEnv, simulatedEnv } from './simulated-env.ts'

const hourMs = 3_600_000
const compacted = { cleanupPolicy: { delete: false, compact: true } }

interface World {
  readonly log: Log
  readonly env: SimulatedEnv
  readonly disk: LossyDisk
  readonly manager: LogManager
}

interface Effect {
  /** How the log is configured before. */
  readonly from?: Partial<LogConfig>
  /** What changes while it runs. */
  readonly to: Partial<LogConfig>
  look(world: World): unknown
  readonly before: unknown
  readonly after: unknown
}

const { MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD } = errors

function send({ log, disk }: World, values: readonly string[], rest: Partial<NewBatch> = {}) {
  const { errorCode } = appendBatch(log, batchOf(values, { maxTimestamp: disk.wallMs, ...rest }))
  log.highWatermark = log.logEndOffset
  return errorCode
}

/** How many segments begin while these batches are appended, `stepMs` apart. */
function rolls(world: World, values: readonly string[], stepMs = 0): number {
  const { log, disk } = world
  log.roll()
  const before = log.segments.list.length
  for (const [i, value] of values.entries())
    send(world, [value], { maxTimestamp: disk.wallMs + i * stepMs })
  return log.segments.list.length - before
}

/** The last batch as it is stored. */
async function stored(world: World, value: string): Promise<Buffer> {
  const { log } = world
  send(world, [value])
  return readAll(log, log.logEndOffset - 1)
}

/** Packs to a size that depends on the level. */
const text = Array.from({ length: 3000 }, (_, i) => `${(i * i * 7919) % 1000} ${i % 37}`).join(' ')

/** Whether what is stored takes more than with the codec's usual level. */
async function packsWorse(world: World, codec: number): Promise<boolean> {
  const usual = batchOf([text], { maxTimestamp: world.disk.wallMs, codec })
  return (await stored(world, text)).length > usual.length
}

/** What stays of two values of one key after the cleaner had its time. */
async function cleaned(world: World): Promise<string[]> {
  const { log, manager, env } = world
  const from = log.logEndOffset
  send(world, ['a=1', 'a=2'])
  await env.pass(1000)
  log.roll()
  await manager.cleaner.runOnce()
  return (await valuesOf(log, from)).slice(-2)
}

const effects: Readonly<Record<keyof LogConfig, Effect>> = {
  segmentBytes: {
    to: { segmentBytes: 200 },
    look: (world) => rolls(world, Array(3).fill('x'.repeat(100))),
    ...{ before: 0, after: 2 },
  },
  segmentMs: {
    to: { segmentMs: 1000 },
    look: (world) => rolls(world, ['a', 'b'], 2000),
    ...{ before: 0, after: 1 },
  },
  segmentJitterMs: {
    from: { segmentMs: hourMs },
    to: { segmentJitterMs: hourMs },
    look: (world) => rolls(world, ['a', 'b'], hourMs - 1),
    ...{ before: 0, after: 1 },
  },
  segmentIndexBytes: {
    from: { indexIntervalBytes: 0 },
    to: { segmentIndexBytes: 80 },
    look: (world) => rolls(world, Array(12).fill('v')),
    ...{ before: 0, after: 1 },
  },
  indexIntervalBytes: {
    to: { indexIntervalBytes: 0 },
    look(world) {
      world.log.roll()
      for (const value of ['a', 'b', 'c']) send(world, [value])
      return world.log.segments.active.offsetIndex.count
    },
    ...{ before: 0, after: 2 },
  },
  retentionMs: {
    to: { retentionMs: hourMs },
    async look(world) {
      const { log, disk, manager } = world
      send(world, ['v'], { maxTimestamp: disk.wallMs - 2 * hourMs })
      await manager.maintain()
      return log.logEndOffset - log.logStartOffset
    },
    ...{ before: 1, after: 0 },
  },
  retentionBytes: {
    to: { retentionBytes: 60 },
    async look(world) {
      rolls(world, ['a', 'b'])
      rolls(world, ['c'])
      world.log.roll()
      await world.manager.maintain()
      return (await valuesOf(world.log)).length
    },
    ...{ before: 3, after: 1 },
  },
  cleanupPolicy: {
    to: compacted,
    look: cleaned,
    ...{ before: ['a=1', 'a=2'], after: ['a=2'] },
  },
  maxMessageBytes: {
    to: { maxMessageBytes: 100 },
    look: (world) => send(world, ['x'.repeat(100)]),
    ...{ before: 0, after: MESSAGE_TOO_LARGE.code },
  },
  compressionType: {
    to: { compressionType: 'zstd' },
    look: async (world) => codecOf(await stored(world, 'v'), 0),
    ...{ before: codecs.none, after: codecs.zstd },
  },
  compressionGzipLevel: {
    from: { compressionType: 'gzip', compressionGzipLevel: 9 },
    to: { compressionGzipLevel: 1 },
    look: (world) => packsWorse(world, codecs.gzip),
    ...{ before: false, after: true },
  },
  compressionZstdLevel: {
    from: { compressionType: 'zstd', compressionZstdLevel: 19 },
    to: { compressionZstdLevel: -50 },
    look: (world) => packsWorse(world, codecs.zstd),
    ...{ before: false, after: true },
  },
  messageTimestampType: {
    to: { messageTimestampType: 'LogAppendTime' },
    async look(world) {
      const { log, disk } = world
      send(world, ['v'], { maxTimestamp: disk.wallMs - 5 })
      return headersIn(await readAll(log, log.logEndOffset - 1))[0]!.maxTimestamp - disk.wallMs
    },
    ...{ before: -5, after: 0 },
  },
  messageTimestampBeforeMaxMs: {
    to: { messageTimestampBeforeMaxMs: 1000 },
    look: (world) => send(world, ['v'], { maxTimestamp: world.disk.wallMs - 2000 }),
    ...{ before: 0, after: INVALID_TIMESTAMP.code },
  },
  messageTimestampAfterMaxMs: {
    to: { messageTimestampAfterMaxMs: 1000 },
    look: (world) => send(world, ['v'], { maxTimestamp: world.disk.wallMs + 2000 }),
    ...{ before: 0, after: INVALID_TIMESTAMP.code },
  },
  minCleanableDirtyRatio: {
    from: { ...compacted, minCleanableDirtyRatio: 1 },
    to: { minCleanableDirtyRatio: 0.01 },
    look: cleaned,
    ...{ before: ['a=1', 'a=2'], after: ['a=2'] },
  },
  minCompactionLagMs: {
    from: { ...compacted, minCleanableDirtyRatio: 0 },
    to: { minCompactionLagMs: hourMs },
    look: cleaned,
    ...{ before: ['a=2'], after: ['a=1', 'a=2'] },
  },
  maxCompactionLagMs: {
    from: { ...compacted, minCleanableDirtyRatio: 1 },
    to: { maxCompactionLagMs: 500 },
    look: cleaned,
    ...{ before: ['a=1', 'a=2'], after: ['a=2'] },
  },
  deleteRetentionMs: {
    from: { ...compacted, minCleanableDirtyRatio: 0 },
    to: { deleteRetentionMs: 500 },
    async look(world) {
      send(world, ['gone='])
      await cleaned(world)
      await world.env.pass(1000)
      await cleaned(world)
      return (await valuesOf(world.log)).includes('gone=')
    },
    ...{ before: true, after: false },
  },
  fileDeleteDelayMs: {
    to: { fileDeleteDelayMs: 500 },
    async look(world) {
      const { log, env, disk } = world
      const gone = log.segments.active.file
      send(world, ['v'])
      log.roll()
      log.deleteRecordsBefore(log.logEndOffset)
      await env.pass(1000)
      return disk.paths.includes(gone.path)
    },
    ...{ before: true, after: false },
  },
  flushMessages: {
    to: { flushMessages: 1 },
    async look(world) {
      send(world, ['v'])
      await world.log.durable()
      return world.log.recoveryPoint
    },
    ...{ before: 0, after: 2 },
  },
  flushMs: {
    to: { flushMs: 500 },
    async look(world) {
      send(world, ['v'])
      await world.env.pass(1000)
      return world.log.recoveryPoint
    },
    ...{ before: 0, after: 2 },
  },
  preallocate: {
    to: { preallocate: true },
    look({ log, disk }) {
      appendBatch(log, batchOf(['v'], { maxTimestamp: disk.wallMs }))
      log.roll()
      return disk.bytesOf(log.segments.active.file.path).length
    },
    ...{ before: 0, after: 65_536 },
  },
  producerIdExpirationMs: {
    to: { producerIdExpirationMs: 500 },
    async look(world) {
      const { log, env } = world
      const known = log.producers.entry(7) !== undefined
      if (!known) send(world, ['v'], { producerId: 7, producerEpoch: 0, baseSequence: 0 })
      await env.pass(1000)
      return log.producers.entry(7) !== undefined
    },
    ...{ before: true, after: false },
  },
  unpackedBytesMax: {
    to: { unpackedBytesMax: 1000 },
    look: (world) => send(world, ['x'.repeat(2000)], { codec: codecs.gzip }),
    ...{ before: 0, after: INVALID_RECORD.code },
  },
}

test.each(Object.entries(effects))('%s takes effect while the log runs', async (_, effect) => {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const config = { ...defaultLogConfig, segmentBytes: 65_536, ...effect.from }
  const manager = await LogManager.open(env, {
    directories: ['/data'],
    ...{ clusterId: 'c', nodeId: 1, configOf: () => config },
    intervals: { flushMs: 1000, producersMs: 1000 },
  })
  const log = manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  await log.flush()
  const world = { log, env, disk, manager }
  const before = await effect.look(world)
  log.updateConfig({ ...config, ...effect.to })
  const after = await effect.look(world)
  expect({ before, after }).toEqual({ before: effect.before, after: effect.after })
  await manager.close()
})
