/**
 * Compaction of one log: of the records of each key the last one stays, in its place.
 *
 * It runs in two passes, as Kafka's cleaner does. The first reads the dirty part, which no compaction has seen,
 * and notes the last offset of each key. The second reads everything from the start of the log to the
 * end of that part and writes what stays to new segments, several small ones into one. Each new
 * segment takes the place of its sources as soon as it is complete (`replacement.ts`).
 *
 * Both passes go in slices of a fifth of a millisecond, read and sync on the thread pool, and leave what batches with very many
 * records take to a thread (`large-batches.ts`). Nothing is locked: when retention, a
 * truncation or a deletion changes the sources meanwhile, the work is given up and begins again another
 * time.
 */
import {
  baseOffsetOf,
  batchSizeOf,
  isControl,
  lastOffsetOf,
  recordCountOf,
} from '../../protocol/record-batch.ts'
import { RecordCursor } from '../../protocol/records.ts'
import { BatchScanner } from './batch-scanner.ts'
import { CompactionFilter, type LastOfProducer, recordsAtOnce } from './compaction-filter.ts'
import { groupSegments } from './compaction-groups.ts'
import { CompactionMap } from './compaction-map.ts'
import type { CompactionRange } from './compaction-range.ts'
import { CompactionTarget } from './compaction-target.ts'
import { CompactionTransactions } from './compaction-transactions.ts'
import type { Log } from './log.ts'
import { CorruptLogError } from './offset-lookup.ts'
import { AbortedError, type Pace } from './pace.ts'
import { Replacement } from './replacement.ts'
import type { Segment } from './segment.ts'

/** Written at once: what a write to the page cache takes is short beside a slice. */
const chunkBytes = 64 * 1024

export interface CompactionLimits {
  /** `log.cleaner.dedupe.buffer.size` */
  readonly dedupeBytesMax: number
  /** `log.cleaner.io.buffer.load.factor` */
  readonly loadFactor: number
  /** Read at once (`log.cleaner.io.buffer.size`). */
  readonly pieceBytes: number
}

export interface CompactionResult {
  /** Everything before this offset is compacted now. */
  readonly endOffset: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  readonly recordsBefore: number
  readonly recordsAfter: number
}

/**
 * Throws CorruptLogError, InvalidRecordError or CompressionError when a batch is damaged; AbortedError when the
 * log changed or the pace was aborted; what files throw.
 */
export async function compact(
  log: Log,
  range: CompactionRange,
  limits: CompactionLimits,
  pace: Pace,
  nowMs: number,
): Promise<CompactionResult> {
  try {
    return await new Compaction(log, range, limits, pace, nowMs).run()
  } finally {
    // Then what files said tells nothing of the directory, and what was done nothing of a log that has the name now.
    assertUndeleted(log)
  }
}

function assertUndeleted(log: Log): void {
  if (log.state === 'deleted') throw new AbortedError(`${log.directory} was deleted`)
}

class Compaction {
  readonly #log: Log
  readonly #range: CompactionRange
  readonly #limits: CompactionLimits
  readonly #pace: Pace
  readonly #nowMs: number
  readonly #map: CompactionMap
  /** Sizes of the segments when they were first looked at. */
  readonly #sizes = new Map<Segment, number>()
  readonly #truncations: number
  readonly #chunk = Buffer.allocUnsafe(chunkBytes)

  constructor(
    log: Log,
    range: CompactionRange,
    limits: CompactionLimits,
    pace: Pace,
    nowMs: number,
  ) {
    this.#log = log
    this.#truncations = log.truncations
    this.#range = range
    this.#limits = limits
    this.#pace = pace
    this.#nowMs = nowMs
    const keysMax = range.firstUncleanableOffset - range.firstDirtyOffset
    const seed = log.disk.env.random.bytes(4).readInt32BE()
    this.#map = new CompactionMap(limits.dedupeBytesMax, keysMax, limits.loadFactor, seed)
  }

