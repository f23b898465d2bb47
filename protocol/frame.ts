/**
 * Frames: `int32 size | payload`, back to back on a stream.
 *
 * Reading: chunks of any size go in, whole payloads come out. A payload that lies within one chunk
 * is shown where it lies there. One that spans chunks is collected in memory of its own, which grows with the
 * bytes that have come, never by what the size claims: a hostile size costs nothing.
 */
import { ProtocolError, Writer } from './bytes.ts'
import { readInt32 } from './fixed.ts'
import { writeRequestHeader, writeResponseHeader } from './header.ts'
import type { Api, Encodable, Fields } from './schema.ts'
import type { Chunk } from './slab.ts'

/** The default of socket.request.max.bytes. */
export const frameBytesMaxDefault = 104_857_600

const sizeBytes = 4
/** Memory for a frame that spans chunks: twice what has come, but not in smaller pieces than this. */
const collectBytesMin = 1024
/** What is left of a frame is worth a read of its own when it is more: a smaller rest comes with what follows it. */
const ownReadBytesMin = 64 * 1024
/** Smaller pieces are made anew: that costs little. */
const keptBytesMin = 8 * 1024
const nothing = Buffer.alloc(0)

/**
 * Memory of frames that spanned chunks, to be used again: fresh memory costs more than what is then
 * written to it. What is here is there already, so a frame may have as much of it as it claims.
 */
export class FrameMemory {
  readonly #bytesMax: number
  readonly #free: Buffer[] = []
  #bytes = 0
  /** Memory that was not kept. */
  #dropped = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get limit(): { readonly used: number; readonly max: number; readonly refused: number } {
    return { used: this.#bytes, max: this.#bytesMax, refused: this.#dropped }
  }

  /** At least so much, when there is some. */
  take(size: number): Buffer | undefined {
    const at = this.#free.findIndex(({ length }) => length >= size)
    if (at < 0) return undefined
    const [found] = this.#free.splice(at, 1)
    this.#bytes -= found!.length
    return found
  }

  give(memory: Buffer): void {
    if (memory.length < keptBytesMin) return
    if (this.#bytes + memory.length > this.#bytesMax) {
      this.#dropped++
      return
    }
    this.#bytes += memory.length
    this.#free.push(memory)
  }
}

/** Takes a frame's payload: what lies in `bytes` from `start` to before `end`. */
export type TakeFrame = (bytes: Buffer, start: number, end: number) => void

/** The size that a frame says it has is none, or is over the limit. */
export class FrameSizeError extends ProtocolError {}

export class FrameReader {
  /** What a frame may be from now on: who sends may have to show something first. */
  frameBytesMax: number
  readonly #memory: FrameMemory | undefined
  /** Held the last frame that spanned chunks. */
  #finished: Buffer | undefined
  /** The frame under way: its size, then its payload. */
  #collected: Buffer = nothing
  #length = 0

  /** @param memory with it, frames are valid only until the next call of `feed` or `release` */
  constructor(frameBytesMax = frameBytesMaxDefault, memory?: FrameMemory) {
    this.frameBytesMax = frameBytesMax
    this.#memory = memory
  }

  /** Bytes of an unfinished frame that wait for the rest. */
  get pendingBytes(): number {
    return this.#length
  }

