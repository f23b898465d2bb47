/**
 * The last offset of each key in the part of a log that is to be compacted: a hash table of fixed size
 * that keeps 128 bits of hash instead of the key (Kafka's SkimpyOffsetMap). Its size bounds how much of a
 * log one compaction gets through; the rest is for the next one.
 */
import { hashKey } from './key-hash.ts'

/** Four words of hash, and the offset. */
export const mapEntryBytes = 24

export class CompactionMap {
  /** Everything up to this offset is in the map; -1 before the first. */
  latestOffset = -1
  readonly #mask: number
  readonly #sizeMax: number
  readonly #seed: number
  readonly #hashes: Int32Array
  /** The offset plus one, so that fresh memory says "free" without being touched. */
  readonly #offsets: Float64Array
  readonly #hash = new Int32Array(4)
  #size = 0

  /** Takes `bytesMax` at most, and no more than `keysMax` keys need. At most `loadFactor` of it is used. */
  constructor(bytesMax: number, keysMax: number, loadFactor: number, seed: number) {
    const wanted = Math.max(keysMax / loadFactor, 16)
    const slots = 2 ** Math.min(floorLog2(bytesMax / mapEntryBytes), floorLog2(wanted) + 1)
    this.#mask = slots - 1
    this.#sizeMax = Math.max(1, Math.min(Math.floor(slots * loadFactor), slots - 1))
    this.#seed = seed
    this.#hashes = new Int32Array(slots * 4)
    this.#offsets = new Float64Array(slots)
  }

  get size(): number {
    return this.#size
  }

  /** Notes a key's offset, which is above those noted before. False when the map is full. */
  put(bytes: Buffer, start: number, length: number, offset: number): boolean {
    if (this.#size >= this.#sizeMax) return false
    const slot = this.#find(bytes, start, length)
    if (this.#offsets[slot] === 0) {
      this.#hashes.set(this.#hash, slot * 4)
      this.#size++
    }
    this.#offsets[slot] = offset + 1
    return true
  }

  /** -1 for a key that is not in the map. */
  get(bytes: Buffer, start: number, length: number): number {
    return this.#offsets[this.#find(bytes, start, length)]! - 1
  }

  /** The slot of a key, or the free one where it belongs (double hashing). */
  #find(bytes: Buffer, start: number, length: number): number {
    const hash = this.#hash
    const hashes = this.#hashes
    hashKey(bytes, start, length, this.#seed, hash)
    const [h0, h1, h2, h3] = hash as unknown as [number, number, number, number]
    const step = h1 | 1 // Odd, so that it visits every slot of a power of two.
    for (let slot = h0 & this.#mask; ; slot = (slot + step) & this.#mask) {
      if (this.#offsets[slot] === 0) return slot
      const at = slot * 4
      if (
        hashes[at] === h0 &&
        hashes[at + 1] === h1 &&
        hashes[at + 2] === h2 &&
        hashes[at + 3] === h3
      )
        return slot
    }
  }
}

function floorLog2(value: number): number {
  return Math.max(Math.floor(Math.log2(value)), 0)
}
