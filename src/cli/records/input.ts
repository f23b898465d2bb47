/**
 * Messages out of a stream of bytes, divided by a delimiter.
 *
 * A message is handed over as a range of the buffer it came in: nothing is made for it. Empty
 * ones are passed over, and what stands behind the last delimiter is a message too.
 */
import { read } from 'node:fs'
import type { Readable } from 'node:stream'
import { Failure } from '../failure.ts'

/** The range is valid during the call only. False ends the reading. */
export type TakeMessage = (buffer: Buffer, start: number, end: number) => boolean

export interface InputOptions {
  readonly delimiter: Buffer
  /** A longer message is refused. */
  readonly messageBytesMax: number
  /** Bytes came, or the next message's turn: what time it is now. */
  readonly arrived?: (() => void) | undefined
  /** Waited for between chunks: room for more. */
  readonly ready?: (() => Promise<void>) | undefined
  /** Waited for before each message: makes reading slow, for those who want it so. */
  readonly beforeEach?: (() => Promise<void>) | undefined
  /** True ends the reading: a signal came. */
  readonly stopped?: (() => boolean) | undefined
  readonly onProgress?: ((bytes: number) => void) | undefined
}

const chunkBytes = 256 * 1024

/** How many bytes came; 0 at the end. */
function readLater(descriptor: number, buffer: Buffer): Promise<number> {
  return new Promise((resolve, reject) =>
    read(descriptor, buffer, 0, buffer.length, null, (error, bytesRead) =>
      error ? reject(error) : resolve(bytesRead),
    ),
  )
}

export async function readMessages(
  chunks: AsyncIterable<Buffer>,
  options: InputOptions,
  take: TakeMessage,
): Promise<void> {
  const { delimiter, messageBytesMax, ready, beforeEach, stopped, onProgress } = options
  // A single byte is found three times as fast.
  const wanted = delimiter.length === 1 ? delimiter[0]! : delimiter
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (stopped?.()) return
    options.arrived?.()
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    // A delimiter of several bytes may be cut in two by the chunk's end.
    let at = 0
    let from = Math.max(0, rest.length - delimiter.length + 1)
    for (;;) {
      const end = buffer.indexOf(wanted, from)
      if (end < 0) break
      if (end - at > messageBytesMax) throw tooLarge(messageBytesMax)
      if (beforeEach && end > at) {
        await beforeEach()
        options.arrived?.()
      }
      if (end > at && !take(buffer, at, end)) return
      at = end + delimiter.length
      from = at
    }
    rest = at === buffer.length ? Buffer.alloc(0) : Buffer.from(buffer.subarray(at))
    if (rest.length > messageBytesMax + delimiter.length) throw tooLarge(messageBytesMax)
    onProgress?.(chunk.length)
    await ready?.()
  }
  if (rest.length > messageBytesMax) throw tooLarge(messageBytesMax)
  if (rest.length > 0 && !stopped?.()) take(rest, 0, rest.length)
}

const tooLarge = (bytes: number) => new Failure(`Input is too large, maximum size is ${bytes}`)

/** A file in chunks; the buffer is used again for each. */
export async function* fileChunks(descriptor: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes)
  for (;;) {
    const bytesRead = await readLater(descriptor, buffer)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** Standard input: a file is read in large pieces, anything else as it comes. */
export async function* standardInput(isFile: boolean): AsyncGenerator<Buffer> {
  if (isFile) yield* fileChunks(0)
  else yield* process.stdin as Readable as AsyncIterable<Buffer>
}
