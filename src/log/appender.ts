/** Puts batches into a log: checks, stages, writes and rolls. See `log.ts` for how that hangs together. */
import { errors } from '../../protocol/errors.ts'
import {
  baseOffsetOf,
  baseSequenceOf,
  isControl,
  lastOffsetDeltaOf,
  lastOffsetOf,
  leaderEpochOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
  stampBatch,
} from '../../protocol/record-batch.ts'
import {
  refusalOfMarker,
  refusalOfBatch as refusalOfProducer,
} from '../core/producer/producer-checks.ts'
import { duplicateOf, emptyEntry, type ProducerBatch } from '../core/producer/producer-entry.ts'
import {
  type AppendOutcome,
  appended,
  duplicateOutcome,
  type Refusal,
  refusalOfDisk,
  refused,
} from './append-outcome.ts'
import { batchAt, invalid, refusalOfBatch } from './check-batch.ts'
import { checkClientBatch } from './check-client-batch.ts'
import type { CheckedBatch } from './check-records.ts'
import { settleLater } from './closed-segments.ts'
import type { Log } from './log.ts'
import { StorageError } from './log-disk.ts'
import { applyBatch, producerAppendOf, producerMarkerOf } from './producer-store.ts'
import { relativeOffsetMax, shouldRoll } from './roll.ts'
import { type StagedBatch, Staging } from './staging.ts'
import { writeFailed } from './write-failed.ts'

export interface LeaderAppend {
  readonly leaderEpoch: number
  /** A client's records are checked one by one; a coordinator's are our own. */
  readonly origin: 'client' | 'coordinator'
}

export interface FollowerAppend {
  readonly leaderEpochMax?: number
}

/** Where a log is no longer than this, that it has no producers is found by reading it. */
const replayedBytesMax = 64 * 1024

export class Appender {
  /** Records written since the last sync that was asked for. */
  unflushedRecords = 0
  readonly #log: Log
  readonly #staging = new Staging()
  /** Why staged batches are gone: the write before a roll failed. */
  #failure: StorageError | undefined
  /** Set when the log ends. */
  #closed: StorageError | undefined
  /** Whether the log has changed since it was opened. */
  #hasWritten = false

  constructor(log: Log) {
    this.#log = log
  }

