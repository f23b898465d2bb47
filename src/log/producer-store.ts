/**
 * The producers of a log and their snapshots: `<offset>.snapshot` holds them as they were before the record
 * at that offset. Loaded with the first use, from the newest snapshot that is good, and from there by
 * reading the log.
 */

import { controlTypeOf, controlTypes, coordinatorEpochOf } from '../../protocol/control-record.ts'
import {
  baseOffsetOf,
  baseSequenceOf,
  isControl,
  isTransactional,
  lastOffsetOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
} from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import {
  duplicateOf,
  mayPrecede,
  type ProducerAppend,
  type ProducerBatch,
  type ProducerMarker,
} from '../core/producer/producer-entry.ts'
import { type CompletedTransaction, ProducerStates } from '../core/producer/producer-states.ts'
import { BatchScanner } from './batch-scanner.ts'
import { formatSnapshot, parseSnapshot } from './producer-snapshot.ts'
import type { Segment } from './segment.ts'
import { type Segments, snapshotPath } from './segments.ts'

/** A control batch has one small record. */
const controlBytesMax = 1024

/** So much before a snapshot is looked through for batches that may be sent again. */
const rememberedBytes = 1024 * 1024
/** So much before what is known of a producer, when a batch comes that may have been written there. */
const lookedBackBytes = 16 * 1024 * 1024
/** What a segment counts at least: small ones are many files. */
const openingBytes = 64 * 1024

/** Most logs have no snapshot: all of them share this. */
const none: readonly number[] = []

export class ProducerStore {
  readonly #segments: Segments
  /** Offsets of the snapshot files, ascending. */
  #snapshots: readonly number[]
  #states: ProducerStates | undefined
  /** Those that a snapshot had, unless their earlier batches were looked for in vain. */
  #abridged: Set<number> | undefined

  constructor(segments: Segments, snapshots: readonly number[]) {
    this.#segments = segments
    this.#snapshots = snapshots.length === 0 ? none : snapshots.toSorted((a, b) => a - b)
  }

  get isLoaded(): boolean {
    return this.#states !== undefined
  }

  get snapshots(): readonly number[] {
    return this.#snapshots
  }

  /** The producers as of `logEndOffset`. */
  load(logEndOffset: number): ProducerStates {
    this.#states ??= this.rebuild(logEndOffset)
    return this.#states
  }

