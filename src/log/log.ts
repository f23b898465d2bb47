/**
 * The log of one partition.
 *
 * Appending has two steps. `stageAs…` checks batches and stamps them in place, without touching the disk;
 * `writeStaged` writes all that was staged with one call, or undoes it. Both belong to one turn of the
 * event loop, so no reader sees the state between them. Offsets below `logEndOffset` are written;
 * those below `highWatermark` are what the cluster has agreed on.
 *
 * Everything is synchronous except reading beyond the page cache (`readLater`) and waiting for disks (`durable`).
 */
import { errors } from '../../protocol/errors.ts'
import type { ProducerStates } from '../core/producer/producer-states.ts'
import type { LeaderEpochs } from '../core/replication/leader-epochs.ts'
import type { AppendOutcome, Refusal } from './append-outcome.ts'
import { Appender, type FollowerAppend, type LeaderAppend } from './appender.ts'
import type { CheckedBatch } from './check-records.ts'
import type { EpochFile } from './epoch-file.ts'
import { partitionDirectory } from './file-names.ts'
import { type FileRange, rangeInPlace } from './file-range.ts'
import { Flusher } from './flusher.ts'
import type { LogConfig } from './log-config.ts'
import type { LogDisk } from './log-disk.ts'
import { type LogKeeper, nobody } from './log-keeper.ts'
import { type FoundTimestamp, offsetForTimestamp, offsetOfMaxTimestamp } from './offset-lookup.ts'
import type { ProducerStore } from './producer-store.ts'
import { failedRead, type LogRead } from './read.ts'
import {
  abortedOf,
  abortedTransactions,
  type ReadOptions,
  readLog,
  readLogLater,
} from './reader.ts'
import type { Replacement } from './replacement.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'
import { readTopicId, writeTopicId } from './topic-id-file.ts'
import type { AbortedTransaction } from './transaction-index.ts'
import { endOffsetFor, truncateFullyAndStartAt, truncateTo } from './truncate.ts'

/** What is known of a log before its first use. */
export interface LogState {
  readonly topic: string
  readonly partition: number
  readonly config: LogConfig
  readonly segments: Segments
  readonly epochs: EpochFile
  readonly producers: ProducerStore
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
  readonly recoveryPoint: number
}

export class Log {
  readonly topic: string
  readonly partition: number
  readonly name: string
  readonly disk: LogDisk
  readonly segments: Segments
  readonly epochFile: EpochFile
  readonly producerStore: ProducerStore
  readonly flusher: Flusher
  readonly #appender: Appender
  #config: LogConfig
  #logStartOffset: number
  #logEndOffset: number
  #highWatermark: number
  #topicId: string | undefined
  state: 'open' | 'closed' | 'deleted' = 'open'
  /** The last sync that was asked for, as long as it runs. */
  #lastSync: Promise<void> | undefined
  /** Grows with each truncation: what was read before may not be in the log any more. */
  truncations = 0
  /** Who writes down what is known of it; shared by the logs of a directory. */
  keeper: LogKeeper = nobody
  /** What compaction writes, and its way into the place of others. */
  compacted: Segment | undefined
  replacement: Replacement | undefined

  constructor(disk: LogDisk, state: LogState) {
    this.disk = disk
    this.topic = state.topic
    this.partition = state.partition
    this.name = partitionDirectory(state.topic, state.partition)
    this.segments = state.segments
    this.epochFile = state.epochs
    this.producerStore = state.producers
    this.#config = state.config
    this.#logStartOffset = state.logStartOffset
    this.#logEndOffset = state.logEndOffset
    this.#highWatermark = state.highWatermark
    this.flusher = new Flusher(this, state.recoveryPoint)
    this.#appender = new Appender(this)
    // What was found after a crash may be in the page cache only.
    this.#appender.unflushedRecords = state.logEndOffset - state.recoveryPoint
  }

  get directory(): string {
    return this.segments.directory
  }

  get config(): LogConfig {
    return this.#config
  }

  /** Takes effect with the next append, read or maintenance. */
  updateConfig(config: LogConfig): void {
    this.#config = config
  }

  /** The first offset that may be read. */
  get logStartOffset(): number {
    return this.#logStartOffset
  }