  /** The offset that the next staged record gets. */
  #end(): number {
    const { batches } = this.#staging
    const { length } = batches
    // Not by the element at -1: V8 takes that for a name, and looks through all prototypes.
    return length === 0 ? this.#log.logEndOffset : batches[length - 1]!.lastOffset + 1
  }

  asLeader(records: Buffer, { leaderEpoch, origin }: LeaderAppend): AppendOutcome {
    if (origin === 'client') {
      const nowMs = this.#log.disk.env.clock.wallMs()
      return this.checkedAsLeader(checkClientBatch(records, this.#log, nowMs), leaderEpoch)
    }
    const refusal = this.#refusalOfState() ?? this.#refusalOfEpoch(leaderEpoch)
    if (refusal) return refused(refusal, this.#log.logStartOffset)
    return this.#fromCoordinator(records, leaderEpoch)
  }

  checkedAsLeader(checked: CheckedBatch | Refusal, leaderEpoch: number): AppendOutcome {
    const { config, logStartOffset } = this.#log
    const state = this.#refusalOfState() ?? this.#refusalOfEpoch(leaderEpoch)
    if (state) return refused(state, logStartOffset)
    if (!('bytes' in checked)) return refused(checked, logStartOffset)
    const { bytes, maxTimestamp } = checked
    const appendTime = config.messageTimestampType === 'LogAppendTime' ? maxTimestamp : -1
    return this.#stageLeader(bytes, bytes.length, leaderEpoch, true, appendTime)
  }

  #refusalOfState(): Refusal | undefined {
    const failure = this.#failure ?? this.#closed ?? this.#log.disk.failure
    return failure && refusalOfDisk(failure)
  }

  /** Epochs never go back in a log: somebody else has led in between. */
  #refusalOfEpoch(leaderEpoch: number): Refusal | undefined {
    const { latest } = this.#log.leaderEpochs
    if (leaderEpoch >= latest) return undefined
    return {
      errorCode: errors.NOT_LEADER_OR_FOLLOWER.code,
      errorMessage: `Leader epoch ${leaderEpoch} is below epoch ${latest} of ${this.#log.name}`,
    }
  }

  #fromCoordinator(records: Buffer, leaderEpoch: number): AppendOutcome {
    const { config, logStartOffset } = this.#log
    const before = this.#staging.batches.length
    let first: AppendOutcome | undefined
    let last: AppendOutcome | undefined
    for (let at = 0; at < records.length; ) {
      const size = batchAt(records, at)
      if (typeof size !== 'number')
        return this.#giveUp(
          before,
          size ?? invalid(`${records.length - at} bytes are no whole batch`),
        )
      const batch = records.subarray(at, at + size)
      const refusal = refusalOfBatch(batch, 0, size, config.maxMessageBytes)
      if (refusal) return this.#giveUp(before, refusal)
      last = this.#stageLeader(batch, size, leaderEpoch, false, -1)
      if (last.errorCode !== 0) {
        this.#undo(before)
        return last
      }
      first ??= last
      at += size
    }
    if (first === undefined) return refused(invalid('There are no records'), logStartOffset)
    return { ...first, lastOffset: last!.lastOffset }
  }

  #giveUp(before: number, refusal: Refusal): AppendOutcome {
    this.#undo(before)
    return refused(refusal, this.#log.logStartOffset)
  }

  /** One batch that passed all checks of its own. */
  #stageLeader(
    batch: Buffer,
    size: number,
    leaderEpoch: number,
    isClient: boolean,
    logAppendTimeMs: number,
  ): AppendOutcome {
    const log = this.#log
    const { config, logStartOffset } = log
    if (size > config.segmentBytes)
      return refused(
        {
          errorCode: errors.RECORD_LIST_TOO_LARGE.code,
          errorMessage: `Message batch size is ${size} bytes in append to partition ${log.name}, which exceeds the maximum configured segment size of ${config.segmentBytes}.`,
        },
        logStartOffset,
      )
    const baseOffset = this.#end()
    stampBatch(batch, 0, baseOffset, leaderEpoch)
    const lastOffset = baseOffset + lastOffsetDeltaOf(batch, 0)
    if (producerIdOf(batch, 0) >= 0) {
      const verdict = this.#checkProducer(batch, isClient)
      if (verdict !== undefined && 'errorCode' in verdict) return refused(verdict, logStartOffset)
      if (verdict !== undefined) return duplicateOutcome(verdict, logStartOffset)
    }
    const failure = this.#stage(batch, size, baseOffset, lastOffset, leaderEpoch)
    if (failure) return refused(refusalOfDisk(failure), logStartOffset)
    return appended(baseOffset, lastOffset, logAppendTimeMs, logStartOffset)
  }

  /** A duplicate, a refusal, or nothing to say. */
  #checkProducer(batch: Buffer, isClient: boolean): ProducerBatch | Refusal | undefined {
    const { producers, producerStore, name } = this.#log
    const producerId = producerIdOf(batch, 0)
    const entry = producers.entry(producerId)
    if (isControl(batch, 0)) {
      const marker = producerMarkerOf(batch, 0)
      return marker && refusalOfMarker(entry ?? emptyEntry(producerId), marker, name)
    }
    if (!isClient) return undefined
    const append = producerAppendOf(batch, 0)
    const duplicate =
      entry &&
      duplicateOf(
        entry,
        producerEpochOf(batch, 0),
        baseSequenceOf(batch, 0),
        recordCountOf(batch, 0),
      )
    if (duplicate) return duplicate
    const refusal = refusalOfProducer(entry ?? emptyEntry(producerId), append, name)
    const isOutOfOrder = refusal?.errorCode === errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code
    return (isOutOfOrder && producerStore.writtenBefore(append)) || refusal
  }

  asFollower(records: Buffer, { leaderEpochMax = Infinity }: FollowerAppend = {}): AppendOutcome {
    const { logStartOffset, name } = this.#log
    const state = this.#refusalOfState()
    if (state) return refused(state, logStartOffset)
    const before = this.#staging.batches.length
    let baseOffset = -1
    for (let at = 0; at < records.length; ) {
      const size = batchAt(records, at)
      if (size === undefined) break // The leader cut its answer within a batch.
      if (typeof size === 'object') return this.#giveUp(before, size)
      const refusal = refusalOfBatch(records, at, size, Infinity)
      if (refusal) return this.#giveUp(before, refusal)
      const epoch = leaderEpochOf(records, at)
      if (epoch > leaderEpochMax) break
      const first = baseOffsetOf(records, at)
      if (first < this.#end())
        return this.#giveUp(before, {
          errorCode: errors.CORRUPT_MESSAGE.code,
          errorMessage: `A batch at offset ${first} cannot follow offset ${this.#end() - 1} in ${name}`,
        })
      if (baseOffset < 0) baseOffset = first
      const batch = records.subarray(at, at + size)
      const failure = this.#stage(batch, size, first, lastOffsetOf(records, at), epoch)
      if (failure) {
        // Nobody else has staged here, so nobody else is to be told.
        this.#failure = undefined
        return refused(refusalOfDisk(failure), logStartOffset)
      }
      at += size
    }
    const lastOffset = baseOffset < 0 ? -1 : this.#end() - 1
    return appended(baseOffset, lastOffset, -1, logStartOffset)
  }

  /** Applies a batch to producers and epochs and keeps it for the write. Returns why it could not roll first. */
  #stage(
    bytes: Buffer,
    size: number,
    baseOffset: number,
    lastOffset: number,
    leaderEpoch: number,
  ): StorageError | undefined {
    const log = this.#log
    const maxTimestamp = maxTimestampOf(bytes, 0)
    if (shouldRoll(log, this.#staging.sizeBytes, size, maxTimestamp, lastOffset)) {
      let isFlushed = false
      try {
        this.#flushStaged()
        isFlushed = true
        // As Kafka does: offsets that compaction took before this batch are a hole within the segment.
        this.roll(Math.max(log.logEndOffset, lastOffset - relativeOffsetMax))
      } catch (error) {
        // What was staged before went with a failed write, and `write` says so.
        if (!isFlushed) this.#failure = error as StorageError
        return error as StorageError
      }
    }
    const producerId = producerIdOf(bytes, 0)
    const producerBefore = producerId < 0 ? undefined : log.producers.entry(producerId)
    const completed = producerId < 0 ? undefined : applyBatch(log.producers, bytes, 0)
    const { leaderEpochs } = log
    const { entries } = leaderEpochs
    const isNewEpoch = leaderEpoch > leaderEpochs.latest && leaderEpoch >= 0
    if (isNewEpoch) leaderEpochs.assign(leaderEpoch, baseOffset)
    this.#staging.push({
      bytes,
      size,
      baseOffset,
      lastOffset,
      maxTimestamp,
      recordCount: recordCountOf(bytes, 0),
      producerId,
      producerBefore,
      epochsBefore: isNewEpoch ? entries : undefined,
      aborted: completed?.aborted
        ? { ...completed, lastStableOffset: log.producers.stableOffsetAfter(completed) }
        : undefined,
    })
    return undefined
  }

  write(): void {
    this.#log.disk.resources.demand.count++
    const failure = this.#failure
    this.#failure = undefined
    if (failure) {
      this.#undo(0)
      throw failure
    }
    this.#flushStaged()
  }

  #flushStaged(): void {
    if (this.#staging.batches.length === 0) return
    const log = this.#log
    const { active } = log.segments
    try {
      log.disk.assertOnline()
      active.file.get().write(
        this.#staging.batches.map(({ bytes }) => bytes),
        active.sizeBytes,
      )
    } catch (error) {
      this.#undo(0)
      throw writeFailed(log, error)
    }
    this.#written(this.#staging.take())
  }

  #undo(from: number): void {
    const { producers, epochFile } = this.#log
    this.#staging.undo(from, producers, (entries) => epochFile.reset(entries))
  }

  #written(batches: readonly StagedBatch[]): void {
    const log = this.#log
    const { active } = log.segments
    this.#hasWritten = true
    for (const batch of batches) {
      active.index(batch, log.config.indexIntervalBytes)
      this.unflushedRecords += batch.recordCount
      if (batch.aborted) {
        log.flusher.directoryChanged() // The file of the index may be new.
        this.#quietly(() => active.transactionIndex.add(batch.aborted!))
      }
    }
    log.flusher.written(active)
    log.advanceTo(batches[batches.length - 1]!.lastOffset + 1)
  }

  /** Runs what the log can do without: recovery makes it anew from the batches. */
  #quietly(write: () => void): void {
    try {
      write()
    } catch (error) {
      const because = (error as Error).message
      this.#log.disk.env.log.warn('Side file is behind', { log: this.#log.name, because })
    }
  }

  /** Closes the active segment and begins one at `baseOffset`. */
  roll(baseOffset: number): void {
    const log = this.#log
    const { segments, config, producerStore } = log
    const closing = segments.active
    try {
      log.disk.assertOnline()
      // A segment without records has nothing to close.
      if (closing.baseOffset === baseOffset) return
      segments.create(baseOffset, config)
    } catch (error) {
      throw writeFailed(log, error)
    }
    log.flusher.directoryChanged()
    // Its indexes are still to be written, with its sync, and its end is to be cut off where it was preallocated.
    log.flusher.written(closing)
    this.#hasWritten = true
    this.#quietly(() => {
      closing.seal(config.indexIntervalBytes)
      if (closing.isPreallocated) closing.file.get().truncate(closing.sizeBytes)
      producerStore.snapshot(baseOffset, log.producers)
    })
    settleLater(log, baseOffset)
  }

  /** The log is deleted: nothing is appended any more. */
  abandon(): void {
    this.#closed = new StorageError(`Log ${this.#log.name} is deleted`)
  }

  /** Writes and syncs what a clean stop leaves behind. */
  async close(): Promise<void> {
    const log = this.#log
    const { active } = log.segments
    this.#closed = new StorageError(`Log ${log.name} is closed`)
    if (!this.#hasWritten && log.flusher.isSettled && !active.isPreallocated) return
    try {
      active.seal(log.config.indexIntervalBytes)
      active.flushIndexes()
      if (active.isPreallocated) {
        active.file.get().truncate(active.sizeBytes)
        log.flusher.written(active)
      }
      this.#leaveSnapshot()
    } catch (error) {
      throw log.disk.fail(`Closing ${log.directory} failed`, error)
    }
    await log.flusher.finish()
  }

  /** Not synced: one that is damaged is known by its checksum, and made anew. */
  #leaveSnapshot(): void {
    const log = this.#log
    const isShort = log.sizeBytes <= replayedBytesMax
    if (isShort && log.producers.size === 0) return
    log.producerStore.snapshot(log.logEndOffset, log.producers)
    if (!isShort) log.flusher.directoryChanged()
  }
}
