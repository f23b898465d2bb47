/** Runs a random life of a compacted log beside the plain model of it. */
import fc from 'fast-check'
import { buildBatch } from '../../protocol/build-batch.ts'
import { buildTransactionMarker } from '../../protocol/control-record.ts'
import { isControl } from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import { defaultCleanerOptions } from '../../src/log/cleaner.ts'
import { compact } from '../../src/log/compaction.ts'
import { compactionRange } from '../../src/log/compaction-range.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import type { LogConfig } from '../../src/log/log-config.ts'
import { LogDisk, logResources } from '../../src/log/log-disk.ts'
import { Pace } from '../../src/log/pace.ts'
import { batchesIn, readAll } from './batches.ts'
import { compactModel, type ModelBatch, type ModelRecord } from './compaction-model.ts'
import { LonelyHost } from './simulated-disk.ts'
import { place } from './temporary-disk.ts'

export type Step =
  | {
      readonly kind: 'batch'
      /** 0: none; 1 and 2: idempotent; 3 and 4: transactional. */
      readonly producer: number
      readonly records: readonly { readonly key: number; readonly isTombstone: boolean }[]
      readonly codec: number
    }
  | { readonly kind: 'end'; readonly producer: number; readonly commit: boolean }
  | { readonly kind: 'roll' }
  | { readonly kind: 'compact'; readonly afterMs: number }

const record = fc.record({ key: fc.integer({ min: 0, max: 6 }), isTombstone: fc.boolean() })

export const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('batch' as const),
        producer: fc.integer({ min: 0, max: 4 }),
        records: fc.array(record, { minLength: 1, maxLength: 4 }),
        codec: fc.constantFrom(0, 0, 1, 3),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        producer: fc.constantFrom(3, 4),
        commit: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'roll' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('compact' as const),
        afterMs: fc.constantFrom(0, 500, 5000),
      }),
    },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
)

export const deleteRetentionMs = 1000
const config: Partial<LogConfig> = {
  deleteRetentionMs,
  indexIntervalBytes: 100,
  cleanupPolicy: { delete: false, compact: true },
}

export class CompactionLife {
  readonly lonely: LonelyHost
  readonly log: Log
  /** As the log is to be. */
  model: ModelBatch[] = []
  /** As it would be without compaction. */
  readonly history: { -readonly [K in keyof ModelBatch]: ModelBatch[K] }[] = []
  checkpoint = 0
  #records = 0
  readonly #sequences = new Map<number, number>()
  readonly #open = new Map<number, ModelBatch[]>()
  readonly #dedupeBytesMax: number

  constructor(
    seed: number,
    dedupeBytesMax = defaultCleanerOptions.dedupeBytesMax,
    more: Partial<LogConfig> = {},
    smallBatchBytesMax?: number,
  ) {
    this.lonely = new LonelyHost(seed)
    this.#dedupeBytesMax = dedupeBytesMax
    const { env } = this.lonely
    const limits = smallBatchBytesMax === undefined ? {} : { smallBatchBytesMax }
    const disk = new LogDisk(env, '/data', logResources(env, limits))
    this.log = createLog(disk, place('/data', { ...config, ...more }))
  }

  async run(all: readonly Step[]): Promise<void> {
    for (const step of all) {
      if (step.kind === 'batch') this.#append(step)
      else if (step.kind === 'end') this.#end(step.producer, step.commit)
      else if (step.kind === 'roll') this.log.roll()
      else await this.compact(step.afterMs)
    }
  }

  #append({ producer, records, codec }: Extract<Step, { kind: 'batch' }>): void {
    const firstOffset = this.log.logEndOffset
    const model: ModelRecord[] = records.map(({ key, isTombstone }, i) => ({
      offset: firstOffset + i,
      // A topic that was not compacted from the start may have records without a key.
      key: key === 0 ? undefined : `key ${key}`,
      value: isTombstone ? null : `value ${this.#records++}`,
    }))
    const bytes = buildBatch({
      records: model.map(({ key, value }, i) => ({
        timestamp: 1_700_000_000_000 + firstOffset + (i % 2) * 7,
        key: key === undefined ? null : Buffer.from(key),
        value: value === null ? null : Buffer.from(value),
      })),
      codec,
      ...(producer > 0
        ? {
            producerId: producer,
            producerEpoch: 0,
            baseSequence: this.#sequences.get(producer) ?? 0,
            transactional: producer > 2,
          }
        : {}),
    })
    this.#sequences.set(producer, (this.#sequences.get(producer) ?? 0) + records.length)
    this.#write(bytes)
    const batch = { records: model, isAborted: false, horizonMs: undefined }
    this.history.push(batch)
    this.model.push(batch)
    if (producer > 2) this.#open.set(producer, [...(this.#open.get(producer) ?? []), batch])
  }

  #end(producerId: number, commit: boolean): void {
    const open = this.#open.get(producerId)
    if (open === undefined) return
    this.#open.delete(producerId)
    const timestamp = 1_700_000_000_000 + this.log.logEndOffset
    const marker = { producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp, commit }
    this.#write(buildTransactionMarker(marker))
    if (commit) return
    // What of it stands in the model is the same object: nothing unstable is ever compacted.
    for (const batch of open) (batch as { isAborted: boolean }).isAborted = true
  }

  #write(bytes: Buffer): void {
    const outcome = this.log.stageAsLeader(bytes, { leaderEpoch: 0, origin: 'coordinator' })
    if (outcome.errorCode !== 0) throw new Error(String(outcome.errorMessage))
    this.log.writeStaged()
    this.log.highWatermark = this.log.logEndOffset
  }

  async compact(afterMs: number): Promise<void> {
    const { log, lonely } = this
    await lonely.world.run(lonely.world.nowMs + afterMs)
    const nowMs = lonely.env.clock.wallMs()
    const options = { ...defaultCleanerOptions, dedupeBytesMax: this.#dedupeBytesMax }
    const range = compactionRange(log, this.checkpoint, nowMs)
    if (range.dirtyBytes === 0) return
    const pace = new Pace(lonely.env, options)
    const { endOffset } = await lonely.finish(compact(log, range, options, pace, nowMs))
    this.checkpoint = endOffset
    // Batches that begin in the open part stay the objects that `#end` marks.
    const closed = this.model.filter((batch) => (batch.records[0]?.offset ?? -1) < endOffset)
    const open = this.model.filter((batch) => !closed.includes(batch))
    this.model = [...compactModel(closed, endOffset, nowMs, deleteRetentionMs), ...open]
  }

  /** The log as the next process opens it after a crash. */
  reopen(): Promise<Log> {
    const { topic, partition, directory, highWatermark } = this.log
    const disk = new LogDisk(this.lonely.env, '/data')
    const where = { topic, partition, directory, config: this.log.config }
    return openLog(disk, where, {
      wasClean: false,
      recoveryPoint: 0,
      logStartOffset: 0,
      highWatermark,
    })
  }

  /** The data records that the log has. */
  async records(log = this.log): Promise<ModelRecord[]> {
    const bytes = await this.lonely.finish(readAll(log))
    const found: ModelRecord[] = []
    for (const at of batchesIn(bytes)) {
      if (isControl(bytes, at)) continue
      for (const { offset, key, value } of recordsOf(bytes, at, 1e6))
        found.push({
          offset,
          key: key?.toString(),
          value: value === null ? null : value.toString(),
        })
    }
    return found
  }
}
