/**
 * CRC-32C (Castagnoli, RFC 3720 B.4), the checksum of record batches and producer snapshots.
 *
 * `@node-rs/crc32` uses the processor's instruction in three streams (15-20 GB/s). Its version is held: the
 * binaries of 1.10.8 have lost that, and take three times as long. Where its binary is missing, tables do:
 * sixteen of them, so that 16 bytes are taken in one step ("slicing by 16", 2 GB/s).
 */
import { createRequire } from 'node:module'

type Crc = (bytes: Uint8Array, seed?: number) => number

const tables = buildTables()

/** The checksum of `bytes`; `seed` is the checksum of what stands before them. */
export function crc32c(bytes: Uint8Array, seed?: number): number {
  return implementation(bytes, seed)
}

/** The native one is loaded with the first use: not every program has batches to check. */
let implementation: Crc = (bytes, seed) => {
  implementation = loadNative() ?? crc32cByTable
  return implementation(bytes, seed)
}

function loadNative(): Crc | undefined {
  try {
    return (createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Crc }).crc32c
  } catch {
    return undefined // No binary for this platform.
  }
}

/** Exported so that a test can hold it equal to the native one. */
export function crc32cByTable(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed
  let i = 0
  const aligned = bytes.length - (bytes.length & 15)
  for (; i < aligned; i += 16) {
    const a = crc ^ word(bytes, i)
    const b = word(bytes, i + 4)
    const c = word(bytes, i + 8)
    const d = word(bytes, i + 12)
    crc = slice(a, 3840) ^ slice(b, 2816) ^ slice(c, 1792) ^ slice(d, 768)
  }
  for (; i < bytes.length; i++) crc = tables[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

function word(bytes: Uint8Array, i: number): number {
  return bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
}

/** Four tables, the highest at `top`: one for each byte of the word. */
function slice(word: number, top: number): number {
  return (
    tables[top + (word & 0xff)]! ^
    tables[top - 256 + ((word >>> 8) & 0xff)]! ^
    tables[top - 512 + ((word >>> 16) & 0xff)]! ^
    tables[top - 768 + (word >>> 24)]!
  )
}

/** Table n holds the effect of a byte that n more bytes follow. */
function buildTables(): Int32Array {
  const tables = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    tables[byte] = crc
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256]!
    tables[i] = tables[before & 0xff]! ^ (before >>> 8)
  }
  return tables
}
