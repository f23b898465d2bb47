/**
 * Decides how a log is read. What was written lately is in the page cache: it is read at once, and its
 * checksums were checked when it came. Older data may have to come from the disk, which would hold up
 * everything else, so it is read on the thread pool (`readLater`), and its checksums are checked: disks
 * lose bits. How long a read took tells whether the rest of that segment is in the page cache after all.
 */
import { errors } from '../../protocol/errors.ts'
import type { Log } from './log.ts'
import {
  emptyRead,
  failedRead,
  type LogRead,
  type ReadRange,
  readSegment,
  readSegmentLater,
} from './read.ts'
import type { Segment } from './segment.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export interface ReadOptions {
  /** Batches that reach this offset are left out; the high watermark when left out. */
  readonly upTo?: number
  /** Returns the first batch also when it is larger than the limit. True when left out. */
  readonly atLeastOne?: boolean
}

/** So much before the end of a log is taken to be in the page cache. */
const tailBytes = 128 * 1024 * 1024
/** A read that takes longer has waited for the disk. */
const slowReadMs = 2
/** Bytes that the page cache gives in a millisecond at least. */
const cachedBytesPerMs = 1_000_000

export class LogReader {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  read(offset: number, bytesMax: number, options: ReadOptions): LogRead | undefined {
    const { segments, disk } = this.#log
    const upTo = options.upTo ?? this.#log.highWatermark
    for (let i = Math.max(segments.indexFor(offset), 0); offset < upTo; i++) {
      const segment = segments.list[i]
      if (segment === undefined || segment.baseOffset >= upTo) break
      try {
        const position = this.#positionFor(segment, offset)
        const tail = this.#isTail(i, position)
        if (!tail && !segment.isWarm) return undefined
        const range = this.#range(segment, position, tail, offset, bytesMax, upTo, options)
        const startMs = tail ? 0 : disk.env.clock.monotonicMs()
        const read = readSegment(segment, position, range, disk.resources.buffers)
        if (!tail && disk.env.clock.monotonicMs() - startMs > slowReadMs) segment.isWarm = false
        if (read.errorCode !== 0 || !this.#isPassed(read, segment, i)) return this.#checked(read)
      } catch (error) {
        return this.#failed(error, segment)
      }
    }
    return emptyRead
  }

  async readLater(offset: number, bytesMax: number, options: ReadOptions): Promise<LogRead> {
    const { segments, disk } = this.#log
    const upTo = options.upTo ?? this.#log.highWatermark
    let segment = segments.list[Math.max(segments.indexFor(offset), 0)]
    while (offset < upTo && segment !== undefined && segment.baseOffset < upTo) {
      const current = segment
      try {
        const position = this.#positionFor(current, offset)
        const range = this.#range(current, position, false, offset, bytesMax, upTo, options)
        const startMs = disk.env.clock.monotonicMs()
        const read = await current.file.whileOpen((file) =>
          readSegmentLater(file, current, position, range, disk.resources.buffers),
        )
        const ms = disk.env.clock.monotonicMs() - startMs
        if (read.records.length > 0 && ms < 0.5 + read.records.length / cachedBytesPerMs)
          current.isWarm = true
        const i = segments.list.indexOf(current)
        if (i < 0 || read.errorCode !== 0 || !this.#isPassed(read, current, i))
          return this.#checked(read)
        segment = segments.list[i + 1]
      } catch (error) {
        return this.#failed(error, current)
      }
    }
    return emptyRead
  }

  /** Whether nothing is there and the next segment is to be looked at: compaction leaves such holes. */
  #isPassed(read: LogRead, segment: Segment, i: number): boolean {
    const next = this.#log.segments.list[i + 1]
    const isEmpty = read.records.length === 0 && !read.isPartial
    return isEmpty && next !== undefined && next !== segment
  }

  #checked(read: LogRead): LogRead {
    if (read.errorCode !== 0)
      this.#log.disk.env.log.error('Log is damaged', {
        log: this.#log.name,
        because: read.errorMessage,
      })
    return read
  }

  #positionFor(segment: Segment, offset: number): number {
    return segment.positionFor(offset, this.#log.config.indexIntervalBytes)
  }

  /** Whether so few bytes follow that they are in the page cache. */
  #isTail(index: number, position: number): boolean {
    const { list } = this.#log.segments
    let bytes = -position
    for (let i = index; i < list.length; i++) {
      bytes += list[i]!.sizeBytes
      if (bytes > tailBytes) return false
    }
    return true
  }

  #range(
    segment: Segment,
    position: number,
    isTail: boolean,
    offset: number,
    bytesMax: number,
    upTo: number,
    options: ReadOptions,
  ): ReadRange {
    const verify = !isTail || position < segment.trustedFrom
    return { offset, upTo, bytesMax, atLeastOne: options.atLeastOne ?? true, verify }
  }

  /** A part of the disk that cannot be read is lost as damaged data is; all else is the directory's fault. */
  #failed(error: unknown, segment: Segment): LogRead {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    this.#log.disk.env.log.error('Read failed', { file: segment.file.path, because: message })
    const { CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR } = errors
    return failedRead((code === 'EIO' ? CORRUPT_MESSAGE : KAFKA_STORAGE_ERROR).code, message)
  }

  abortedTransactions(from: number, to: number): AbortedTransaction[] {
    const { segments } = this.#log
    const found: AbortedTransaction[] = []
    for (let i = Math.max(segments.indexFor(from), 0); i < segments.list.length; i++) {
      for (const aborted of segments.list[i]!.transactionIndex.entries) {
        if (aborted.lastOffset >= from && aborted.firstOffset < to) found.push(aborted)
        if (aborted.lastStableOffset >= to) return found
      }
    }
    return found
  }
}
