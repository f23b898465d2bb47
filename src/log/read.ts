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
  batchPrefixBytes,
  batchSizeOf,
  isIntact,
  lastOffsetOf,
  leaderEpochOf,
  magicOf,
} from '../../protocol/record-batch.ts'
import type { LeaderEpochs } from '../core/replication/leader-epochs.ts'
import type { File } from '../env/env.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { Segment } from './segment.ts'

/** Whole batches, or why there are none. */
export interface LogRead {
  readonly errorCode: number
  readonly errorMessage?: string
  /** A view of memory that is used again after `release`. Empty at the end of what may be read. */
  readonly records: Buffer
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
  /** Batches that reach this offset are left out. */
  readonly upTo: number
  readonly bytesMax: number
  /** Returns the first batch also when it is larger than `bytesMax` (KIP-74). */
  readonly atLeastOne: boolean
  /** How to check bytes that may have been on the disk for long; `undefined` to trust them. */
  readonly verify: Verify | undefined
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

/** Read ahead of `bytesMax`, because the index points some batches before the one that is wanted. */
const slackBytes = 8 * 1024

export function readSegment(segment: Segment, range: ReadRange, pool: BufferPool): LogRead {
  const file = segment.file.get()
  const cut = new Cut(segment, range)
  for (let length = cut.firstBytes; ; ) {
    const buffer = pool.take(length)
    const filled = file.read(buffer, 0, length, range.position)
    const more = cut.take(buffer, filled, length)
    if (more === 0) return result(cut, buffer, pool)
    pool.give(buffer)
    length = more
  }
}

/** As `readSegment`, on the thread pool. */
export async function readSegmentLater(
  file: File,
  segment: Segment,
  range: ReadRange,
  pool: BufferPool,
): Promise<LogRead> {
  const cut = new Cut(segment, range)
  for (let length = cut.firstBytes; ; ) {
    const buffer = pool.take(length)
    const filled = await file.readLater(buffer, 0, length, range.position)
    const more = cut.take(buffer, filled, length)
    if (more === 0) return result(cut, buffer, pool)
    pool.give(buffer)
    length = more
  }
}

function result(cut: Cut, buffer: Buffer, pool: BufferPool): LogRead {
  const { start, end, problem } = cut
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

/** Finds in the bytes that were read the batches to return. */
class Cut {
  start = -1
  end = -1
  problem: string | undefined
  isPassed = false
  isPartial = false
  /** Behind the batches that are returned. */
  nextOffset = -1
  /** Whole file from `position` on. */
  readonly #left: number
  readonly #segment: Segment
  readonly #range: ReadRange

  constructor(segment: Segment, range: ReadRange) {
    this.#segment = segment
    this.#range = range
    this.#left = segment.sizeBytes - range.position
  }

  get firstBytes(): number {
    return Math.min(this.#left, Math.max(this.#range.bytesMax, 0) + slackBytes)
  }

  /** Sets `start` and `end`. When the first batch needs more bytes: how many, from the same position. */
  take(bytes: Buffer, filled: number, asked: number): number {
    const more = this.#walk(bytes, filled)
    if (more === 0 || filled === asked) return more
    this.problem = `${this.#segment.file.path} ends at ${this.#range.position + filled}, not at ${this.#segment.sizeBytes}`
    return 0
  }

  #walk(bytes: Buffer, filled: number): number {
    const { offset, verify, upTo } = this.#range
    let expected = verify?.firstBaseOffset ?? 0
    let skipped = batchHeaderBytes
    let at = 0
    this.start = this.end = -1
    while (at + batchHeaderBytes <= this.#left) {
      const isFirst = this.start < 0
      // The batch that is wanted is probably as large as the one before it.
      if (at + batchHeaderBytes > filled) return isFirst ? this.#more(at + skipped) : 0
      const size = batchSizeOf(bytes, at)
      if (magicOf(bytes, at) !== 2 || size < batchHeaderBytes || size > this.#left - at)
        return this.#stop(at, 'has a header that cannot be')
      const lastOffset = lastOffsetOf(bytes, at)
      const isBefore = lastOffset < offset
      const isEnd = !isBefore && this.#isEnd(at, size, lastOffset)
      // A read that finds nothing rests on this header: then it has to be right.
      if (isEnd && (verify === undefined || !isFirst)) return 0
      if (at + size > filled && (verify !== undefined || !isBefore))
        return isFirst ? this.#more(at + size) : 0
      if (verify !== undefined) {
        const fault = this.#faultOf(bytes, at, size, filled, expected, verify)
        if (fault === needsMore) return isFirst ? this.#more(at + size + batchHeaderBytes) : 0
        if (fault !== undefined) return this.#stop(at, fault)
        if (isEnd) return 0
        expected = lastOffset + 1
      }
      if (!isBefore && isFirst) this.start = at
      at += size
      skipped = size
      if (isBefore) continue
      this.end = at
      this.nextOffset = lastOffset + 1
      this.isPartial = lastOffset + 1 < upTo
    }
    this.isPassed = this.start < 0
    return 0
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
    this.#segment.readTo = { offset: this.nextOffset, position: this.#range.position + this.end }
  }

  #more(bytes: number): number {
    return Math.min(this.#left, bytes + batchPrefixBytes + slackBytes)
  }

  #stop(at: number, fault: string): number {
    this.problem = `The batch at ${this.#range.position + at} of ${this.#segment.file.path} ${fault}`
    return 0
  }

  #faultOf(
    bytes: Buffer,
    at: number,
    size: number,
    filled: number,
    expected: number,
    verify: Verify,
  ): string | undefined | typeof needsMore {
    if (!isIntact(bytes, at)) return 'does not fit its checksum'
    const baseOffset = baseOffsetOf(bytes, at)
    const lastOffset = lastOffsetOf(bytes, at)
    if (!hasEpoch(verify.epochs, baseOffset, leaderEpochOf(bytes, at)))
      return 'has a leader epoch that did not write its offset'
    if (at === 0 && verify.firstLastOffset >= 0)
      return lastOffset === verify.firstLastOffset ? undefined : 'is not where the index has it'
    if (baseOffset < expected) return 'begins before the end of the one before it'
    if (baseOffset === expected) return undefined
    // A hole before a batch is what compaction leaves, unless the batch now reaches into the next.
    const next = at + size
    if (next === this.#left) return lastOffset < verify.endOffset ? undefined : 'passes its segment'
    if (next + batchHeaderBytes > filled) return needsMore
    return lastOffset < baseOffsetOf(bytes, next) ? undefined : 'reaches into the next one'
  }
}

/** Whether the epochs, as far as they are known, say that `epoch` wrote `offset`. */
export function hasEpoch(epochs: LeaderEpochs, offset: number, epoch: number): boolean {
  const known = epochs.epochAt(offset)
  return known === undefined || known === epoch
}
