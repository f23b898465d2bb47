/**
 * An index: entries of one size, ascending, in a file of their own beside the segment.
 *
 * The entries are in memory when they were needed lately. New ones are written when the segment is closed
 * or flushed, not with each append: what a crash loses is found again by recovery, which reads that
 * part of the log anyway. The memory of all indexes together is bounded (`index-budget.ts`).
 */
import { abandonedError, CachedFile } from './file-cache.ts'
import type { IndexBudget } from './index-budget.ts'
import type { Segment } from './segment.ts'

/** Entries that an index has room for with the first one; it doubles from there. */
const roomAtFirst = 4

/** Of all indexes without entries. */
const noBytes = Buffer.alloc(0)

export abstract class IndexFile {
  protected readonly segment: Segment
  #bytes: Buffer | undefined
  /** Entries in `#bytes`. */
  #count = 0
  /** Entries that the file holds. Invariant: at most `#count` while entries are in memory. */
  #written = 0
  /** The file lacks entries, or has others besides. */
  #isBehind = false
  /** The file was changed since it was synced. */
  #isUnsynced = false

  constructor(segment: Segment) {
    this.segment = segment
  }

  abstract get path(): string
  abstract get entryBytes(): number

  get #budget(): IndexBudget {
    return this.segment.disk.resources.indexes
  }

  /** Loads the entries where needed. Throws what reading the file throws. */
  get count(): number {
    if (this.#bytes === undefined) this.#load()
    return this.#count
  }

  /** What the entries take in the file. */
  get sizeBytes(): number {
    return this.count * this.entryBytes
  }

  /** False when the file that was loaded ends within an entry. */
  get isWhole(): boolean {
    return this.entries.length % this.entryBytes === 0
  }

  /** The entries in one buffer. Valid until the next append. */
  get entries(): Buffer {
    if (this.#bytes === undefined) this.#load()
    return this.#bytes!
  }

  /** Begins without entries, whatever the file holds. */
  reset(): void {
    this.#bytes = noBytes
    this.#count = 0
    this.#written = 0
    this.#isBehind = true
    this.#budget.remove(this)
  }

  /** Room for one more entry: the buffer, and where in it. To be filled at once. */
  append(): number {
    const at = this.count * this.entryBytes
    if (at === this.#bytes!.length) {
      const grown = Buffer.alloc(Math.max(2 * at, roomAtFirst * this.entryBytes))
      this.#bytes!.copy(grown)
      this.#bytes = grown
      this.#keep()
    }
    this.#count++
    this.#isBehind = true
    return at
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
    if (this.#bytes === undefined || !this.#isBehind) return
    const from = this.#written * this.entryBytes
    const to = this.#count * this.entryBytes
    this.#inFile((file) => {
      // A new file without entries is as good as none: there is nothing to make durable.
      if (from === to && file.sizeBytes() === to) return
      this.#isUnsynced = true
      if (from < to) file.write([this.#bytes!.subarray(from, to)], from)
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
    this.#bytes = undefined
    this.#budget.remove(this)
    return true
  }

  /** Forgets the entries: the file is gone or about to be. */
  forget(): void {
    this.#bytes = undefined
    this.#budget.remove(this)
  }

  #load(): void {
    if (this.segment.isAbandoned) throw abandonedError(this.path)
    const bytes = this.segment.disk.env.files.readFile(this.path)
    this.#bytes = bytes.length === 0 ? noBytes : bytes
    this.#count = Math.floor(bytes.length / this.entryBytes)
    this.#written = this.#count
    this.#isBehind = false
    this.#keep()
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

  #keep(): void {
    if (this.#bytes!.length > 0) this.#budget.keep(this, this.#bytes!.length)
  }
}
