/**
 * Frames between brokers and the coordinator:
 *
 *     u32 length (of what follows) | u16 type | u16 version | u64 generation | u32 correlation |
 *     payload | u32 crc32c (of all before it, the length too)
 *
 * `generation` is the coordinator's: a broker drops frames of an older one. A frame whose length,
 * checksum, type, version or payload is wrong closes the connection.
 */
import { crc32c } from '@node-rs/crc32'
import { decodeMessage, encodeMessage, type Message, messageVersion } from './messages.ts'

const headerBytes = 20
const checksumBytes = 4
const lengthMin = headerBytes - 4 + checksumBytes
/** Snapshots are cut into parts far below this. */
export const frameBytesMax = 16 * 1024 * 1024

export interface Frame {
  readonly generation: number
  /** An answer repeats its request's; 0 for what nobody asked for. */
  readonly correlation: number
  readonly message: Message
}

export function encodeFrame({ generation, correlation, message }: Frame): Buffer {
  const { number, payload } = encodeMessage(message)
  const frame = Buffer.allocUnsafe(headerBytes + payload.length + checksumBytes)
  frame.writeUInt32BE(frame.length - 4, 0)
  frame.writeUInt16BE(number, 4)
  frame.writeUInt16BE(messageVersion, 6)
  frame.writeBigUInt64BE(BigInt(generation), 8)
  frame.writeUInt32BE(correlation, 16)
  payload.copy(frame, headerBytes)
  const end = frame.length - checksumBytes
  frame.writeUInt32BE(crc32c(frame.subarray(0, end)), end)
  return frame
}

/** `frame` with its length. Throws RangeError when anything about it is wrong. */
export function decodeFrame(frame: Buffer): Frame {
  const end = frame.length - checksumBytes
  const expected = frame.readUInt32BE(end)
  const actual = crc32c(frame.subarray(0, end))
  if (actual !== expected)
    throw new RangeError(`A coordinator frame's checksum is ${actual}, not ${expected}`)
  const version = frame.readUInt16BE(6)
  if (version !== messageVersion)
    throw new RangeError(`Version ${version} of coordinator messages is not known here`)
  const message = decodeMessage(frame.readUInt16BE(4), frame.subarray(headerBytes, end))
  return {
    generation: Number(frame.readBigUInt64BE(8)),
    correlation: frame.readUInt32BE(16),
    message,
  }
}

/** Chunks of a stream in, frames out. Holds copies, so that chunks may be reused by their owner. */
export class FrameStream {
  #pending: Buffer = Buffer.alloc(0)

  /** Throws RangeError at the first wrong frame: the connection is of no more use. */
  feed(chunk: Buffer): Frame[] {
    this.#pending = Buffer.concat([this.#pending, chunk])
    const frames: Frame[] = []
    let at = 0
    while (this.#pending.length - at >= 4) {
      const length = this.#pending.readUInt32BE(at)
      if (length < lengthMin || length > frameBytesMax)
        throw new RangeError(`A coordinator frame has ${length} bytes, not ${lengthMin} or more`)
      if (this.#pending.length - at < length + 4) break
      frames.push(decodeFrame(this.#pending.subarray(at, at + 4 + length)))
      at += 4 + length
    }
    this.#pending = this.#pending.subarray(at)
    return frames
  }
}