  /** Begins without producers: for a log without records. */
  reset(): ProducerStates {
    for (const offset of this.#snapshots) this.#unlink(offset)
    this.#snapshots = none
    this.#states = new ProducerStates(this.#segments.disk.resources.producers)
    this.#abridged = undefined
    return this.#states
  }

  /**
   * The producers as they were before `endOffset`, by all that is still there. Batches below the log start offset count:
   * they may have been deleted before they were acknowledged, and come again.
   */
  rebuild(endOffset: number): ProducerStates {
    const states = new ProducerStates(this.#segments.disk.resources.producers)
    const first = this.#segments.first.baseOffset
    let from = first
    this.#abridged = undefined
    for (let i = this.#snapshots.length - 1; i >= 0; i--) {
      const offset = this.#snapshots[i]!
      if (offset > endOffset || offset < first) continue
      const path = snapshotPath(this.#segments.directory, offset)
      try {
        states.load(parseSnapshot(this.#segments.disk.env.files.readFile(path)))
        this.#rememberBefore(states, offset, rememberedBytes)
        if (states.size > 0)
          this.#abridged = new Set([...states.entries()].map(({ producerId }) => producerId))
        from = offset
        break
      } catch (error) {
        const because = (error as Error).message
        this.#segments.disk.env.log.warn('Producer snapshot is dropped', { path, because })
        this.#unlink(offset)
        this.#snapshots = this.#snapshots.toSpliced(i, 1)
      }
    }
    if (from < endOffset) this.#replay(states, from, endOffset)
    return states
  }

  /**
   * The batch as it was written before, if it was. Others may have written so much behind it that no start comes
   * upon it: it is looked for when it comes again, and for each producer only until that was in vain.
   */
  writtenBefore(append: ProducerAppend): ProducerBatch | undefined {
    const { producerId, epoch, firstSequence, firstOffset, lastOffset } = append
    const states = this.#states
    const first = states?.entry(producerId)?.batches[0]
    if (!states || !first || !this.#abridged?.has(producerId)) return undefined
    const entry = () => states.entry(producerId)!
    if (!mayPrecede(entry(), append)) return undefined
    const before = first.lastOffset - first.offsetDelta
    const isWanted = () => mayPrecede(entry(), append)
    this.#rememberBefore(states, before, lookedBackBytes, isWanted, producerId)
    const found = duplicateOf(entry(), epoch, firstSequence, lastOffset - firstOffset + 1)
    if (found === undefined) this.#abridged?.delete(producerId)
    return found
  }

  /**
   * A snapshot has the last batch of each producer only, as Kafka's. One that was sent with four others
   * and never answered comes again as the first of them: without the others it would be refused as
   * out of order, and then written a second time under a new producer id.
   */
  #rememberBefore(
    states: ProducerStates,
    offset: number,
    bytesMax: number,
    isWanted = () => true,
    producerId?: number,
  ): void {
    let to = offset
    for (let bytesLeft = bytesMax; bytesLeft > 0 && isWanted(); ) {
      const segment = this.#segments.list[this.#segments.indexFor(to - 1)]
      if (segment === undefined) return
      const { appends, from, bytes } = batchesIn(segment, to, producerId)
      states.rememberEarlier(appends)
      bytesLeft -= Math.max(bytes, openingBytes)
      to = from
    }
  }

  #replay(states: ProducerStates, from: number, to: number): void {
    const { list } = this.#segments
    for (let i = Math.max(this.#segments.indexFor(from), 0); i < list.length; i++) {
      const segment = list[i]!
      if (segment.baseOffset >= to) return
      const scanner = new BatchScanner(segment.file.get(), 0, segment.sizeBytes)
      while (scanner.next() || (scanner.problem !== undefined && scanner.resync())) {
        if (scanner.lastOffset < from) continue
        if (scanner.baseOffset >= to) return
        if (isControl(scanner.bytes, scanner.at) && !scanner.loadWhole()) continue
        applyBatch(states, scanner.bytes, scanner.at)
      }
    }
  }

  /** Writes the producers down as of `offset`, the end of the log. Nothing is lost when that fails. */
  snapshot(offset: number, states: ProducerStates): void {
    if (this.#snapshots.at(-1) === offset) return
    const path = snapshotPath(this.#segments.directory, offset)
    this.#segments.disk.env.files.replaceFile(path, formatSnapshot([...states.entries()]), false)
    this.#snapshots = [...this.#snapshots, offset]
  }

  /** After a truncation to `endOffset`. */
  truncate(endOffset: number): void {
    this.#keep((offset) => offset <= endOffset)
    this.#states = this.rebuild(endOffset)
  }

  /** Removes snapshots above `offset`: after a crash, they may be of records that were truncated before it. */
  dropAbove(offset: number): void {
    this.#keep((snapshot) => snapshot <= offset)
  }

  /** Removes snapshots that nothing begins from any more: those of segments that are gone. */
  removeObsolete(): void {
    const bases = new Set(this.#segments.list.map(({ baseOffset }) => baseOffset))
    const newest = this.#snapshots.at(-1)
    this.#keep((offset) => bases.has(offset) || offset === newest)
  }

  #keep(wanted: (offset: number) => boolean): void {
    for (const offset of this.#snapshots) if (!wanted(offset)) this.#unlink(offset)
    this.#snapshots = this.#snapshots.filter(wanted)
  }

  #unlink(offset: number): void {
    try {
      // At once: a snapshot of the same name may be written in a moment.
      this.#segments.disk.env.files.unlink(snapshotPath(this.#segments.directory, offset))
    } catch {
      // Gone already, or ignored by the next start for being newer than the log.
    }
  }
}

/**
 * The last of a segment before an offset, as many bytes as are remembered. `from` is where those before them end; `bytes`
 * says how much was looked through.
 */
function batchesIn(segment: Segment, to: number, producerId?: number) {
  const { offsetIndex, sizeBytes, baseOffset } = segment
  const appends: ProducerAppend[] = []
  if (sizeBytes === 0) return { appends, from: baseOffset, bytes: 0 }
  const end = offsetIndex.positionFor(to)
  let entry = offsetIndex.floor(to)
  while (entry >= 0 && end - offsetIndex.positionAt(entry) < rememberedBytes) entry--
  const start = entry < 0 ? 0 : offsetIndex.positionAt(entry)
  // Without an index to go by, not all of a large segment is read.
  const stop = Math.min(sizeBytes, start + 4 * rememberedBytes)
  const scanner = new BatchScanner(segment.file.get(), start, stop)
  while (scanner.next() && scanner.lastOffset < to) {
    const id = producerIdOf(scanner.bytes, scanner.at)
    const isWanted = producerId === undefined ? id >= 0 : id === producerId
    if (isWanted && !isControl(scanner.bytes, scanner.at))
      appends.push(producerAppendOf(scanner.bytes, scanner.at))
  }
  const from = entry < 0 ? baseOffset : offsetIndex.offsetAt(entry)
  return { appends, from, bytes: scanner.position - start }
}

/** A whole batch that is already in the log, or comes from a leader: no checks. */
export function applyBatch(
  states: ProducerStates,
  bytes: Buffer,
  at: number,
): CompletedTransaction | undefined {
  if (producerIdOf(bytes, at) < 0) return undefined
  if (!isControl(bytes, at)) {
    states.append(producerAppendOf(bytes, at))
    return undefined
  }
  const marker = producerMarkerOf(bytes, at)
  return marker && states.complete(marker)
}

export function producerAppendOf(bytes: Buffer, at: number): ProducerAppend {
  return {
    producerId: producerIdOf(bytes, at),
    epoch: producerEpochOf(bytes, at),
    firstSequence: baseSequenceOf(bytes, at),
    firstOffset: baseOffsetOf(bytes, at),
    lastOffset: lastOffsetOf(bytes, at),
    timestamp: maxTimestampOf(bytes, at),
    transactional: isTransactional(bytes, at),
  }
}

/** `undefined` for control batches that end no transaction, or whose marker compaction removed. */
export function producerMarkerOf(bytes: Buffer, at: number): ProducerMarker | undefined {
  for (const { key, value } of recordsOf(bytes, at, controlBytesMax)) {
    const type = controlTypeOf(key)
    if (type !== controlTypes.abort && type !== controlTypes.commit) return undefined
    return {
      producerId: producerIdOf(bytes, at),
      epoch: producerEpochOf(bytes, at),
      coordinatorEpoch: coordinatorEpochOf(value),
      offset: baseOffsetOf(bytes, at),
      timestamp: maxTimestampOf(bytes, at),
      commit: type === controlTypes.commit,
    }
  }
  return undefined
}
