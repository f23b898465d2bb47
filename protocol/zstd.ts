/**
 * Zstandard: from node:zlib where it has it (Node 22.15), else from WebAssembly.
 *
 * The WebAssembly package starts itself asynchronously. Here it is started in one step, because codecs
 * are called in the middle of synchronous work; that takes a few milliseconds with the first use.
 */
import { createRequire } from 'node:module'
import { CompressionError } from './compression-error.ts'
import { zstdFrames } from './zstd-frames.ts'

interface Zstd {
  /** Throws RangeError when the result passes the limit, and Error when the data is bad. */
  decompress(bytes: Buffer, bytesMax: number): Buffer
  compress(bytes: Buffer, level: number): Buffer
}

const levelDefault = 3
let zstd: Zstd | undefined

export function zstdDecompress(bytes: Buffer, bytesMax: number): Buffer {
  if (bytes.length === 0) throw new CompressionError('zstd: there is no data')
  zstd ??= builtIn() ?? fromWasm()
  try {
    return zstd.decompress(bytes, bytesMax)
  } catch (error) {
    if (error instanceof RangeError) throw CompressionError.tooLarge('zstd', bytesMax)
    throw new CompressionError(`zstd: ${(error as Error).message}`)
  }
}

export function zstdCompress(bytes: Buffer, level = levelDefault): Buffer {
  zstd ??= builtIn() ?? fromWasm()
  return zstd.compress(bytes, level)
}

function builtIn(): Zstd | undefined {
  const zlib = createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib')
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib
  if (typeof zstdDecompressSync !== 'function') return undefined
  return {
    decompress(bytes, bytesMax) {
      const frames = zstdFrames(bytes)
      if (frames === undefined) throw new Error('the data is cut off, or more follows it')
      let left = bytesMax
      const unpack = (frame: Buffer) => {
        const unpacked = zstdDecompressSync(frame, { maxOutputLength: Math.max(left, 1) })
        left -= unpacked.length
        return unpacked
      }
      try {
        const parts = frames.map(unpack)
        return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        throw code === 'ERR_BUFFER_TOO_LARGE' ? new RangeError(message) : error
      }
    },
    compress: (bytes, level) =>
      zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } }),
  }
}

/** What the package's Emscripten module has and its types do not tell. */
interface WasmModule {
  HEAPU8: Uint8Array
  instantiateWasm: (imports: object, ready: (instance: object) => unknown) => unknown
  init(path: string): void
  _malloc(size: number): number
  _free(pointer: number): void
  _ZSTD_isError(result: number): number
  _ZSTD_decompress(to: number, capacity: number, from: number, size: number): number
  _ZSTD_compressBound(size: number): number
  _ZSTD_compress(to: number, capacity: number, from: number, size: number, level: number): number
}

/** ZSTD_error_dstSize_tooSmall, negated as results are. */
const tooSmall = -70

let wasmZstd: Zstd | undefined

/** Exported so that a test can run it where Node has its own. */
export function fromWasm(): Zstd {
  wasmZstd ??= startWasm()
  return wasmZstd
}

function startWasm(): Zstd {
  const require = createRequire(import.meta.url)
  const main = require.resolve('@bokuweb/zstd-wasm')
  const wasm = require(main.replace(/index\.node\.js$/, 'zstd.js')).Module as WasmModule
  const { readFileSync } = require('node:fs') as typeof import('node:fs')
  const code = readFileSync(main.replace(/index\.node\.js$/, 'zstd.wasm'))
  // Node's types do not know the classes.
  const { WebAssembly: assembly } = globalThis as unknown as {
    WebAssembly: {
      Module: new (code: Buffer) => object
      Instance: new (module: object, imports: object) => object
    }
  }
  wasm.instantiateWasm = (imports, ready) =>
    ready(new assembly.Instance(new assembly.Module(code), imports))
  wasm.init('')
  return {
    decompress(bytes, bytesMax) {
      for (let capacity = 8 * bytes.length + 65536; ; capacity *= 4) {
        const result = run(wasm, bytes, Math.min(capacity, bytesMax), (to, room, from) =>
          wasm._ZSTD_decompress(to, room, from, bytes.length),
        )
        if (typeof result !== 'number') return result
        if (result !== tooSmall) throw new Error(`the data is corrupt (error ${-result})`)
        if (capacity >= bytesMax) throw new RangeError('the limit is passed')
      }
    },
    compress(bytes, level) {
      const result = run(wasm, bytes, wasm._ZSTD_compressBound(bytes.length), (to, room, from) =>
        wasm._ZSTD_compress(to, room, from, bytes.length, level),
      )
      if (typeof result === 'number') throw new Error(`zstd: packing failed (error ${-result})`)
      return result
    },
  }
}

/** Calls a function on a copy of the bytes in the module's memory; the result, or its error number. */
function run(
  wasm: WasmModule,
  bytes: Buffer,
  capacity: number,
  call: (to: number, capacity: number, from: number) => number,
): Buffer | number {
  const from = wasm._malloc(Math.max(bytes.length, 1))
  const to = wasm._malloc(Math.max(capacity, 1))
  try {
    if (from === 0 || to === 0) throw new Error('out of memory')
    wasm.HEAPU8.set(bytes, from)
    const size = call(to, capacity, from)
    if (wasm._ZSTD_isError(size)) return size | 0
    return Buffer.from(wasm.HEAPU8.subarray(to, to + size))
  } finally {
    wasm._free(from)
    wasm._free(to)
  }
}
