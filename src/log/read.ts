/**
 * Reading batches from a segment: one lookup in the index, one read of the file to a pooled buffer, a walk
 * over the headers to find which whole batches to hand out.
 */
import { errors } from '../../protocol/errors.ts'
import {
  batchHeaderBytes,
  batchPrefixBytes,
  batchSizeOf,
  isIntact,
  lastOffsetOf,
  magicOf,
} from '../../protocol/record-batch.ts'
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
  readonly offset: number
  /** Batches that reach this offset are left out. */
  readonly upTo: number
  readonly bytesMax: number
  /** Returns the first batch also when it is larger than `bytesMax` (KIP-74). */
  readonly atLeastOne: boolean
  /** Checks checksums: for bytes that may have been on the disk for long. */
  readonly verify: boolean
}

const nothing = Buffer.alloc(0)
const noRelease = () => {}

export const emptyRead: LogRead = { errorCode: 0, records: nothing, release: noRelease }

export function failedRead(errorCode: number, errorMessage: string): LogRead {
  return { errorCode, errorMessage, records: nothing, release: noRelease }
}

/** Read ahead of `bytesMax`, because the index points some batches before the one that is wanted. */
const slackBytes = 8 * 1024

/** How many bytes to read first, from `position` on. */
export function firstReadBytes(segment: Segment, position: number, range: ReadRange): number {
  return Math.min(segment.sizeBytes - position, Math.max(range.bytesMax, 0) + slackBytes)
}

export function readSegment(
  segment: Segment,
  position: number,
  range: ReadRange,
  pool: BufferPool,
): LogRead {
  const file = segment.file.get()
  const cut = new Cut(segment, position, range)
  let buffer = pool.take(firstReadBytes(segment, position, range))
  for (let length = firstReadBytes(segment, position, range); ; ) {
    const filled = file.read(buffer, 0, length, position)
    const more = cut.take(buffer, filled, length)
    if (more === 0) return result(cut, buffer, pool)
    pool.give(buffer)
    buffer = pool.take(more)
    length = more
  }
}

/** As `readSegment`, on the thread pool. */
export async function readSegmentLater(
  file: File,
  segment: Segment,
  position: number,
  range: ReadRange,
  pool: BufferPool,
): Promise<LogRead> {
  const cut = new Cut(segment, position, range)
  let buffer = pool.take(firstReadBytes(segment, position, range))
  for (let length = firstReadBytes(segment, position, range); ; ) {
    const filled = await file.readLater(buffer, 0, length, position)
    const more = cut.take(buffer, filled, length)
    if (more === 0) return result(cut, buffer, pool)
    pool.give(buffer)
    buffer = pool.take(more)
    length = more
  }
}

function result(cut: Cut, buffer: Buffer, pool: BufferPool): LogRead {
  const { start, end, problem } = cut
  if (start < end) {
    let held = true
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
  if (cut.isPartial) return { ...emptyRead, isPartial: true }
  return problem === undefined ? emptyRead : failedRead(errors.CORRUPT_MESSAGE.code, problem)
}

/** Finds in the bytes that were read the batches to return. */
class Cut {
  start = 0
  end = 0
  isPartial = false
  problem: string | undefined
  readonly #segment: Segment
  readonly #position: number
  readonly #range: ReadRange

  constructor(segment: Segment, position: number, range: ReadRange) {
    this.#segment = segment
    this.#position = position
    this.#range = range
  }

  /** Sets `start` and `end`. When the first batch needs more bytes: how many, from the same position. */
  take(bytes: Buffer, filled: number, asked: number): number {
    const more = this.#walk(bytes, filled)
    if (more === 0 || filled === asked) return more
    this.problem = `${this.#segment.file.path} ends at ${this.#position + filled}, not at ${this.#segment.sizeBytes}`
    return 0
  }

  #walk(bytes: Buffer, filled: number): number {
    const { offset, upTo, bytesMax, atLeastOne, verify } = this.#range
    const left = this.#segment.sizeBytes - this.#position
    let at = 0
    let skipped = batchHeaderBytes
    this.start = this.end = -1
    while (at < left) {
      const first = this.start < 0
      if (at + batchHeaderBytes > filled) {
        // The batch that is wanted is probably as large as the one before it.
        if (first && at + batchHeaderBytes <= left) return this.#more(at, skipped, left)
        break
      }
      const size = batchSizeOf(bytes, at)
      if (magicOf(bytes, at) !== 2 || size < batchHeaderBytes || size > left - at) {
        this.problem = this.#corrupt(at, 'has a header that cannot be')
        break
      }
      const lastOffset = lastOffsetOf(bytes, at)
      if (lastOffset < offset) {
        skipped = size
        at += size
        continue
      }
      if (lastOffset >= upTo) break
      if (first) this.start = this.end = at
      if (at + size - this.start > bytesMax && !(first && atLeastOne)) {
        this.isPartial = true
        break
      }
      if (at + size > filled) {
        if (first) return this.#more(at, size, left)
        break
      }
      if (verify && !isIntact(bytes, at)) {
        this.problem = this.#corrupt(at, 'does not fit its checksum')
        break
      }
      at += size
      this.end = at
      this.#segment.readTo = { offset: lastOffset + 1, position: this.#position + at }
      this.isPartial = lastOffset + 1 < upTo
    }
    return 0
  }

  #more(at: number, size: number, left: number): number {
    return Math.min(left, at + Math.max(size, batchPrefixBytes) + slackBytes)
  }

  #corrupt(at: number, what: string): string {
    return `The batch at ${this.#position + at} of ${this.#segment.file.path} ${what}`
  }
}