  /** The offset that the next record gets. */
  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** The first offset that is not committed. Set by the replication; only grows, up to `logEndOffset`. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  set highWatermark(offset: number) {
    const next = Math.min(offset, this.#logEndOffset)
    if (next <= this.#highWatermark) return
    this.#highWatermark = next
    if (this.producerStore.isLoaded) this.producers.highWatermarkReached(next)
  }

  /** What a read_committed consumer may see (KIP-98). */
  get lastStableOffset(): number {
    return Math.min(this.#highWatermark, this.producers.firstUnstableOffset() ?? Infinity)
  }

  /** Everything before this offset is on the disk. */
  get recoveryPoint(): number {
    return this.flusher.syncedTo
  }

  get sizeBytes(): number {
    return this.segments.sizeBytes
  }

  /** `undefined` when it is not known. */
  get topicId(): string | undefined {
    this.#topicId ??= readTopicId(this.disk, this.directory)
    return this.#topicId
  }

  /** Durable with the first sync of records: else a power loss may leave them without the topic that they are of. */
  writeTopicId(topicId: string): void {
    writeTopicId(this.disk, this.directory, topicId)
    this.#topicId = topicId
    this.flusher.topicIdWritten()
  }

  get producers(): ProducerStates {
    const { isLoaded } = this.producerStore
    const states = this.producerStore.load(this.#logEndOffset)
    if (!isLoaded) states.highWatermarkReached(this.#highWatermark)
    return states
  }

  /** Forgets idempotent producers that were silent for `producerIdExpirationMs`. */
  expireProducers(nowMs: number): void {
    const { producerIdExpirationMs } = this.#config
    if (this.producerStore.isLoaded) this.producers.expire(nowMs, producerIdExpirationMs)
  }

  get leaderEpochs(): LeaderEpochs {
    return this.epochFile.epochs
  }

  /** Notes that a leader epoch begins here, before anything of it is written (KIP-101). */
  assignEpoch(epoch: number, startOffset = this.#logEndOffset): void {
    this.leaderEpochs.assign(epoch, startOffset)
  }

  endOffsetForEpoch(epoch: number): { epoch: number; endOffset: number } | undefined {
    return this.leaderEpochs.endOffsetFor(epoch, this.#logEndOffset)
  }

  /**
   * Checks records that a client or a coordinator sends to the leader, gives them their offsets and
   * stamps them in place. Nothing is written before `writeStaged`, until when `records` must not change.
   */
  stageAsLeader(records: Buffer, options: LeaderAppend): AppendOutcome {
    return this.#appender.asLeader(records, options)
  }

  /** As `stageAsLeader`, for what `checkClientBatch` or its thread have made of a client's records. */
  stageChecked(checked: CheckedBatch | Refusal, leaderEpoch: number): AppendOutcome {
    return this.#appender.checkedAsLeader(checked, leaderEpoch)
  }

  /**
   * Takes batches as a leader has them. They begin at `logEndOffset` or behind; batches of a leader epoch
   * above `leaderEpochMax` are left out, with those behind them (KAFKA-18723).
   */
  stageAsFollower(records: Buffer, options?: FollowerAppend): AppendOutcome {
    return this.#appender.asFollower(records, options)
  }

  /**
   * Writes everything staged since the last call, by one write. When that fails, StorageError is thrown and all of
   * it is undone, except what stands below `logEndOffset` by then: a roll in between had written it.
   */
  writeStaged(): void {
    this.#appender.write()
  }

  /** For the parts of the log that write: what they have written ends here. */
  advanceTo(logEndOffset: number): void {
    this.#logEndOffset = logEndOffset
  }

  /**
   * What an acknowledgement of all that is written has to wait for: `undefined` when the page cache is enough,
   * else the sync that `flush.messages` asks for, or asked for and has not got yet. Rejects with StorageError.
   */
  durable(): Promise<void> | undefined {
    const { flushMessages } = this.#config
    if (this.#appender.unflushedRecords >= flushMessages) return this.flush()
    // Whoever asked for the sync that runs: until it ends, its records are no more on the disk than before.
    const unsynced = this.#logEndOffset - this.recoveryPoint
    return unsynced >= flushMessages ? this.#lastSync : undefined
  }

  /** Makes everything written so far durable. */
  flush(): Promise<void> {
    this.#appender.unflushedRecords = 0
    const sync = this.flusher.later()
    this.#lastSync = sync
    const ended = () => {
      if (this.#lastSync === sync) this.#lastSync = undefined
    }
    sync.then(ended, ended)
    return sync
  }

  /**
   * Whole batches from the one with `offset` on, up to `upTo` (the high watermark when left out).
   * `undefined` when they are probably not in the page cache: `readLater` is to be used then.
   */
  read(offset: number, bytesMax: number, options: ReadOptions = {}): LogRead | undefined {
    return this.#outOfRange(offset) ?? readLog(this, offset, bytesMax, options)
  }

  /** As `read`, for records that are sent from where they lie; `undefined` when that cannot be done. */
  range(offset: number, bytesMax: number, upTo: number): LogRead<FileRange> | undefined {
    return this.#outOfRange(offset) ? undefined : rangeInPlace(this, offset, bytesMax, upTo)
  }

  /** As `read`, on the thread pool. */
  async readLater(offset: number, bytesMax: number, options: ReadOptions = {}): Promise<LogRead> {
    return this.#outOfRange(offset) ?? readLogLater(this, offset, bytesMax, options)
  }

  #outOfRange(offset: number): LogRead | undefined {
    if (offset >= this.#logStartOffset && offset <= this.#logEndOffset) return undefined
    return failedRead(
      errors.OFFSET_OUT_OF_RANGE.code,
      offset < this.#logStartOffset
        ? `Offset ${offset} is below the log start offset ${this.#logStartOffset}`
        : `Offset ${offset} is above the log end offset ${this.#logEndOffset}`,
    )
  }

  /** The first record with a timestamp of at least `timestamp`. */
  offsetForTimestamp(timestamp: number): Promise<FoundTimestamp | undefined> {
    return offsetForTimestamp(this, timestamp)
  }

  /** The first record with the largest timestamp (KIP-734). */
  offsetOfMaxTimestamp(): Promise<FoundTimestamp | undefined> {
    return offsetOfMaxTimestamp(this)
  }

  /** The aborted transactions whose markers are in a segment. */
  abortedOf(segment: Segment): readonly AbortedTransaction[] {
    return abortedOf(this, segment)
  }

  /** The aborted transactions with records in [from, to). */
  abortedTransactions(from: number, to: number): AbortedTransaction[] {
    return abortedTransactions(this, from, to)
  }

  /**
   * Moves the start of the log (DeleteRecords), and removes segments that are before it as a whole.
   * Throws RangeError when `offset` is above the high watermark.
   */
  deleteRecordsBefore(offset: number): void {
    if (offset > this.#highWatermark)
      throw new RangeError(`Offset ${offset} is above the high watermark ${this.#highWatermark}`)
    this.advanceStart(offset)
  }

  /** As `deleteRecordsBefore`, also above the high watermark: a follower takes over its leader's start. */
  advanceStart(offset: number): void {
    if (offset <= this.#logStartOffset) return
    this.#logStartOffset = offset
    this.#highWatermark = Math.max(this.#highWatermark, Math.min(offset, this.#logEndOffset))
    this.epochFile.truncateFromStart(offset)
    const { list } = this.segments
    const gone = list.filter((_, i) => i + 1 < list.length && list[i + 1]!.baseOffset <= offset)
    this.removeSegments(gone)
    this.keeper.startMoved(this)
  }

  removeSegments(gone: readonly Log['segments']['active'][]): void {
    if (gone.length === 0) return
    this.replacement?.settle()
    this.flusher.directoryChanged()
    this.segments.remove(new Set(gone), this.#config)
    this.producerStore.removeObsolete()
  }

  /**
   * Drops what is at `offset` and behind. A batch that contains the offset goes as a whole, so that the
   * log may end below it.
   */
  truncateTo(offset: number): void {
    if (offset >= this.#logEndOffset) {
      // An epoch in which this broker led and wrote nothing may stand at the end.
      this.leaderEpochs.truncateFromEnd(this.#logEndOffset)
      return
    }
    // A batch that contains the offset may begin below it: the checkpoint has to be as low.
    this.keeper.beforeTruncation(this, endOffsetFor(this, offset))
    this.#truncated(this.#cut(() => truncateTo(this, offset)))
  }

  /** Drops everything; the log goes on at `offset`. */
  truncateFullyAndStartAt(offset: number): void {
    this.keeper.beforeTruncation(this, 0)
    this.#cut(() => truncateFullyAndStartAt(this, offset))
    this.#logStartOffset = offset
    this.#highWatermark = offset
    this.#truncated(offset)
    this.keeper.startMoved(this)
  }

  /** What fails half way leaves less than the log believes to have: nobody may be told that it is there. */
  #cut<T>(run: () => T): T {
    this.replacement?.settle()
    try {
      return run()
    } catch (error) {
      throw this.disk.fail(`Truncation of ${this.directory} failed`, error)
    }
  }

  #truncated(endOffset: number): void {
    this.truncations++
    this.#logEndOffset = endOffset
    this.#highWatermark = Math.min(this.#highWatermark, endOffset)
    this.#logStartOffset = Math.min(this.#logStartOffset, endOffset)
    this.flusher.truncated(endOffset)
  }

  /** Begins a new segment. Throws StorageError when that is not possible; the old one goes on then. */
  roll(): void {
    this.#appender.roll(this.#logEndOffset)
  }

  /**
   * Writes what is only in memory to the files, and makes it durable: a clean stop. Nothing is appended from
   * then on. Rejects with StorageError.
   */
  async close(): Promise<void> {
    if (this.state !== 'open') return
    this.state = 'closed'
    try {
      if (this.disk.failure === undefined) await this.#appender.close()
    } finally {
      this.release()
    }
  }

  /** The log is about to be deleted: it opens nothing any more, since another may come to stand there. */
  abandon(): void {
    this.state = 'deleted'
    for (const part of [this.#appender, this.flusher, this.compacted, ...this.segments.list])
      part?.abandon()
  }

  /** Closes files and frees memory, writing nothing. */
  release(): void {
    for (const segment of this.segments.list) segment.release()
  }
}
