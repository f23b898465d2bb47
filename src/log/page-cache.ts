/**
 * A guess at what is in the page cache: what this process wrote, as long as it has not moved much else through
 * the cache since. Such data is read at once, and its checksums, which were checked when it came, are not
 * checked again; all else may have to come from the disk, and disks lose bits.
 */

/** The part of the memory that is taken to hold what was written last. */
const share = 1 / 8
/** Where the memory is not known. */
const bytesMaxDefault = 128 * 1024 * 1024

export class PageCache {
  readonly #bytesMax: number
  #bytes = 0

  /** `memoryBytes`: what the process may use. */
  constructor(memoryBytes: number | undefined) {
    this.#bytesMax = memoryBytes === undefined ? bytesMaxDefault : memoryBytes * share
  }

  /** Bytes went to the cache, written or read from the disk. Returns the mark of what came last. */
  add(bytes: number): number {
    this.#bytes += bytes
    return this.#bytes
  }

  /** Whether what was written `bytesBefore` before a mark is probably still there. */
  holds(mark: number, bytesBefore: number): boolean {
    return this.#bytes - mark + bytesBefore <= this.#bytesMax
  }
}
