/**
 * Reading batches from a segment: one lookup in the index, one read of the file to a pooled buffer, a walk
 * over the headers to find which whole batches to hand out.
 *
 * The checksum of a batch leaves out its first 17 bytes. Where bytes are verified, those are held against
 * what is known otherwise: the index, the neighbours, the leader epochs.
 */
import { errors } from '../../protocol/errors.ts'
import {
  baseOffsetOf,
  batchHeaderBytes,
  batchSizeOf,
  isIntact,
  lastOffsetOf,
  leaderEpochOf,
  magicOf,
} from '../../protocol/record-batch.ts'
import type { Chunk } from '../../protocol/slab.ts'
import type { LeaderEpochs } from '../core/replication/leader-epochs.ts'
import type { File } from '../env/env.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { Segment } from './segment.ts'

/** Whole batches, or why there are none. */
export interface LogRead<Records extends Chunk = Buffer> {
  readonly errorCode: number
  readonly errorMessage?: string
  /** A view of memory that is used again after `release`. Empty at the end of what may be read. */
  readonly records: Records
  /** There is more to read: a limit or the end of a segment ends the records. */
  readonly isPartial?: boolean
  /** To be called once, when `records` has been sent or copied. */
  release(): void
}

/** What to read: whole batches from the one that contains `offset` on. */
export interface ReadRange {
  /** Where in the file to begin: at a batch that is not behind the one with `offset`. */
  readonly position: number
  readonly offset: number
  /** What a batch takes, where the position is that of the wanted one and others were read before; 0 otherwise. */
  readonly batchBytes: number
  /** Batches that reach this offset are left out. */
  readonly upTo: number
  readonly bytesMax: number
  /** Returns the first batch also when it is larger than `bytesMax` (KIP-74). */
  readonly atLeastOne: boolean
  /** How to check bytes that may have been on the disk for long; `undefined` to trust them. */
  readonly verify: Verify | undefined
}

/** Where in a segment a read ended: the offset behind it, its place, and the size of a batch there, or of one before it. */
export interface ReadEnd {
  readonly offset: number
  readonly position: number
  readonly batchBytes: number
}

export interface Verify {
  /** The last offset of the batch at `position`, where the index tells it; -1 otherwise. */
  readonly firstLastOffset: number
  /** The least base offset that a batch at `position` can have. */
  readonly firstBaseOffset: number
  /** Where the segment ends. */
  readonly endOffset: number
  readonly epochs: LeaderEpochs
}

const nothing = Buffer.alloc(0)
const noRelease = () => {}

export const emptyRead: LogRead = { errorCode: 0, records: nothing, release: noRelease }
/** The segment ends before the offset: the next one is to be looked at. */
export const passedRead: LogRead = { ...emptyRead }

export function failedRead(errorCode: number, errorMessage: string): LogRead {
  return { errorCode, errorMessage, records: nothing, release: noRelease }
}

/** Read ahead where it is not known at which batch the read begins, or how large a batch is. */
const slackBytes = 8 * 1024

export function readSegment(
  segment: Segment,
  range: ReadRange,
  pool: BufferPool,
  file: Pick<File, 'read'> = segment.file.get(),
): LogRead {
  const cut = new Cut(segment, range, pool)
  while (cut.length > 0) cut.take(file.read(cut.buffer, cut.into, cut.length, cut.position))
  return result(cut, pool)
}

/** As `readSegment`, on the thread pool. */
export async function readSegmentLater(
  file: File,
  segment: Segment,
  range: ReadRange,
  pool: BufferPool,
): Promise<LogRead> {
  const cut = new Cut(segment, range, pool)
  while (cut.length > 0)
    cut.take(await file.readLater(cut.buffer, cut.into, cut.length, cut.position))
  return result(cut, pool)
}