  /**
   * Where the next bytes of a large frame belong. Who writes them here and then feeds what was written saves
   * their copy; `undefined` when any other memory is as good.
   */
  get space(): Buffer | undefined {
    if (this.#length < sizeBytes) return undefined
    const whole = this.#wholeBytes(this.#collected, 0)
    if (whole - this.#length < ownReadBytesMin) return undefined
    if (this.#length === this.#collected.length) this.#grow(this.#length, whole)
    return this.#collected.subarray(this.#length, whole)
  }

  /**
   * Takes the next bytes of the stream and returns the payloads that are complete with them. They
   * are valid as long as the chunk's memory is; only one that spans chunks has memory of its own.
   *
   * @throws ProtocolError when a size is negative or over the limit: the stream is lost then.
   */
  feed(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    this.each(chunk, (bytes, start, end) => void frames.push(bytes.subarray(start, end)))
    return frames
  }

  /** As `feed`, without a view for each payload. */
  each(chunk: Buffer, take: TakeFrame): void {
    this.release()
    let offset = this.#length > 0 ? this.#finish(chunk, take) : 0
    while (chunk.length - offset >= sizeBytes) {
      const end = offset + this.#wholeBytes(chunk, offset)
      if (end > chunk.length) {
        this.#collect(chunk, offset, chunk.length, end - offset)
        return
      }
      take(chunk, offset + sizeBytes, end)
      offset = end
    }
    if (offset < chunk.length) this.#collect(chunk, offset, chunk.length, sizeBytes)
  }

  /** Nobody looks at the frames any more: a connection that is idle should not hold the memory of its last one. */
  release(): void {
    if (this.#finished === undefined) return
    this.#memory?.give(this.#finished)
    this.#finished = undefined
  }

  /** Completes the frame under way as far as the chunk goes; returns how much of it was taken. */
  #finish(chunk: Buffer, take: TakeFrame): number {
    let taken = 0
    if (this.#length < sizeBytes) {
      taken = Math.min(sizeBytes - this.#length, chunk.length)
      this.#collect(chunk, 0, taken, sizeBytes)
      if (this.#length < sizeBytes) return taken
    }
    const whole = this.#wholeBytes(this.#collected, 0)
    const end = Math.min(taken + whole - this.#length, chunk.length)
    this.#collect(chunk, taken, end, whole)
    if (this.#length < whole) return end
    const finished = this.#collected
    if (this.#memory !== undefined) this.#finished = finished
    this.#collected = nothing
    this.#length = 0
    take(finished, sizeBytes, whole)
    return end
  }

  #collect(chunk: Buffer, from: number, to: number, whole: number): void {
    const needed = this.#length + to - from
    if (needed > this.#collected.length) this.#grow(needed, whole)
    if (!this.#holds(chunk, from)) chunk.copy(this.#collected, this.#length, from, to)
    this.#length = needed
  }

  #grow(needed: number, whole: number): void {
    const size = Math.min(whole, Math.max(needed * 2, collectBytesMin))
    const grown = this.#memory?.take(whole) ?? Buffer.allocUnsafeSlow(size)
    this.#collected.copy(grown, 0, 0, this.#length)
    this.#collected = grown
  }

  /** Whether the chunk was written to `space`. */
  #holds(chunk: Buffer, from: number): boolean {
    const { buffer, byteOffset } = this.#collected
    return chunk.buffer === buffer && chunk.byteOffset + from === byteOffset + this.#length
  }

  #wholeBytes(bytes: Buffer, offset: number): number {
    const size = readInt32(bytes, offset)
    if (size < 0 || size > this.frameBytesMax)
      throw new FrameSizeError(`A frame of ${size} bytes is not within 0 to ${this.frameBytesMax}`)
    return sizeBytes + size
  }
}

/**
 * Collects frames, and gives them out in as few chunks as possible: large records are referenced,
 * not copied, and must not change until they are sent. A value that cannot be written throws and
 * leaves no trace.
 */
export class FrameWriter {
  readonly #writer: Writer

  /** @param errorCodes see `Writer` */
  constructor(errorCodes?: number[]) {
    this.#writer = new Writer(errorCodes)
  }

  request<Request extends Fields>(
    api: Api<Request, any>,
    header: { apiVersion: number; correlationId: number; clientId: string | null },
    body: Encodable<Request>,
  ): void {
    this.#frame(`${api.name} request v${header.apiVersion}`, () => {
      writeRequestHeader(this.#writer, api, header)
      api.request(header.apiVersion).write(this.#writer, body)
    })
  }

  response<Response extends Fields>(
    api: Api<any, Response>,
    header: { apiVersion: number; correlationId: number },
    body: Encodable<Response>,
  ): void {
    this.#frame(`${api.name} response v${header.apiVersion}`, () => {
      writeResponseHeader(this.#writer, api, header)
      api.response(header.apiVersion).write(this.#writer, body)
    })
  }

  /** The bytes of all frames since the last call; buffers, unless something else was given to write. */
  take<C extends Chunk = Buffer>(): C[] {
    return this.#writer.finishChunks() as C[]
  }

  #frame(what: string, write: () => void): void {
    const writer = this.#writer
    const mark = writer.mark()
    try {
      writer.int32(0)
      write()
    } catch (error) {
      writer.rewind(mark)
      throw new RangeError(`${what} cannot be written: ${(error as Error).message}`, {
        cause: error,
      })
    }
    writer.setInt32(mark, writer.size - mark.size - sizeBytes)
  }
}
