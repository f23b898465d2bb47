/**
 * What the cluster has committed, as an outsider who sees every disk knows it: for each partition the
 * batches below the highest high watermark that any broker has had.
 *
 * The first broker whose high watermark passes a batch enters it; every other must then have the
 * same bytes there (S5). Whatever is entered must be on every replica in sync and on every later
 * leader (S3).
 */
import { crc32c } from '../../protocol/crc32c.ts'
import {
  baseOffsetOf,
  batchHeaderBytes,
  batchSizeOf,
  lastOffsetOf,
} from '../../protocol/record-batch.ts'
import type { Log } from '../../src/log/log.ts'
import type { MemoryDisk } from './memory-disk.ts'

export interface Entry {
  readonly baseOffset: number
  readonly endOffset: number
  /** Of the whole batch, with its leader epoch. */
  readonly checksum: number
}

export class Ledger {
  readonly #entries: Entry[] = []
  /** For each entry the leader epoch in which it was committed. */
  readonly #committedIn: number[] = []

  /** The end of what is committed. */
  get endOffset(): number {
    return this.#entries.at(-1)?.endOffset ?? 0
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  /** The end of what was committed in earlier leader epochs: what a leader begins with. */
  endBefore(leaderEpoch: number): number {
    let index = this.#entries.length - 1
    while (index >= 0 && this.#committedIn[index]! >= leaderEpoch) index--
    return this.#entries[index]?.endOffset ?? 0
  }

  /** Why the batch does not belong here; undefined when it does, or is new. */
  enter(entry: Entry, leaderEpoch: number): string | undefined {
    const { endOffset } = this
    if (entry.baseOffset === endOffset) {
      this.#entries.push(entry)
      this.#committedIn.push(leaderEpoch)
      return undefined
    }
    if (entry.baseOffset > endOffset)
      return `the batch at ${entry.baseOffset} is committed, but those from ${endOffset} on are not`
    return this.differs(entry)
  }

  differs(entry: Entry): string | undefined {
    const known = this.#entries[this.indexOf(entry.baseOffset)]
    if (known === undefined) return undefined
    const same =
      known.baseOffset === entry.baseOffset &&
      known.endOffset === entry.endOffset &&
      known.checksum === entry.checksum
    return same ? undefined : `the batch at ${entry.baseOffset} is not the one that was committed`
  }

  /** The entry that holds the offset. */
  indexOf(offset: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.endOffset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** After an unclean election: what the new leader lacks is gone. */
  cut(endOffset: number): void {
    while (this.endOffset > endOffset) this.#entries.pop()
    this.#committedIn.length = this.#entries.length
  }
}

/** Walks over the batches of one log as they lie on its disk, going on where it was. */
export class LogWalk {
  readonly #disk: MemoryDisk
  readonly #log: Log
  #truncations: number
  #segment: number | undefined
  #position = 0
  #offset = 0

  constructor(disk: MemoryDisk, log: Log) {
    this.#disk = disk
    this.#log = log
    this.#truncations = log.truncations
  }

  /** The batches in [from, to) of whole batches. */
  *between(from: number, to: number): Generator<Entry> {
    const log = this.#log
    if (log.truncations !== this.#truncations || from < this.#offset) this.#restart()
    const { list } = log.segments
    let index = Math.max(0, log.segments.indexFor(from))
    if (this.#segment !== undefined && this.#segment === list[index]?.baseOffset) {
      // It goes on within the segment.
    } else {
      this.#restart()
      this.#segment = list[index]?.baseOffset
    }
    for (; index < list.length; index++) {
      const segment = list[index]!
      if (this.#segment !== segment.baseOffset) {
        this.#segment = segment.baseOffset
        this.#position = 0
      }
      const bytes = this.#disk.peek(segment.file.path)
      const size = Math.min(segment.sizeBytes, bytes.length)
      while (size - this.#position >= batchHeaderBytes) {
        const at = this.#position
        const baseOffset = baseOffsetOf(bytes, at)
        const endOffset = lastOffsetOf(bytes, at) + 1
        if (baseOffset >= to) return
        const batchBytes = batchSizeOf(bytes, at)
        this.#position += batchBytes
        this.#offset = endOffset
        if (endOffset <= from) continue
        const checksum = crc32c(bytes.subarray(at, at + batchBytes))
        yield { baseOffset, endOffset, checksum }
      }
    }
  }

  #restart(): void {
    this.#truncations = this.#log.truncations
    this.#segment = undefined
    this.#position = 0
    this.#offset = 0
  }
}
