/**
 * The codecs of record batches, in the framing that Kafka's clients use.
 *
 * Everything here is synchronous and bounded: unpacking stops as soon as the result passes the limit, so
 * a small batch cannot make a large allocation. What Kafka accepts is accepted: several gzip members or
 * zstd frames, zeros behind gzip and LZ4, snappy with and without xerial's frame.
 */
import { createRequire } from 'node:module'
import { CompressionError } from './compression-error.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'
import { zstdCompress, zstdDecompress } from './zstd.ts'

export { CompressionError }

let loaded: typeof import('node:zlib') | undefined
/** Loaded with the first batch that needs it. */
function zlib(): typeof import('node:zlib') {
  loaded ??= createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib')
  return loaded
}

/** The lowest three bits of a batch's attributes. */
export const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type CodecName = keyof typeof codecs
export const codecNames = Object.keys(codecs) as CodecName[]

/** Throws CompressionError when the bytes are not of this codec or unpack to more than `bytesMax`. */
export function decompress(codec: number, bytes: Buffer, bytesMax: number): Buffer {
  switch (codec) {
    case codecs.none:
      return bytes
    case codecs.gzip:
      return gunzip(bytes, bytesMax)
    case codecs.snappy:
      return snappyDecompress(bytes, bytesMax)
    case codecs.lz4:
      return lz4Decompress(bytes, bytesMax)
    case codecs.zstd:
      return zstdDecompress(bytes, bytesMax)
    default:
      throw new CompressionError(`Unknown compression type id: ${codec}`)
  }
}

/** `level` is that of the codec; snappy has none, and our LZ4 has one only. */
export function compress(codec: number, bytes: Buffer, level?: number): Buffer {
  switch (codec) {
    case codecs.none:
      return bytes
    case codecs.gzip:
      return zlib().gzipSync(bytes, level === undefined ? {} : { level })
    case codecs.snappy:
      return snappyCompress(bytes)
    case codecs.lz4:
      return lz4Compress(bytes)
    case codecs.zstd:
      return zstdCompress(bytes, level)
    default:
      throw new CompressionError(`Unknown compression type id: ${codec}`)
  }
}

function gunzip(bytes: Buffer, bytesMax: number): Buffer {
  if (bytes.length === 0) throw new CompressionError('gzip: there is no data')
  try {
    return zlib().gunzipSync(bytes, { maxOutputLength: Math.max(bytesMax, 1) })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'ERR_BUFFER_TOO_LARGE'
      ? CompressionError.tooLarge('gzip', bytesMax)
      : new CompressionError(`gzip: ${message}`)
  }
}