  async run(): Promise<CompactionResult> {
    const log = this.#log
    const { firstDirtyOffset, firstUncleanableOffset } = this.#range
    for (const segment of this.#segmentsBelow(firstUncleanableOffset))
      this.#sizes.set(segment, segment.sizeBytes)
    await this.#index()
    const endOffset = Math.max(this.#map.latestOffset + 1, firstDirtyOffset)
    const sum = { endOffset, bytesBefore: 0, bytesAfter: 0, recordsBefore: 0, recordsAfter: 0 }
    const transactions = new CompactionTransactions()
    const groups = groupSegments(this.#segmentsBelow(endOffset), log.config, firstUncleanableOffset)
    for (const sources of groups) {
      const { target, filter } = await this.#clean(sources, transactions)
      for (const source of sources) sum.bytesBefore += source.sizeBytes
      sum.bytesAfter += target.segment.sizeBytes
      sum.recordsBefore += filter.recordsRead
      sum.recordsAfter += filter.recordsKept
    }
    return sum
  }

  #segmentsBelow(offset: number): Segment[] {
    return this.#log.segments.list.filter(({ baseOffset }) => baseOffset < offset)
  }

  /** The first pass. Stops early when the map is full. */
  async #index(): Promise<void> {
    const { firstDirtyOffset: from, firstUncleanableOffset: to } = this.#range
    const log = this.#log
    const transactions = new CompactionTransactions()
    transactions.expect(log.abortedTransactions(from, to))
    const segments = this.#segmentsBelow(to)
    for (const [i, segment] of segments.entries()) {
      const endOffset = segments[i + 1]?.baseOffset ?? to
      if (endOffset <= from) continue
      const start = segment.positionFor(from, log.config.indexIntervalBytes)
      const isDone = await this.#eachBatch(segment, start, (bytes, at) => {
        if (lastOffsetOf(bytes, at) < from) return true
        let noted: boolean | Promise<boolean> = true
        if (isControl(bytes, at)) transactions.isObsolete(bytes, at)
        else if (!transactions.isAborted(bytes, at)) noted = this.#noteKeys(bytes, at, from)
        const lastOffset = lastOffsetOf(bytes, at)
        return typeof noted === 'boolean'
          ? this.#noted(noted, lastOffset)
          : noted.then((isWhole) => this.#noted(isWhole, lastOffset))
      })
      if (!isDone) return
      this.#map.latestOffset = endOffset - 1 // Offsets may be missing at the end of a segment.
    }
  }

