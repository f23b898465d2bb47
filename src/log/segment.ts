/**
 * One segment of a log: a file of batches from `baseOffset` on, and its indexes.
 *
 * What a segment knows without reading is small, because a broker has many: the indexes are loaded
 * with the first lookup, and so is the largest timestamp.
 */
import { batchHeaderBytes, maxTimestampOf } from '../../protocol/record-batch.ts'
import { BatchScanner } from './batch-scanner.ts'
import { CachedFile } from './file-cache.ts'
import { fileName, segmentSuffixes, suffixes } from './file-names.ts'
import type { LogDisk } from './log-disk.ts'
import { OffsetIndex } from './offset-index.ts'
import type { ReadEnd } from './read.ts'
import { ReadableParts } from './readable-parts.ts'
import { relativeOffsetMax } from './roll.ts'
import { TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

/** What an append tells a segment about each batch. */
export interface BatchExtent {
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly size: number
}

export interface TimestampAndOffset {
  readonly timestamp: number
  /** Last offset of the first batch with this timestamp. */
  readonly offset: number
}

/** More unindexed bytes than this before a batch, and the index is not believed. */
const unindexedBytesMax = 16 * 1024 * 1024

interface ScannedBatch extends BatchExtent {
  readonly baseOffset: number
  readonly position: number
}

function scannedBatch(scanner: BatchScanner): ScannedBatch {
  const { baseOffset, lastOffset, size, position, bytes, at } = scanner
  return { baseOffset, lastOffset, size, position, maxTimestamp: maxTimestampOf(bytes, at) }
}

export class Segment {
  readonly baseOffset: number
  readonly disk: LogDisk
  readonly #directory: string
  /** Stands behind the names of the files: `.cleaned` while compaction writes. */
  #mark: string
  readonly file: CachedFile
  readonly offsetIndex: OffsetIndex
  readonly timeIndex: TimeIndex
  /** Made with the first use where no file is: few segments have aborted transactions. */
  #transactionIndex: TransactionIndex | undefined
  /** Bytes of whole batches; the file may be longer while it is preallocated. */
  sizeBytes: number
  /** When the segment was made, or loaded. For the roll of a segment without timestamps. */
  readonly createdMs: number
  /** How much earlier than `segment.ms` this one rolls. */
  readonly jitterMs: number
  /** Whether the file is probably in the page cache. Corrected by how long reads take. */
  isWarm: boolean
  /** What stands behind this position was checked and written by this process. */
  #trustedFrom: number
  /** Where in the page cache its last bytes went. */
  #cacheMark = 0
  /** Where the last read ended: the next one often goes on there, and needs no index. */
  readTo: ReadEnd | undefined
  /** Whether the file was given its full size when it was made: what is not used is cut off at the end. */
  isPreallocated = false
  /** Whether it has bytes that no sync has seen. */
  isUnsynced = false
  /** Set when the files have been renamed for deletion. */
  isDeleted = false
  /** Set when the log is deleted: at the paths of its files may soon be others. */
  isAbandoned = false
  /** False until the indexes were compared with the file. */
  #indexesChecked: boolean
  #isDamaged = false
  #bytesSinceIndexEntry = 0
  /** The largest timestamp, and where it is; not known before the indexes are checked. */
  #maxTimestamp = -1
  #maxTimestampOffset = -1
  #firstTimestamp: number | undefined

  constructor(
    disk: LogDisk,
    directory: string,
    baseOffset: number,
    state: {
      readonly sizeBytes: number
      readonly isNew: boolean
      readonly hasTransactionIndex: boolean
      readonly createdMs: number
      readonly jitterMs: number
      readonly mark?: string
    },
  ) {
    this.disk = disk
    this.#directory = directory
    this.baseOffset = baseOffset
    this.#mark = state.mark ?? ''
    this.file = new CachedFile(disk.resources.files, this)
    this.offsetIndex = new OffsetIndex(this)
    this.timeIndex = new TimeIndex(this)
    if (state.hasTransactionIndex) this.#transactionIndex = new TransactionIndex(this, true)
    this.sizeBytes = state.sizeBytes
    this.isWarm = state.isNew
    this.#trustedFrom = state.sizeBytes
    this.createdMs = state.createdMs
    this.jitterMs = state.jitterMs
    this.#indexesChecked = state.isNew
    if (state.isNew) this.resetIndexes()
  }

  /** Of the file with the batches. */
  get path(): string {
    return this.pathOf(suffixes.log)
  }

  /** Of one of the files, by its suffix. */
  pathOf(suffix: string): string {
    return `${this.#directory}/${fileName(this.baseOffset, suffix)}${this.#mark}`
  }

  get transactionIndex(): TransactionIndex {
    this.#transactionIndex ??= new TransactionIndex(this, false)
    return this.#transactionIndex
  }

  /** Begins the indexes anew. */
  resetIndexes(): void {
    this.offsetIndex.reset()
    this.timeIndex.reset()
    this.#indexesChecked = true
    this.#bytesSinceIndexEntry = 0
    this.#largest(-1, this.baseOffset)
    this.#firstTimestamp = undefined
  }

  /** Takes note of batches that were written behind the last one. */
  appended(batches: readonly BatchExtent[], indexIntervalBytes: number): void {
    for (const batch of batches) this.index(batch, indexIntervalBytes)
  }

  index(batch: BatchExtent, indexIntervalBytes: number): void {
    this.checkIndexes(indexIntervalBytes)
    if (batch.maxTimestamp > this.#maxTimestamp) this.#largest(batch.maxTimestamp, batch.lastOffset)
    if (this.#bytesSinceIndexEntry > indexIntervalBytes) {
      this.offsetIndex.add(batch.lastOffset, this.sizeBytes)
      this.timeIndex.add(this.#maxTimestamp, this.#maxTimestampOffset)
      this.#bytesSinceIndexEntry = 0
    }
    if (this.sizeBytes === 0) this.#firstTimestamp = batch.maxTimestamp
    this.sizeBytes += batch.size
    this.#cacheMark = this.disk.resources.pageCache.add(batch.size)
    this.#bytesSinceIndexEntry += batch.size
  }

  /** Whether this process wrote what stands at `position`, so lately that it is in the page cache. */
  isTrusted(position: number): boolean {
    if (position < this.#trustedFrom) return false
    return this.disk.resources.pageCache.holds(this.#cacheMark, this.sizeBytes - position)
  }

  /** The largest timestamp; -1 when no batch has one. */
  maxTimestamp(indexIntervalBytes: number): TimestampAndOffset {
    this.checkIndexes(indexIntervalBytes)
    return { timestamp: this.#maxTimestamp, offset: this.#maxTimestampOffset }
  }

  #largest(timestamp: number, offset: number): void {
    this.#maxTimestamp = timestamp
    this.#maxTimestampOffset = offset
  }

  /** Of the first batch: what `segment.ms` counts from. `undefined` when empty or without timestamps. */
  firstTimestamp(): number | undefined {
    if (this.#firstTimestamp === undefined && this.sizeBytes >= batchHeaderBytes) {
      const header = Buffer.allocUnsafe(batchHeaderBytes)
      new ReadableParts(this.file.get()).read(header, 0, batchHeaderBytes, 0)
      this.#firstTimestamp = maxTimestampOf(header, 0)
    }
    return this.#firstTimestamp === undefined || this.#firstTimestamp < 0
      ? undefined
      : this.#firstTimestamp
  }

  /** Where a scan for the batch that contains `offset` begins. */
  positionFor(offset: number, indexIntervalBytes: number): number {
    this.checkIndexes(indexIntervalBytes)
    return this.offsetIndex.positionFor(offset)
  }

  /** The same for a read, with what is known of the batch there: -1 for an unknown last offset. */
  find(
    offset: number,
    indexIntervalBytes: number,
  ): { position: number; batchBytes: number; firstBaseOffset: number; firstLastOffset: number } {
    const { readTo, offsetIndex } = this
    if (readTo?.offset === offset) {
      const { position, batchBytes } = readTo
      return { position, batchBytes, firstBaseOffset: offset, firstLastOffset: -1 }
    }
    this.checkIndexes(indexIntervalBytes)
    const entry = offsetIndex.floor(offset)
    return entry < 0
      ? { position: 0, batchBytes: 0, firstBaseOffset: this.baseOffset, firstLastOffset: -1 }
      : {
          position: offsetIndex.positionAt(entry),
          batchBytes: 0,
          firstBaseOffset: this.baseOffset,
          firstLastOffset: offsetIndex.offsetAt(entry),
        }
  }

  /**
   * Before the first use: compares the indexes with the file, and makes them anew when they are missing or
   * cannot be right. Their loss is never an error: all they hold is in the log.
   */
  checkIndexes(indexIntervalBytes: number): void {
    if (this.#indexesChecked) return
    const fault = this.#indexFault()
    if (fault === undefined) {
      this.#indexesChecked = true
      this.#resume()
      return
    }
    if (this.sizeBytes > 0)
      // Where nothing was written, none was made.
      this.disk.env.log.warn('Index is made anew', { segment: this.file.path, because: fault })
    this.rebuildIndexes(indexIntervalBytes)
  }

  #indexFault(): string | undefined {
    try {
      const { offsetIndex, timeIndex } = this
      const fault = offsetIndex.fault(this.sizeBytes) ?? timeIndex.fault()
      if (fault !== undefined) return fault
      const entries = offsetIndex.count
      if (entries > 0 && timeIndex.count === 0) return undefined
      const last = entries === 0 ? 0 : offsetIndex.positionAt(entries - 1)
      return this.sizeBytes - last > unindexedBytesMax ? 'it ends too early' : undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  /** Reads on from the last entries, so that the next append goes on where the last process stopped. */
  #resume(): void {
    const { offsetIndex, timeIndex } = this
    const times = timeIndex.count
    const entries = offsetIndex.count
    if (times === 0) this.#largest(-1, this.baseOffset)
    else this.#largest(timeIndex.timestampAt(times - 1), timeIndex.offsetAt(times - 1))
    const indexed = entries === 0 ? 0 : offsetIndex.positionAt(entries - 1)
    this.#bytesSinceIndexEntry = this.sizeBytes - indexed
    // Batches behind the last entry of the time index may have larger timestamps, if entries were lost.
    const timed = times === 0 ? 0 : offsetIndex.positionFor(this.#maxTimestampOffset)
    const from = indexed - timed > unindexedBytesMax ? indexed : timed
    const scanner = new BatchScanner(this.file.get(), from, this.sizeBytes)
    while (scanner.next() || (scanner.problem !== undefined && scanner.resync())) {
      const timestamp = maxTimestampOf(scanner.bytes, scanner.at)
      if (timestamp > this.#maxTimestamp) this.#largest(timestamp, scanner.lastOffset)
    }
  }

  /**
   * Makes the indexes anew when damage is met for the first time: it may be theirs. True for the first time.
   */
  noteDamage(indexIntervalBytes: number): boolean {
    if (this.#isDamaged) return false
    this.#isDamaged = true
    this.distrust()
    this.rebuildIndexes(indexIntervalBytes)
    return true
  }

  /** A read failed: from now on what is read is checked. */
  distrust(): void {
    this.#trustedFrom = Infinity
    this.readTo = undefined
  }

  /** Makes offset and time index from the headers in the file; what is damaged is passed over. */
  rebuildIndexes(indexIntervalBytes: number): void {
    const end = this.sizeBytes
    const scanner = new BatchScanner(this.file.get(), 0, end, 1024 * 1024)
    this.resetIndexes()
    this.sizeBytes = 0
    const add = (batch: ScannedBatch) => {
      this.sizeBytes = batch.position
      this.index(batch, indexIntervalBytes)
    }
    let offset = this.baseOffset
    /** A batch with a hole before it, which the next one has to confirm: its base offset has no checksum. */
    let doubtful: ScannedBatch | undefined
    while (scanner.next() || (scanner.problem !== undefined && scanner.resync())) {
      const batch = scannedBatch(scanner)
      if (doubtful && batch.baseOffset > doubtful.lastOffset) {
        add(doubtful)
        offset = doubtful.lastOffset + 1
      }
      doubtful = undefined
      if (batch.baseOffset < offset || batch.lastOffset - this.baseOffset > relativeOffsetMax)
        continue
      if (batch.baseOffset > offset) {
        doubtful = batch
        continue
      }
      add(batch)
      offset = batch.lastOffset + 1
    }
    if (doubtful) add(doubtful)
    this.sizeBytes = end
    this.flushIndexesIfPossible()
  }

  /** Nothing is added to it any more. Its indexes are complete in memory. */
  seal(indexIntervalBytes: number): void {
    this.checkIndexes(indexIntervalBytes)
    this.timeIndex.add(this.#maxTimestamp, this.#maxTimestampOffset)
  }

  /** Where it fails they are in memory, and written later: reads and appends go on, on a full disk too. */
  flushIndexesIfPossible(): void {
    try {
      this.flushIndexes()
    } catch (error) {
      const because = (error as Error).message
      this.disk.env.log.warn('Side file is behind', { segment: this.file.path, because })
    }
  }

  /** Writes what of the indexes is only in memory. */
  flushIndexes(): void {
    this.offsetIndex.flush()
    this.timeIndex.flush()
    this.#transactionIndex?.flush()
  }

  /** Makes what was written of the indexes durable. */
  async syncIndexesLater(): Promise<void> {
    const { offsetIndex, timeIndex } = this
    const syncs = [offsetIndex.syncLater(), timeIndex.syncLater(), this.syncAbortedLater()]
    await Promise.all(syncs)
  }

  /** Of the transaction index alone: of an active segment it is what cannot be told from the batches. */
  async syncAbortedLater(): Promise<void> {
    await this.#transactionIndex?.syncLater()
  }

  /** Cuts the file at `position`, where the batch with `offset` begins. */
  truncate(position: number, offset: number, indexIntervalBytes: number): void {
    this.checkIndexes(indexIntervalBytes)
    this.file.get().truncate(position)
    this.readTo = undefined
    this.offsetIndex.truncateToPosition(position)
    this.timeIndex.truncateToOffset(offset)
    this.#transactionIndex?.truncate(offset)
    this.sizeBytes = position
    if (position === 0) this.resetIndexes()
    else this.#resume()
  }

  /** The four files; the last exists only where a transaction was aborted. */
  get paths(): string[] {
    return segmentSuffixes.map((suffix) => this.pathOf(suffix))
  }

  /** Renames the files that exist: they have `mark` behind their names from now on, in place of another. */
  renameFiles(mark: string): void {
    const { files } = this.disk.env
    const before = this.paths
    this.#mark = mark
    for (const [i, path] of this.paths.entries())
      if (files.stat(before[i]!)) files.rename(before[i]!, path)
  }

  /** The log is deleted: nothing of it is opened any more. */
  abandon(): void {
    this.isDeleted = true
    this.isAbandoned = true
    this.file.abandon()
    this.offsetIndex.forget()
    this.timeIndex.forget()
  }

  /** Closes what is open and frees the memory. */
  release(): void {
    this.file.close()
    this.offsetIndex.forget()
    this.timeIndex.forget()
  }
}
