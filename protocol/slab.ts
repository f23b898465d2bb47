/** A place in a message, to come back to. */
export interface Mark {
  readonly at: number
  readonly size: number
  readonly references: number
}

/** Bytes that are not in memory, and are sent from where they lie: a part of a file. */
export abstract class ByteRange {
  abstract readonly length: number
}

/** A piece of a message on its way out. */
export type Chunk = Buffer | ByteRange

/** From this size on, bytes are handed to the socket as they are instead of being copied. */
const referenceBytesMin = 1024
/** The first memory is small, for writers of one message; then it grows up to this. */
const slabBytesMax = 16 * 1024
const slabBytesMin = 256

/**
 * The memory that messages are written to. Messages share slabs, so a small one costs no
 * allocation, and memory that was handed out is never written to again, so it may wait in a
 * socket's queue. Large values are not copied: they go between the written pieces.
 */
export class Slab {
  protected memory: Buffer = Buffer.allocUnsafe(0)
  #slabBytes = slabBytesMin
  #start = 0
  #end = 0
  /** Large values, each with the written position that it stands before. */
  #references: { at: number; bytes: Chunk }[] = []
  #referenced = 0

  /** Bytes of the message so far. */
  get size(): number {
    return this.#end - this.#start + this.#referenced
  }

  /** Makes room for `size` bytes at the position returned. */
  protected reserve(size: number): number {
    const at = this.#end
    if (at + size > this.memory.length) return this.#grow(size)
    this.#end = at + size
    return at
  }

  /** Gives back the bytes that were reserved last. */
  protected unreserve(size: number): void {
    this.#end -= size
  }

  #grow(size: number): number {
    const written = this.#end - this.#start
    this.#slabBytes = Math.min(this.#slabBytes * 4, slabBytesMax)
    const grown = Buffer.allocUnsafe(Math.max(this.#slabBytes, (written + size) * 2))
    this.memory.copy(grown, 0, this.#start, this.#end)
    this.memory = grown
    this.#start = 0
    this.#end = written + size
    return written
  }

  /** Large values are referenced: they must not change until the message is sent. */
  slice(value: Chunk): void {
    if (value.length < referenceBytesMin && value instanceof Buffer) {
      const at = this.reserve(value.length)
      value.copy(this.memory, at)
    } else {
      this.#references.push({ at: this.#end - this.#start, bytes: value })
      this.#referenced += value.length
    }
  }

  mark(): Mark {
    const at = this.#end - this.#start
    return { at, size: at + this.#referenced, references: this.#references.length }
  }

  /** Drops what was written since. */
  rewind(mark: Mark): void {
    this.#end = this.#start + mark.at
    this.#references.length = mark.references
    this.#referenced = mark.size - mark.at
  }

  /** Writes an int32 over the one at the mark. */
  setInt32(mark: Mark, value: number): void {
    this.memory.writeInt32BE(value, this.#start + mark.at)
  }

  /** Begins a part with its size before it, as a uvarint: `endSized` writes it. */
  beginSized(): Mark {
    const mark = this.mark()
    this.reserve(1)
    return mark
  }

  endSized(mark: Mark): void {
    const size = this.size - mark.size - 1
    let extra = 0
    for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 0x80)) extra++
    if (extra > 0) this.#shift(mark, extra)
    let at = this.#start + mark.at
    let rest = size
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.memory[at++] = (rest & 0x7f) | 0x80
    this.memory[at] = rest
  }

  /** Moves what was written behind the byte at the mark. */
  #shift(mark: Mark, by: number): void {
    this.reserve(by)
    const from = this.#start + mark.at + 1
    this.memory.copyWithin(from + by, from, this.#end - by)
    for (const reference of this.#references.slice(mark.references)) reference.at += by
  }

  /** Ends the message and returns it in pieces, the large values as they were given. */
  finishChunks(): Chunk[] {
    if (this.#references.length === 0) return this.#finishPlain()
    const chunks: Chunk[] = []
    let from = this.#start
    for (const { at, bytes } of this.#references) {
      const to = this.#start + at
      if (to > from) chunks.push(this.memory.subarray(from, to))
      chunks.push(bytes)
      from = to
    }
    if (this.#end > from) chunks.push(this.memory.subarray(from, this.#end))
    this.#start = this.#end
    this.#references = []
    this.#referenced = 0
    return chunks
  }

  /** As most are: an array that grows by `push` would have room for 17. */
  #finishPlain(): Chunk[] {
    const from = this.#start
    const to = this.#end
    this.#start = to
    return to > from ? [this.memory.subarray(from, to)] : []
  }

  /** Ends a message that is in memory and returns it as one piece. */
  finish(): Buffer {
    const chunks = this.finishChunks() as Buffer[]
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }
}
