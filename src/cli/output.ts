/**
 * Standard output, gathered in a buffer and written synchronously: one system call for many
 * records, and nothing is lost when the process exits.
 */
import { writeSync } from 'node:fs'
import { ClosedPipe } from './failure.ts'

const bufferBytes = 256 * 1024

export class Output {
  readonly #descriptor: number
  #buffer = Buffer.allocUnsafeSlow(bufferBytes)
  #end = 0

  constructor(descriptor = 1) {
    this.#descriptor = descriptor
  }

  /** Copies a range of bytes. */
  bytes(from: Uint8Array, start = 0, end = from.length): void {
    const size = end - start
    if (size > this.#buffer.length - this.#end) {
      this.flush()
      if (size > this.#buffer.length) {
        this.#writeAll(from.subarray(start, end))
        return
      }
    }
    const buffer = this.#buffer
    let at = this.#end
    if (size < 24) for (let i = start; i < end; i++) buffer[at++] = from[i]!
    else buffer.set(from.subarray(start, end), at)
    this.#end += size
  }

  text(text: string): void {
    // One UTF-16 unit makes three bytes at most.
    if (text.length * 3 > this.#buffer.length - this.#end) this.bytes(Buffer.from(text))
    else this.#end += this.#buffer.write(text, this.#end)
  }

  line(text = ''): void {
    this.text(`${text}\n`)
  }

  flush(): void {
    const end = this.#end
    this.#end = 0
    if (end > 0) this.#writeAll(this.#buffer.subarray(0, end))
  }

  /** Throws ClosedPipe when the reader is gone. */
  #writeAll(bytes: Uint8Array): void {
    let done = 0
    while (done < bytes.length) {
      try {
        done += writeSync(this.#descriptor, bytes, done)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EPIPE') throw new ClosedPipe()
        if (code !== 'EAGAIN') throw error
        // A pipe that does not block and is full: wait a moment for its reader.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      }
    }
  }
}

/** Colours only where a person looks, and has not said no (https://no-color.org). */
export function wantsColor(stream: { isTTY?: boolean }, when: string | undefined): boolean {
  if (when === 'always') return true
  if (when === 'never') return false
  const { NO_COLOR, TERM } = process.env
  return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb'
}