function result(cut: Cut, pool: BufferPool): LogRead {
  const { start, end, problem, buffer } = cut
  if (start < end) {
    let held = true
    cut.remember()
    return {
      errorCode: 0,
      records: buffer.subarray(start, end),
      isPartial: cut.isPartial,
      release() {
        if (held) pool.give(buffer)
        held = false
      },
    }
  }
  pool.give(buffer)
  if (problem !== undefined) return failedRead(errors.CORRUPT_MESSAGE.code, problem)
  if (cut.isPartial) return { ...emptyRead, isPartial: true }
  return cut.isPassed ? passedRead : emptyRead
}

/** Asks for more bytes before a batch can be judged. */
const needsMore = Symbol('needsMore')

/**
 * Finds in the bytes that were read the batches to return: all that fit. It is told what was read, and says
 * what to read next. Mostly one read is enough: batches are taken to be as large as the last one.
 */
class Cut {
  buffer: Buffer
  /** The next read: so many bytes, to here in the buffer. None when 0. */
  length: number
  into = 0
  /** What is returned, in the buffer. */
  start = -1
  end = -1
  problem: string | undefined
  isPassed = false
  isPartial = false
  /** Behind the batches that are returned. */
  nextOffset = -1
  readonly #fileBytes: number
  readonly #segment: Segment
  readonly #range: ReadRange
  readonly #pool: BufferPool
  /** Where in the file the buffer begins, and how far it is filled. */
  #base: number
  #filled = 0
  /** The batch that is looked at, in the buffer; the size of the one before it; the offset it should have. */
  #at = 0
  #sizeBefore: number
  #expected: number

  constructor(segment: Segment, range: ReadRange, pool: BufferPool) {
    this.#segment = segment
    this.#range = range
    this.#pool = pool
    this.#fileBytes = segment.sizeBytes
    this.#base = range.position
    this.#expected = range.verify?.firstBaseOffset ?? 0
    this.#sizeBefore = range.batchBytes
    this.length = Math.min(this.#fileBytes - this.#base, this.#firstBytes())
    this.buffer = pool.take(this.length)
    this.isPassed = this.length === 0
  }

  #firstBytes(): number {
    const { batchBytes } = this.#range
    const bytesMax = Math.max(this.#range.bytesMax, 0)
    // The header behind the batches tells that the next one does not fit.
    return batchBytes === 0
      ? bytesMax + slackBytes
      : Math.max(1, Math.floor(bytesMax / batchBytes)) * batchBytes + batchHeaderBytes
  }

  get position(): number {
    return this.#base + this.into
  }

  take(count: number): void {
    const isShort = count < this.length
    this.#filled = this.into + count
    this.length = 0
    const needed = this.#walk()
    if (needed === 0) return
    if (isShort)
      this.problem = `${this.#segment.file.path} ends at ${this.#base + this.#filled}, not at ${this.#fileBytes}`
    else this.#ask(needed)
  }

  /** Where in the buffer the bytes end that are needed to go on; 0 when there is nothing to go on for. */
  #walk(): number {
    const { offset, verify } = this.#range
    while (this.#base + this.#at + batchHeaderBytes <= this.#fileBytes) {
      const at = this.#at
      if (at + batchHeaderBytes > this.#filled) return this.#ifWanted(at + batchHeaderBytes)
      const { buffer: bytes } = this
      const size = batchSizeOf(bytes, at)
      if (magicOf(bytes, at) !== 2 || size < batchHeaderBytes || size > this.#left(at))
        return this.#stop('has a header that cannot be')
      const lastOffset = lastOffsetOf(bytes, at)
      const isBefore = lastOffset < offset
      const isEnd = !isBefore && this.#isEnd(at, size, lastOffset)
      // A read that finds nothing rests on this header: then it has to be right.
      if (isEnd && (verify === undefined || this.start >= 0)) return 0
      if (isBefore) this.#sizeBefore = size
      if (at + size > this.#filled && (verify !== undefined || !isBefore))
        return this.#ifWanted(at + size)
      if (verify !== undefined) {
        const fault = this.#faultOf(at, size, verify)
        if (fault === needsMore) return at + size + batchHeaderBytes
        if (fault !== undefined) return this.#stop(fault)
        if (isEnd) return 0
        this.#expected = lastOffset + 1
      }
      if (!isBefore) this.#add(at, size, lastOffset)
      this.#at += size
      this.#sizeBefore = size
    }
    this.isPassed = this.start < 0
    return 0
  }

  #add(at: number, size: number, lastOffset: number): void {
    if (this.start < 0) this.start = at
    this.end = at + size
    this.nextOffset = lastOffset + 1
    this.isPartial = lastOffset + 1 < this.#range.upTo
  }

  /** Bytes of the file from here on. */
  #left(at: number): number {
    return this.#fileBytes - this.#base - at
  }

  /** Nothing is read for a batch that cannot fit. */
  #ifWanted(needed: number): number {
    return this.start < 0 || needed - this.start <= this.#range.bytesMax ? needed : 0
  }

