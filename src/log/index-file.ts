/**
 * An index: entries of one size, ascending, in a file of their own beside the segment.
 *
 * The entries are in memory when they were needed lately. New ones are written when the segment is closed
 * or flushed, not with each append: what a crash loses is found again by recovery, which reads that
 * part of the log anyway. The memory of all indexes together is bounded (`index-budget.ts`).
 */
import { abandonedError, CachedFile } from './file-cache.ts'
import { type IndexBlock, noBlock } from './index-blocks.ts'
import type { Droppable } from './index-budget.ts'
import type { Segment } from './segment.ts'

/** Entries that an index has room for with the first one; it grows by a half from there. */
const roomAtFirst = 4

export abstract class IndexFile implements Droppable {
  previous: Droppable | undefined
  next: Droppable | undefined
  protected readonly segment: Segment
  /** Has the entries, from `#start` on; undefined while they are not in memory. */
  #block: IndexBlock | undefined
  #start = 0
  /** Entries in memory. */
  #count = 0
  /** Entries that the file holds. Invariant: at most `#count` while entries are in memory. */
  #written = 0
  /** The file lacks entries, or has others besides. */
  #isBehind = false
  /** The file was changed since it was synced. */
  #isUnsynced = false
  /** False when the file that was loaded ends within an entry. */
  #isWhole = true

  constructor(segment: Segment) {
    this.segment = segment
  }

  abstract get path(): string
  abstract get entryBytes(): number

  /** Loads the entries where needed. Throws what reading the file throws. */
  get count(): number {
    if (this.#block === undefined) this.#load()
    return this.#count
  }

  /** What the entries take in the file. */
  get sizeBytes(): number {
    return this.count * this.entryBytes
  }

  get isWhole(): boolean {
    if (this.#block === undefined) this.#load()
    return this.#isWhole
  }

  /** Has the entries, and those of others. Valid until the next append. */
  protected get bytes(): Buffer {
    if (this.#block === undefined) this.#load()
    return this.#block!.bytes
  }

  /** Where an entry begins in `bytes`, whose getter is to be asked first. */
  protected positionOf(i: number): number {
    return this.#start + i * this.entryBytes
  }

  /** Begins without entries, whatever the file holds. */
  reset(): void {
    this.#give()
    this.#block = noBlock
    this.#count = 0
    this.#written = 0
    this.#isBehind = true
    this.#isWhole = true
  }

  /** Makes room for one more entry, and tells where in `bytes`. To be filled at once. */
  protected append(): number {
    const { count, entryBytes } = this
    if ((count + 1) * entryBytes > this.#block!.pieceBytes)
      this.#take(Math.max(count + (count >> 1), roomAtFirst) * entryBytes)
    this.#count++
    this.#isBehind = true
    return this.positionOf(count)
  }

  /** Drops the entries from `count` on. */
  truncate(count: number): void {
    if (count >= this.count) return
    this.#count = count
    if (this.#written > count) {
      this.#written = count
      this.#isUnsynced = true
      this.#inFile((file) => file.truncate(count * this.entryBytes))
    }
  }

  /** Writes what is new; the file then has exactly the entries. */
  flush(): void {
    const block = this.#block
    if (block === undefined || !this.#isBehind) return
    const from = this.#written * this.entryBytes
    const to = this.#count * this.entryBytes
    this.#inFile((file) => {
      // A new file without entries is as good as none: there is nothing to make durable.
      if (from === to && file.sizeBytes() === to) return
      this.#isUnsynced = true
      if (from < to) file.write([block.bytes.subarray(this.#start + from, this.#start + to)], from)
      file.truncate(to)
    })
    this.#written = this.#count
    this.#isBehind = false
  }

  /** Makes what the file holds durable. */
  async syncLater(): Promise<void> {
    if (!this.#isUnsynced || this.segment.isAbandoned) return
    this.#isUnsynced = false
    const file = new CachedFile(this.segment.disk.resources.files, this)
    try {
      await file.whileOpen((open) => open.syncLater())
    } finally {
      file.close()
    }
  }

  /** Frees the memory, after writing what is new. False when that is not possible. */
  drop(): boolean {
    try {
      this.flush()
    } catch {
      return false
    }
    this.#give()
    return true
  }

  /** Forgets the entries: the file is gone or about to be. */
  forget(): void {
    this.#give()
  }

  #load(): void {
    const { segment, entryBytes } = this
    if (segment.isAbandoned) throw abandonedError(this.path)
    const bytes = segment.disk.env.files.readFile(this.path)
    this.#block = noBlock
    this.#count = 0
    this.#take(bytes.length)
    bytes.copy(this.#block.bytes, this.#start)
    this.#count = Math.floor(bytes.length / entryBytes)
    this.#written = this.#count
    this.#isBehind = false
    this.#isWhole = bytes.length % entryBytes === 0
  }

  #inFile(use: (file: ReturnType<CachedFile['get']>) => void): void {
    if (this.segment.isAbandoned) throw abandonedError(this.path)
    // Indexes are written seldom: their descriptors are not worth keeping.
    const file = new CachedFile(this.segment.disk.resources.files, this)
    try {
      use(file.create())
    } finally {
      file.close()
    }
  }

  /** Moves the entries to where so many bytes have room. */
  #take(bytesMin: number): void {
    const { blocks, indexes } = this.segment.disk.resources
    const before = this.#block
    const block = blocks.withRoomFor(bytesMin)
    const start = block === noBlock ? 0 : block.take()
    const from = this.#start
    if (before !== undefined)
      before.bytes.copy(block.bytes, start, from, this.positionOf(this.#count))
    this.#give()
    this.#block = block
    this.#start = start
    if (block !== noBlock) indexes.keep(this, block.pieceBytes)
  }

  #give(): void {
    const block = this.#block
    const start = this.#start
    this.#block = undefined
    this.#start = 0
    if (block === undefined || block === noBlock) return
    const { blocks, indexes } = this.segment.disk.resources
    indexes.remove(this, block.pieceBytes)
    blocks.give(block, start)
  }
}
