/**
 * Memory for the entries of indexes. A broker keeps two for each segment that is written to, most of them of a few entries, and a
 * buffer of its own would cost each several times what is in it: they take pieces of blocks that they share. Pieces of one size
 * lie together; an index that grows moves to a larger one, and a block in which nothing is left is used for pieces of another size.
 */

/** The smallest pieces; others are twice or three times a power of two, so that a third is left free at most. */
const pieceBytesMin = 32
/** Beyond that an index has a block to itself. */
const pieceBytesMax = 2048
const blockBytes = 16 * 1024
/** Blocks without pieces that are kept: when many indexes grow one after the other, each step leaves as much as it takes. */
const idleMax = 64

export class IndexBlock {
  readonly bytes: Buffer
  readonly pieceBytes: number
  /** Where pieces begin that were given back. */
  readonly #free: number[] = []
  /** Behind the last piece that was ever taken. */
  #end = 0

  constructor(bytes: Buffer, pieceBytes: number) {
    this.bytes = bytes
    this.pieceBytes = pieceBytes
  }

  get isFull(): boolean {
    return this.#free.length === 0 && this.#end + this.pieceBytes > this.bytes.length
  }

  get isEmpty(): boolean {
    return this.#free.length * this.pieceBytes === this.#end
  }

  /** Where a piece begins that is the caller's from now on. */
  take(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const at = this.#end
    this.#end += this.pieceBytes
    return at
  }

  give(at: number): void {
    this.#free.push(at)
  }
}

/** Of all indexes without entries. */
export const noBlock = new IndexBlock(Buffer.alloc(0), 0)

export class IndexBlocks {
  /** Blocks with room, by the size of their pieces. */
  readonly #open = new Map<number, Set<IndexBlock>>()
  readonly #idle: Buffer[] = []

  /** A block with room for a piece of at least so many bytes: `take` is to be called at once. */
  withRoomFor(bytes: number): IndexBlock {
    if (bytes === 0) return noBlock
    if (bytes > pieceBytesMax) return new IndexBlock(Buffer.allocUnsafeSlow(bytes), bytes)
    const pieceBytes = pieceBytesFor(bytes)
    let open = this.#open.get(pieceBytes)
    if (open === undefined) {
      open = new Set()
      this.#open.set(pieceBytes, open)
    }
    for (const block of open) {
      if (!block.isFull) return block
      open.delete(block)
    }
    const block = new IndexBlock(this.#idle.pop() ?? Buffer.allocUnsafeSlow(blockBytes), pieceBytes)
    open.add(block)
    return block
  }

  /** Takes back a piece. Nothing may use it from now on. */
  give(block: IndexBlock, at: number): void {
    const open = this.#open.get(block.pieceBytes)
    if (block.pieceBytes > pieceBytesMax || open === undefined) return
    block.give(at)
    if (!block.isEmpty) {
      open.add(block)
      return
    }
    open.delete(block)
    if (this.#idle.length < idleMax) this.#idle.push(block.bytes)
  }
}

function pieceBytesFor(bytes: number): number {
  if (bytes <= pieceBytesMin) return pieceBytesMin
  // By shifts: the result of an exponentiation is kept as a double, and so is all that is added to it, for each index.
  const power = 1 << (32 - Math.clz32(bytes - 1))
  const less = (power >> 2) * 3
  return bytes <= less ? less : power
}