  /** Reads up to the limit, behind what the buffer holds where it has room. */
  #ask(needed: number): void {
    const from = this.start < 0 ? this.#at : this.start
    // The batch that is wanted is probably as large as the one before it.
    const ahead = this.start < 0 ? this.#sizeBefore + slackBytes : 0
    const bytes = Math.max(this.#range.bytesMax, needed - from + ahead)
    let wanted = Math.min(from + bytes, this.#fileBytes - this.#base)
    if (wanted > this.buffer.length || from >= this.#filled) {
      wanted -= from
      this.#moveTo(wanted > this.buffer.length ? this.#pool.take(wanted) : this.buffer, from)
    }
    this.into = this.#filled
    this.length = wanted - this.#filled
  }

  /** Drops what stands before `from`. */
  #moveTo(buffer: Buffer, from: number): void {
    const kept = Math.min(from, this.#filled)
    this.buffer.copy(buffer, 0, kept, this.#filled)
    if (buffer !== this.buffer) this.#pool.give(this.buffer)
    this.buffer = buffer
    this.#base += from
    this.#filled -= kept
    this.#at -= from
    if (this.start < 0) return
    this.start -= from
    this.end -= from
  }

  /** Whether a batch that is wanted must be left out. */
  #isEnd(at: number, size: number, lastOffset: number): boolean {
    const { upTo, bytesMax, atLeastOne } = this.#range
    if (lastOffset >= upTo) return true
    if (this.start < 0 && atLeastOne) return false
    if (at + size - (this.start < 0 ? at : this.start) <= bytesMax) return false
    this.isPartial = true
    return true
  }

  /** Where this read ends: the next one often goes on there. */
  remember(): void {
    this.#segment.readTo = {
      offset: this.nextOffset,
      position: this.#base + this.end,
      batchBytes: this.#sizeBefore,
    }
  }

  #stop(fault: string): number {
    this.problem = `The batch at ${this.#base + this.#at} of ${this.#segment.file.path} ${fault}`
    return 0
  }

  #faultOf(at: number, size: number, verify: Verify): string | undefined | typeof needsMore {
    const { buffer: bytes } = this
    if (!isIntact(bytes, at)) return 'does not fit its checksum'
    const baseOffset = baseOffsetOf(bytes, at)
    const lastOffset = lastOffsetOf(bytes, at)
    if (!hasEpoch(verify.epochs, baseOffset, leaderEpochOf(bytes, at)))
      return 'has a leader epoch that did not write its offset'
    if (this.#base + at === this.#range.position && verify.firstLastOffset >= 0)
      return lastOffset === verify.firstLastOffset ? undefined : 'is not where the index has it'
    if (baseOffset < this.#expected) return 'begins before the end of the one before it'
    if (baseOffset === this.#expected) return undefined
    // A hole before a batch is what compaction leaves, unless the batch now reaches into the next.
    const next = at + size
    if (size === this.#left(at))
      return lastOffset < verify.endOffset ? undefined : 'passes its segment'
    if (next + batchHeaderBytes > this.#filled) return needsMore
    return lastOffset < baseOffsetOf(bytes, next) ? undefined : 'reaches into the next one'
  }
}

/** Whether the epochs, as far as they are known, say that `epoch` wrote `offset`. */
export function hasEpoch(epochs: LeaderEpochs, offset: number, epoch: number): boolean {
  const known = epochs.epochAt(offset)
  return known === undefined || known === epoch
}
