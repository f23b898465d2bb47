/** The batches of a `LogLife`, as clients, coordinators and leaders make them. */
import { codecs } from '../../protocol/compression.ts'
import {
  buildTransactionMarker,
  controlTypeOf,
  controlTypes,
} from '../../protocol/control-record.ts'
import {
  attributesOf,
  baseTimestampOf,
  deleteHorizonBit,
  isControl,
  readBatchHeader,
  stampBatch,
} from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import { batchOf } from './batches.ts'
import type { ModelBatch, ModelRecord } from './compaction-model.ts'

export interface Batch {
  readonly first: number
  readonly last: number
  readonly bytes: Buffer
  readonly epoch: number
  readonly timestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly sequence: number
  readonly transactional: boolean
  /** Of a marker. */
  readonly commits?: boolean
  /** Of all records, those of markers too. */
  readonly offsets: readonly number[]
  /** Of data. */
  readonly records: readonly ModelRecord[]
  readonly horizonMs: number | undefined
}

/** What is appended. */
export interface Kind {
  /** -1: none; an even one is idempotent, an odd one transactional. */
  readonly producerId: number
  readonly count: number
  /** Ends its transaction: commits, or aborts. */
  readonly ends: boolean | undefined
  /** Begins a new epoch first, where it is idempotent only. */
  readonly bumps: boolean
}

/** What a batch says, from its bytes. */
export function batchFrom(bytes: Buffer): Batch {
  const header = readBatchHeader(bytes, 0)
  const { baseOffset: first, producerId, producerEpoch, baseSequence } = header
  const found = [...recordsOf(bytes, 0, 1e6)]
  const control = isControl(bytes, 0)
  const hasHorizon = (attributesOf(bytes, 0) & deleteHorizonBit) !== 0
  return {
    first,
    last: first + header.lastOffsetDelta,
    bytes,
    epoch: header.partitionLeaderEpoch,
    timestamp: header.maxTimestamp,
    producerId,
    producerEpoch,
    sequence: baseSequence,
    transactional: (header.attributes & 16) !== 0,
    ...(control && { commits: controlTypeOf(found[0]?.key ?? null) === controlTypes.commit }),
    offsets: found.map(({ offset }) => offset),
    records: control
      ? []
      : found.map(({ offset, key, value }) => ({
          offset,
          key: key?.toString(),
          value: value?.toString() ?? null,
        })),
    horizonMs: hasHorizon ? baseTimestampOf(bytes, 0) : undefined,
  }
}

/** The batches of data, as the model of compaction takes them. */
export function dataOf(batches: readonly Batch[]): ModelBatch[] {
  /** By producer, what is still to be ended by the marker that comes next. */
  const ends = new Map<number, boolean>()
  const data: ModelBatch[] = []
  for (const batch of batches.toReversed())
    if (batch.commits !== undefined) ends.set(batch.producerId, batch.commits)
    else {
      const isAborted = batch.transactional && ends.get(batch.producerId) === false
      data.push({ records: batch.records, isAborted, horizonMs: batch.horizonMs })
    }
  return data.reverse()
}

export class LifeProducers {
  readonly #random: () => number
  #timestamp = 1000
  /** The next sequence of each, and its epoch. */
  readonly #next = new Map<number, { sequence: number; epoch: number }>()

  constructor(random: () => number) {
    this.#random = random
  }

  get states(): ReadonlyMap<number, { readonly sequence: number; readonly epoch: number }> {
    return this.#next
  }

  /** As the producers know it when they ask for what the log has. */
  recount(batches: readonly Batch[]): void {
    this.#next.clear()
    for (const { producerId, sequence, producerEpoch, first, last } of batches)
      if (sequence >= 0)
        this.#next.set(producerId, { sequence: sequence + last - first + 1, epoch: producerEpoch })
  }

  batch({ producerId, count, ends, bumps }: Kind, first: number, epoch: number): Batch {
    this.#timestamp += 1 + Math.floor(this.#random() * 20)
    const timestamp = this.#timestamp
    const isTransactional = producerId % 2 === 1
    if (ends !== undefined && isTransactional) {
      const marker = { commit: ends, timestamp, producerId, producerEpoch: 0, coordinatorEpoch: 0 }
      return made(buildTransactionMarker(marker), first, epoch)
    }
    const next = this.#next.get(producerId) ?? { sequence: 0, epoch: 0 }
    const isBumped = bumps && !isTransactional && this.#next.has(producerId)
    const producerEpoch = next.epoch + (isBumped ? 1 : 0)
    const baseSequence = isBumped ? 0 : next.sequence
    if (producerId >= 0)
      this.#next.set(producerId, { sequence: baseSequence + count, epoch: producerEpoch })
    const values = Array.from({ length: count }, (_, i) => this.#value(first + i))
    const idempotent = { producerId, producerEpoch, baseSequence, transactional: isTransactional }
    const bytes = batchOf(values, {
      maxTimestamp: timestamp,
      codec: Math.floor(this.#random() * Object.keys(codecs).length),
      ...(producerId >= 0 && idempotent),
    })
    return made(bytes, first, epoch)
  }

  #value(offset: number): string {
    const key = `key${Math.floor(this.#random() * 6)}`
    return `${key}=${this.#random() < 0.2 ? '' : `${offset} ${'x'.repeat(this.#random() * 40)}`}`
  }

  /** The same batch once more, or changed so that it cannot follow. */
  retried(what: 'again' | 'gap' | 'oldEpoch', { bytes, ...batch }: Batch): Buffer {
    const header = readBatchHeader(bytes, 0)
    const again = {
      producerId: batch.producerId,
      producerEpoch: batch.producerEpoch - (what === 'oldEpoch' ? 1 : 0),
      baseSequence: header.baseSequence + (what === 'gap' ? 20 : 0),
      transactional: batch.transactional,
    }
    const count = batch.last - batch.first + 1
    return batchOf(
      Array.from({ length: count }, (_, i) => `again=${i}`),
      again,
    )
  }
}

/** The model of what a leader makes of the bytes: it stamps the same buffer. */
function made(bytes: Buffer, first: number, epoch: number): Batch {
  const stamped = Buffer.from(bytes)
  stampBatch(stamped, 0, first, epoch)
  return { ...batchFrom(stamped), bytes }
}
