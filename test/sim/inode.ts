/** One file of a simulated disk: what is read, and what would be left of it. */
import type { Chance } from './world.ts'

const sectorBytes = 512

interface Change {
  readonly number: number
  readonly position: number
  /** Undefined: a truncation to `position`. */
  readonly bytes: Buffer | undefined
}

/** Bytes that grow without being copied for each write. */
class Content {
  #bytes = Buffer.alloc(0)
  size = 0

  view(): Buffer {
    return this.#bytes.subarray(0, this.size)
  }

  write(bytes: Buffer, position: number): void {
    this.#reserve(position + bytes.length)
    bytes.copy(this.#bytes, position)
    this.size = Math.max(this.size, position + bytes.length)
  }

  resize(size: number): void {
    this.#reserve(size)
    if (size < this.size) this.#bytes.fill(0, size, this.size)
    this.size = size
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return
    const grown = Buffer.alloc(Math.max(size, this.#bytes.length * 2, 1024))
    this.view().copy(grown)
    this.#bytes = grown
  }
}

export class Inode {
  readonly #current = new Content()
  readonly #durable = new Content()
  #unsynced: Change[] = []
  #changes = 0
  /** By position: bits that the medium turns round for whoever reads. What was written stays what it is. */
  readonly #flips = new Map<number, number>()

  get size(): number {
    return this.#current.size
  }

  /** Valid until the next change. */
  view(): Buffer {
    return this.#current.view()
  }

  bytes(): Buffer {
    return Buffer.from(this.#current.view())
  }

  flip(position: number, bit: number): void {
    this.#flips.set(position, 1 << bit)
  }

  unflip(): void {
    this.#flips.clear()
  }

  read(into: Buffer, offset: number, length: number, position: number): number {
    const end = Math.min(this.size, position + length)
    if (end <= position) return 0
    const count = this.#current.view().copy(into, offset, position, end)
    for (const [at, mask] of this.#flips)
      if (at >= position && at < end) into[offset + at - position]! ^= mask
    return count
  }

  write(chunks: readonly Buffer[], position: number): void {
    const bytes = Buffer.concat(chunks)
    if (bytes.length === 0) return
    this.#unsynced.push({ number: ++this.#changes, position, bytes })
    this.#current.write(bytes, position)
  }

  truncate(size: number): void {
    for (const at of this.#flips.keys()) if (at >= size) this.#flips.delete(at)
    this.#unsynced.push({ number: ++this.#changes, position: size, bytes: undefined })
    this.#current.resize(size)
  }

  /** All that was done so far. */
  mark(): number {
    return this.#changes
  }

  sync(): void {
    this.syncTo(this.#changes)
  }

  syncTo(mark: number): void {
    const done = this.#unsynced.filter(({ number }) => number <= mark)
    if (done.length === 0) return
    this.#unsynced = this.#unsynced.filter(({ number }) => number > mark)
    for (const change of done) this.#apply(change)
  }

  /** A sync has failed: the pages count as clean, and never reach the disk. */
  dropUnsynced(): void {
    this.#unsynced = []
  }

  /** `kept`: how likely a sector that was not synced is there. */
  losePower(chance: Chance, kept: number): void {
    for (const change of this.#unsynced) {
      if (change.bytes === undefined) {
        if (!chance.chance(kept)) break
        this.#apply(change)
        continue
      }
      const { position, bytes } = change
      for (let at = 0; at < bytes.length; ) {
        const size = Math.min(bytes.length - at, sectorBytes - ((position + at) % sectorBytes))
        if (chance.chance(kept)) this.#durable.write(bytes.subarray(at, at + size), position + at)
        at += size
      }
    }
    this.#unsynced = []
    this.#current.resize(0)
    this.#current.write(this.#durable.view(), 0)
  }

  #apply({ position, bytes }: Change): void {
    if (bytes === undefined) this.#durable.resize(position)
    else this.#durable.write(bytes, position)
  }
}
