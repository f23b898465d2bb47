/**
 * Large buffers that are used again: fetched data passes through them on its way to the socket. Fresh
 * memory costs half a microsecond for each 4 KiB page, more than reading into it.
 */

import type { Limit } from '../core/limit.ts'

/** Idle buffers are kept up to this sum. */
const idleBytesMaxDefault = 64 * 1024 * 1024
const smallestBits = 12
const largestBits = 26

export class BufferPool {
  /** Idle buffers by the power of two that is their size. */
  readonly #idle: Buffer[][] = Array.from({ length: largestBits + 1 }, () => [])
  readonly #idleBytesMax: number
  #idleBytes = 0
  /** Buffers that were not kept. */
  #dropped = 0

  constructor(idleBytesMax = idleBytesMaxDefault) {
    this.#idleBytesMax = idleBytesMax
  }

  get limit(): Limit {
    return { used: this.#idleBytes, max: this.#idleBytesMax, refused: this.#dropped }
  }

  /** A buffer of at least `size` bytes, with whatever is in it. */
  take(size: number): Buffer {
    const bits = bitsFor(size)
    if (bits > largestBits) return Buffer.allocUnsafeSlow(size)
    const idle = this.#idle[bits]!.pop()
    if (idle === undefined) return Buffer.allocUnsafeSlow(2 ** bits)
    this.#idleBytes -= idle.length
    return idle
  }

  /** Takes back what `take` gave. Nothing may use it from now on. */
  give(buffer: Buffer): void {
    const bits = bitsFor(buffer.length)
    if (bits > largestBits || this.#idleBytes + buffer.length > this.#idleBytesMax) {
      this.#dropped++
      return
    }
    this.#idleBytes += buffer.length
    this.#idle[bits]!.push(buffer)
  }
}

function bitsFor(size: number): number {
  return Math.max(smallestBits, 32 - Math.clz32(size - 1))
}
