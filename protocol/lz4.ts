/**
 * LZ4 frames (lz4_Frame_format.md, version 1.6) as Kafka takes them:
 *
 * ```
 * magic uint32le | FLG | BD | [content size 8] | header checksum
 *   | blocks: uint32le size (highest bit: stored as it is), data, [checksum 4] | 0 | [content checksum 4]
 * ```
 *
 * Kafka refuses dependent blocks and a wrong header checksum, does not look at the content checksum, and
 * takes one frame: what follows the end mark is ignored.
 */
import { createRequire } from 'node:module'
import { CompressionError } from './compression-error.ts'
import { lz4Block } from './lz4-block.ts'
import { xxh32 } from './xxh32.ts'

const magic = 0x184d2204
const storedBit = 0x8000_0000
/** Version 1, independent blocks; blocks of at most 64 KiB. What Kafka's own writer uses. */
const flags = {
  version: 0x40,
  independent: 0x20,
  blockChecksum: 0x10,
  contentSize: 8,
  contentChecksum: 4,
}
const blockBytes = 64 * 1024
const blockSizeId = 0x40

interface Native {
  /** Block format behind the unpacked size as uint32le. */
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer): Buffer
}
let native: Native | undefined | null

/** Loaded with the first use; null where there is no binary for this platform. */
function load(): Native | null {
  if (native === undefined)
    try {
      native = createRequire(import.meta.url)('lz4-napi') as Native
    } catch {
      native = null
    }
  return native
}

export function lz4Decompress(bytes: Buffer, bytesMax: number): Buffer {
  const { at: start, flg, blockBytesMax } = readHeader(bytes)
  const blocks: Buffer[] = []
  let total = 0
  for (let at = start; ; ) {
    const word = uint32(bytes, at)
    const size = word % storedBit
    at += 4
    if (word === 0) break
    if (size > blockBytesMax)
      throw new CompressionError(`lz4: a block of ${size} bytes is over its limit ${blockBytesMax}`)
    if (at + size > bytes.length) throw cutOff()
    const data = bytes.subarray(at, at + size)
    at += size
    if (flg & flags.blockChecksum) {
      if (xxh32(data) !== uint32(bytes, at))
        throw new CompressionError('lz4: the checksum of a block is wrong')
      at += 4
    }
    const block = word >= storedBit ? data : unpack(data, blockBytesMax)
    total += block.length
    if (total > bytesMax) throw CompressionError.tooLarge('lz4', bytesMax)
    blocks.push(block)
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, total)
}

function readHeader(bytes: Buffer): { at: number; flg: number; blockBytesMax: number } {
  if (uint32(bytes, 0) !== magic) throw new CompressionError('lz4: the magic bytes are wrong')
  if (bytes.length < 7) throw cutOff()
  const flg = bytes[4]!
  const bd = bytes[5]!
  if ((flg & 0xc0) !== flags.version || (flg & 3) !== 0 || (bd & 0x8f) !== 0 || bd >> 4 < 4)
    throw new CompressionError(`lz4: frame descriptor ${flg}, ${bd} is not supported`)
  if ((flg & flags.independent) === 0)
    throw new CompressionError('lz4: dependent blocks are not supported')
  const at = flg & flags.contentSize ? 14 : 6
  if (at >= bytes.length) throw cutOff()
  if (((xxh32(bytes.subarray(4, at)) >>> 8) & 0xff) !== bytes[at])
    throw new CompressionError('lz4: the checksum of the frame descriptor is wrong')
  return { at: at + 1, flg, blockBytesMax: 2 ** (2 * (bd >> 4) + 8) }
}

/** The unpacked size of a block is not written anywhere: its limit (4 MiB at most) stands for it. */
function unpack(data: Buffer, bytesMax: number): Buffer {
  const library = load()
  if (library === null) return lz4Block(data, bytesMax)
  const sized = Buffer.allocUnsafe(data.length + 4)
  sized.writeUInt32LE(bytesMax, 0)
  data.copy(sized, 4)
  try {
    return library.uncompressSync(sized)
  } catch (error) {
    throw new CompressionError(`lz4: ${(error as Error).message}`)
  }
}

export function lz4Compress(bytes: Buffer): Buffer {
  const header = Buffer.alloc(7)
  header.writeUInt32LE(magic, 0)
  header[4] = flags.version | flags.independent
  header[5] = blockSizeId
  header[6] = xxh32(header.subarray(4, 6)) >>> 8
  const parts: Buffer[] = [header]
  const library = load()
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const plain = bytes.subarray(at, at + blockBytes)
    const packed = library?.compressSync(plain).subarray(4) ?? plain
    const stored = packed.length >= plain.length
    const size = Buffer.allocUnsafe(4)
    size.writeUInt32LE(stored ? storedBit + plain.length : packed.length)
    parts.push(size, stored ? plain : packed)
  }
  parts.push(Buffer.alloc(4))
  return Buffer.concat(parts)
}

function uint32(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw cutOff()
  return bytes.readUInt32LE(at)
}

function cutOff(): CompressionError {
  return new CompressionError('lz4: the data is cut off')
}
