/**
 * Snappy, framed as xerial's Java library does it and Kafka with it:
 *
 * ```
 * 0x82 "SNAPPY" 0x00 | int32 version 1 | int32 compatible version 1 | blocks: int32 length, raw snappy
 * ```
 *
 * Bytes that do not begin so are one raw block: some clients send that, and every reader takes it.
 */
import { createRequire } from 'node:module'
import { CompressionError } from './compression-error.ts'
import { snappyBlock, snappyLiterals, snappySizeOf } from './snappy-block.ts'

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const header = Buffer.concat([magic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
/** What xerial's stream puts into one block. */
const blockBytes = 32 * 1024

interface Native {
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer): Buffer
}
let native: Native | undefined | null

/** Loaded with the first use; null where there is no binary for this platform. */
function load(): Native | null {
  if (native === undefined)
    try {
      native = createRequire(import.meta.url)('snappy') as Native
    } catch {
      native = null
    }
  return native
}

export function snappyDecompress(bytes: Buffer, bytesMax: number): Buffer {
  if (bytes.length === 0) throw new CompressionError('snappy: there is no data')
  if (!magic.equals(bytes.subarray(0, magic.length))) return block(bytes, 0, bytesMax)
  const blocks: Buffer[] = []
  let total = 0
  for (let at = 0; at < bytes.length; ) {
    // A stream may begin anew in the middle: writers that were appended to each other.
    if (magic.equals(bytes.subarray(at, at + magic.length))) {
      if (at + header.length > bytes.length)
        throw new CompressionError('snappy: the data is cut off')
      if (bytes.readInt32BE(at + 8) < 1)
        throw new CompressionError(`snappy: version ${bytes.readInt32BE(at + 8)} is not known`)
      at += header.length
      continue
    }
    const length = at + 4 <= bytes.length ? bytes.readInt32BE(at) : -1
    at += 4 + length
    if (length < 0 || at > bytes.length) throw new CompressionError('snappy: the data is cut off')
    const part = block(bytes.subarray(at - length, at), total, bytesMax)
    total += part.length
    blocks.push(part)
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, total)
}

function block(bytes: Buffer, before: number, bytesMax: number): Buffer {
  // The size stands in front, so the limit is checked before anything is allocated.
  const size = snappySizeOf(bytes)
  if (before + size > bytesMax) throw CompressionError.tooLarge('snappy', bytesMax)
  try {
    return load()?.uncompressSync(bytes) ?? snappyBlock(bytes)
  } catch (error) {
    throw new CompressionError(`snappy: ${(error as Error).message}`)
  }
}

export function snappyCompress(bytes: Buffer): Buffer {
  const parts: Buffer[] = [header]
  const pack = load()?.compressSync ?? snappyLiterals
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const packed = pack(bytes.subarray(at, at + blockBytes))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(packed.length)
    parts.push(length, packed)
  }
  return Buffer.concat(parts)
}
