/**
 * Frames between brokers and the coordinator:
 *
 *     u32 length (of what follows) | u16 type | u16 version | u64 generation | u32 correlation |
 *     payload | u32 crc32c (of all before it, the length too)
 *
 * `generation` is the coordinator's: a broker drops frames of an older one. A frame whose length,
 * checksum, type, version or payload is wrong closes the connection.
 */
import { crc32c } from '../crc32c.ts'
import { fixed } from '../fixed.ts'
import { FrameReader } from '../frame.ts'
import { decodeMessage, encodeMessage, type Message, messageVersion } from './messages.ts'

const lengthBytes = 4
const header = fixed({
  typeAndVersion: 'uint32',
  generation: 'int64',
  correlation: 'uint32',
})
const checksumBytes = 4
/** Snapshots are cut into parts far below this. */
export const frameBytesMax = 16 * 1024 * 1024
/** … before a connection carries a session: a broker registers, with its listeners and directories. */
export const guestFrameBytesMax = 64 * 1024
/** What a broker takes: a coordinator may have more to tell of new topics than it was asked, all their configurations. */
export const answerBytesMax = 4 * frameBytesMax

export interface Frame {
  readonly generation: number
  /** An answer repeats its request's; 0 for what nobody asked for. */
  readonly correlation: number
  readonly message: Message
}

export function encodeFrame({ generation, correlation, message }: Frame): Buffer {
  const { number, payload } = encodeMessage(message)
  const start = lengthBytes + header.sizeBytes
  const frame = Buffer.allocUnsafe(start + payload.length + checksumBytes)
  frame.writeUInt32BE(frame.length - lengthBytes, 0)
  const typeAndVersion = number * 0x10000 + messageVersion
  header.write({ typeAndVersion, generation, correlation }, frame, lengthBytes)
  payload.copy(frame, start)
  const end = frame.length - checksumBytes
  frame.writeUInt32BE(crc32c(frame.subarray(0, end)), end)
  return frame
}

/** What follows the length. Throws RangeError when anything about it is wrong. */
export function decodeFrame(body: Buffer): Frame {
  const end = body.length - checksumBytes
  if (end < header.sizeBytes)
    throw new RangeError(`A coordinator frame of ${body.length} bytes is too short`)
  const length = Buffer.allocUnsafe(lengthBytes)
  length.writeUInt32BE(body.length)
  const expected = body.readUInt32BE(end)
  const actual = crc32c(body.subarray(0, end), crc32c(length))
  if (actual !== expected)
    throw new RangeError(`A coordinator frame's checksum is ${actual}, not ${expected}`)
  const { typeAndVersion, generation, correlation } = header.read(body)
  const version = typeAndVersion % 0x10000
  if (version !== messageVersion)
    throw new RangeError(`Version ${version} of coordinator messages is not known here`)
  const message = decodeMessage(
    Math.floor(typeAndVersion / 0x10000),
    body.subarray(header.sizeBytes, end),
  )
  return { generation, correlation, message }
}

/** Chunks of a stream in, frames out; what they hold is valid as long as the chunk is. */
export class FrameStream {
  readonly #frames: FrameReader

  constructor(bytesMax = frameBytesMax) {
    this.#frames = new FrameReader(bytesMax)
  }

  /** From the next frame on. */
  set bytesMax(bytesMax: number) {
    this.#frames.frameBytesMax = bytesMax
  }

  /**
   * Throws RangeError at the first wrong frame, a FrameSizeError for its length: the connection is of no more use.
   * @param took told the bytes of each frame
   */
  feed(chunk: Buffer, took?: (bytes: number) => void): Frame[] {
    return this.#frames.feed(chunk).map((body) => {
      took?.(body.length)
      return decodeFrame(body)
    })
  }
}