  #noted(isWhole: boolean, lastOffset: number): boolean {
    if (isWhole) this.#map.latestOffset = lastOffset
    return isWhole
  }

  /** False when the map is full. */
  #noteKeys(bytes: Buffer, at: number, from: number): boolean | Promise<boolean> {
    const { config, disk } = this.#log
    const unpacked = disk.resources.largeBatches.unpackSmall(bytes, at, config.unpackedBytesMax)
    if (unpacked === undefined) return this.#noteManyKeys(bytes, at, from)
    this.#cursor.reset(unpacked, 0, unpacked.length, recordCountOf(bytes, at))
    return this.#noteSome(baseOffsetOf(bytes, at), from, Infinity) === 'all'
  }

  async #noteManyKeys(bytes: Buffer, at: number, from: number): Promise<boolean> {
    const { config, disk } = this.#log
    const batch = bytes.subarray(at, at + batchSizeOf(bytes, at))
    const { largeBatches } = disk.resources
    const unpacking = largeBatches.unpack(batch, config.unpackedBytesMax)
    const unpacked = await unpacking
    this.#cursor.reset(unpacked, 0, unpacked.length, recordCountOf(bytes, at))
    for (;;) {
      const noted = this.#noteSome(baseOffsetOf(bytes, at), from, recordsAtOnce)
      if (noted === 'some') {
        await this.#rest()
        continue
      }
      this.#cursor.reset(bytes, 0, 0, 0) // It holds much memory.
      return noted === 'all'
    }
  }

  /** Of as many records as `limit`. */
  #noteSome(baseOffset: number, from: number, limit: number): 'all' | 'some' | 'full' {
    const cursor = this.#cursor
    for (let i = 0; i < limit; i++) {
      if (!cursor.next()) return 'all'
      const offset = baseOffset + cursor.offsetDelta
      if (cursor.keyLength < 0 || offset < from) continue
      if (!this.#map.put(cursor.bytes, cursor.keyStart, cursor.keyLength, offset)) return 'full'
    }
    return 'some'
  }

  async #rest(): Promise<void> {
    if (this.#pace.isDue) await this.#pace.rest()
    assertUndeleted(this.#log)
  }

  readonly #cursor = new RecordCursor()

  /** The second pass over segments that become one. */
  async #clean(
    sources: readonly Segment[],
    transactions: CompactionTransactions,
  ): Promise<{ target: CompactionTarget; filter: CompactionFilter }> {
    const log = this.#log
    const { disk, config } = log
    const target = new CompactionTarget(
      disk,
      log.directory,
      sources[0]!.baseOffset,
      config,
      this.#chunk,
    )
    log.compacted = target.segment
    try {
      transactions.onAborted = (aborted) => target.segment.transactionIndex.add(aborted)
      const filter = new CompactionFilter({
        map: this.#map,
        transactions,
        lastOfProducer: (producerId) => lastOfProducer(log, producerId),
        upperBound: this.#range.firstUncleanableOffset,
        nowMs: this.#nowMs,
        deleteRetentionMs: config.deleteRetentionMs,
        unpackedBytesMax: config.unpackedBytesMax,
        largeBatches: disk.resources.largeBatches,
        rest: () => this.#rest(),
      })
      const take = (kept: Buffer | undefined) => {
        if (kept !== undefined) {
          target.append(kept)
          this.#pace.spent(kept.length)
        }
        return true
      }
      for (const source of sources) {
        const endOffset = log.segments.endOf(source, log.logEndOffset)
        transactions.expect(log.abortedTransactions(source.baseOffset, endOffset))
        await this.#eachBatch(source, 0, (bytes, at) => {
          const kept = filter.filter(bytes, at)
          return kept instanceof Promise ? kept.then(take) : take(kept)
        })
      }
      await this.#finish(target)
      // Recovery takes a hole above the recovery point for a loss.
      const endOffset = log.segments.endOf(sources.at(-1)!, log.logEndOffset)
      if (log.recoveryPoint < endOffset) await log.flush()
      await log.keeper.beforeReplacement(log)
      this.#assertUnchanged(sources)
      await new Replacement(log, target.segment, sources).run()
      return { target, filter }
    } catch (error) {
      if (disk.failure === undefined && log.state !== 'deleted') target.discard()
      throw error
    } finally {
      log.compacted = undefined
    }
  }

  async #finish(target: CompactionTarget): Promise<void> {
    try {
      await target.finish(this.#pace)
    } catch (error) {
      // Disk full shows when writing; a sync that fails leaves pages that nothing can trust any more.
      const { code } = error as NodeJS.ErrnoException
      if (this.#log.state === 'deleted' || code === 'ENOSPC' || code === 'EDQUOT') throw error
      throw this.#log.disk.fail(`Sync of ${target.segment.file.path} failed`, error)
    }
  }

  #assertUnchanged(sources: readonly Segment[]): void {
    const { list, active } = this.#log.segments
    // A record that supersedes others may be among what is gone: they are the last of their keys again.
    if (this.#log.truncations !== this.#truncations) throw new AbortedError('The log was truncated')
    for (const source of sources)
      if (
        source.isDeleted ||
        !list.includes(source) ||
        source === active ||
        source.sizeBytes !== this.#sizes.get(source) ||
        this.#log.disk.failure !== undefined
      )
        throw new AbortedError(`Segment ${source.baseOffset} has changed`)
  }

  /** Visits whole batches with right checksums until `visit` returns false; returns whether it never did. */
  #eachBatch(
    segment: Segment,
    start: number,
    visit: (bytes: Buffer, at: number) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    return segment.file.whileOpen(async (file) => {
      const scanner = new BatchScanner(file, start, segment.sizeBytes, this.#limits.pieceBytes)
      for (;;) {
        if (scanner.isStarving) await scanner.fillLater()
        if (this.#pace.isDue) await this.#pace.rest()
        assertUndeleted(this.#log)
        const isFound = scanner.next()
        if (!isFound && scanner.problem === undefined) return true
        if (!isFound || !(await scanner.loadWholeLater())) {
          this.#assertUnchanged([segment])
          throw new CorruptLogError(
            `The batch at ${scanner.position} of ${segment.file.path} is damaged${scanner.problem ? `: ${scanner.problem}` : ''}`,
          )
        }
        this.#pace.spent(scanner.size)
        const goesOn = visit(scanner.bytes, scanner.at)
        // Without a promise it goes on at once: there are very many batches.
        if (goesOn !== true && !(await goesOn)) return false
      }
    })
  }
}

/** What must not be lost of a producer that is still known. */
function lastOfProducer(log: Log, producerId: number): LastOfProducer | undefined {
  const entry = producerId < 0 ? undefined : log.producers.entry(producerId)
  return entry && { lastDataOffset: entry.batches.at(-1)?.lastOffset ?? -1, epoch: entry.epoch }
}
