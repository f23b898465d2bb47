/**
 * Walks over the batches of a segment file, reading it in large pieces.
 *
 * Only headers are looked at unless `loadWhole` asks for more, and what lies between two headers is not
 * read when a batch is larger than the piece. Nothing is trusted: a length or magic that cannot be
 * ends the walk, with the reason in `problem`. What the disk cannot read is damage as any other.
 */
import {
  baseOffsetOf,
  batchHeaderBytes,
  batchSizeOf,
  isIntact,
  lastOffsetOf,
  magicOf,
} from '../../protocol/record-batch.ts'
import type { File } from '../env/env.ts'
import { ReadableParts } from './readable-parts.ts'

const pieceBytesDefault = 64 * 1024

export class BatchScanner {
  /** Holds the header of the current batch at `at`. */
  bytes: Buffer
  at = 0
  /** Where the current batch begins in the file. */
  position: number
  /** Of the current batch; 0 before the first. */
  size = 0
  /** Why the walk ended before `end`. */
  problem: string | undefined
  readonly #file: ReadableParts
  readonly #end: number
  /** Bytes in `bytes` that are of the file, and the position of the first. */
  #filled = 0
  #filledFrom: number

  constructor(file: File, start: number, end: number, pieceBytes = pieceBytesDefault) {
    this.#file = new ReadableParts(file)
    this.#end = end
    this.position = start
    this.#filledFrom = start
    this.bytes = Buffer.allocUnsafe(Math.max(Math.min(pieceBytes, end - start), batchHeaderBytes))
  }

  /** Goes to the next batch; false at the end, or where no batch can be. */
  next(): boolean {
    this.position += this.size
    this.size = 0
    const left = this.#end - this.position
    if (left === 0) return false
    if (left < batchHeaderBytes) return this.#stop(`${left} bytes are too few for a batch`)
    if (!this.#load(batchHeaderBytes)) return this.#stop('the file is shorter than expected')
    const size = batchSizeOf(this.bytes, this.at)
    const magic = magicOf(this.bytes, this.at)
    if (magic !== 2) return this.#stop(`magic is ${magic}`)
    if (size < batchHeaderBytes) return this.#stop(`a batch of ${size} bytes is too short`)
    if (size > left) return this.#stop(`a batch of ${size} bytes passes the end by ${size - left}`)
    this.size = size
    return true
  }

  get baseOffset(): number {
    return baseOffsetOf(this.bytes, this.at)
  }

  get lastOffset(): number {
    return lastOffsetOf(this.bytes, this.at)
  }

  /** Why the bytes at `position` or behind could not be read, if something there could not. */
  unreadableFrom(position: number): Error | undefined {
    return this.#file.unreadableTo > position ? this.#file.error : undefined
  }

  /** Of the batch behind the current one; `undefined` where none can be. */
  nextBaseOffset(): number | undefined {
    const { size } = this
    if (this.position + size + batchHeaderBytes > this.#end) return undefined
    if (!this.#load(size + batchHeaderBytes)) return undefined
    const next = this.at + size
    return magicOf(this.bytes, next) === 2 ? baseOffsetOf(this.bytes, next) : undefined
  }

  /** Brings the whole current batch to `bytes`; false when its checksum is wrong. */
  loadWhole(): boolean {
    return this.#load(this.size) && isIntact(this.bytes, this.at)
  }

  /** As `loadWhole`, on the thread pool where something must be read. */
  async loadWholeLater(): Promise<boolean> {
    if (this.at + this.size > this.#filled) {
      if (this.size > this.bytes.length) this.bytes = Buffer.allocUnsafe(this.size)
      await this.fillLater(this.position)
    }
    return this.at + this.size <= this.#filled && isIntact(this.bytes, this.at)
  }

  /** Whether `fillLater` would save the next steps from waiting for the disk. */
  get isStarving(): boolean {
    const next = this.position + this.size
    const buffered = this.#filledFrom + this.#filled - next
    return buffered < this.bytes.length / 4 && next + Math.max(buffered, 0) < this.#end
  }

  /** Reads the next piece on the thread pool. Not between `next` and the use of what it found. */
  async fillLater(from = this.position + this.size): Promise<void> {
    const wanted = Math.min(this.bytes.length, this.#end - from)
    this.#filled = await this.#file.readLater(this.bytes, 0, wanted, from)
    this.#filledFrom = from
    this.at = this.position - from
  }

  /** Goes back or on to a position, where no batch is current before `next` or `resync`. */
  seek(position: number): void {
    this.position = position
    this.size = 0
    this.problem = undefined
  }

  /**
   * After a problem: goes to the next place where a batch with a right checksum stands. False when there is
   * none before the end. Reads the rest of the file where needed, byte by byte.
   */
  resync(): boolean {
    const end = this.#end - batchHeaderBytes
    for (let position = this.position + 1; position <= end; position++) {
      this.position = position
      this.size = 0
      if (!this.#load(batchHeaderBytes)) return false
      if (magicOf(this.bytes, this.at) !== 2) continue
      if (this.next() && this.loadWhole() && this.baseOffset >= 0) {
        this.problem = undefined
        return true
      }
    }
    return false
  }

  #stop(problem: string): false {
    this.problem = this.unreadableFrom(this.position)?.message ?? problem
    return false
  }

  /** Makes `size` bytes from `position` on available at `at`. */
  #load(size: number): boolean {
    this.at = this.position - this.#filledFrom
    if (this.at >= 0 && this.at + size <= this.#filled) return true
    if (size > this.bytes.length) this.bytes = Buffer.allocUnsafe(size)
    const wanted = Math.min(this.bytes.length, this.#end - this.position)
    this.#filled = this.#file.read(this.bytes, 0, wanted, this.position)
    this.#filledFrom = this.position
    this.at = 0
    return size <= this.#filled
  }
}
