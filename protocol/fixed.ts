/**
 * Fixed layouts: big-endian integers one after the other, described by one table.
 *
 * From the table come a decoder (binary-parser), an encoder, the size, the position of each field and a
 * check of the length: binary-parser alone reads short input as zeros. For headers, index entries,
 * snapshots and dumps; where every nanosecond counts, fields are read in place (`record-batch.ts`).
 */

import { Parser } from 'binary-parser'

export type FixedType = 'int8' | 'int16' | 'int32' | 'int64' | 'uint32'
export type FixedFields = { readonly [name: string]: FixedType }
export type FixedValue<F extends FixedFields> = { -readonly [K in keyof F]: number }

export interface Fixed<F extends FixedFields> {
  readonly sizeBytes: number
  /** Where each field begins. */
  readonly positions: Readonly<Record<keyof F, number>>
  /** Throws RangeError when fewer than `sizeBytes` bytes follow `at`. */
  read(bytes: Buffer, at?: number): FixedValue<F>
  /** Writes in place when `into` is given. Throws RangeError when the value does not fit. */
  write(value: Readonly<FixedValue<F>>, into?: Buffer, at?: number): Buffer
}

const sizes: Record<FixedType, number> = { int8: 1, int16: 2, int32: 4, int64: 8, uint32: 4 }

export function fixed<const F extends FixedFields>(fields: F): Fixed<F> {
  const positions: Record<string, number> = {}
  let sizeBytes = 0
  const entries = Object.entries(fields)
  for (const [name, type] of entries) {
    positions[name] = sizeBytes
    sizeBytes += sizes[type]
  }
  let parser: Parser | undefined
  return {
    sizeBytes,
    positions: positions as Record<keyof F, number>,
    read(bytes, at = 0) {
      if (at < 0 || at + sizeBytes > bytes.length)
        throw new RangeError(`${sizeBytes} bytes at ${at} pass the end ${bytes.length}`)
      parser ??= parserOf(entries)
      return parser.parse(bytes.subarray(at, at + sizeBytes)) as FixedValue<F>
    },
    write(value, into = Buffer.allocUnsafe(sizeBytes), at = 0) {
      let position = at
      for (const [name, type] of entries) position = write[type](into, value[name]!, position)
      return into
    },
  }
}

function parserOf(entries: readonly (readonly [string, FixedType])[]): Parser {
  let parser = Parser.start().endianness('big')
  for (const [name, type] of entries)
    parser = type === 'int64' ? parser.int64(name, { formatter: Number }) : parser[type](name)
  return parser.create(Layout)
}

/** Swallows what binary-parser hangs on each result, which keeps results fast objects of one shape. */
class Layout {
  declare $parent: unknown
  declare $root: unknown
}
for (const name of ['$parent', '$root'])
  Object.defineProperty(Layout.prototype, name, { set() {}, get: () => undefined })

const write: Record<FixedType, (into: Buffer, value: number, at: number) => number> = {
  int8: (into, value, at) => into.writeInt8(value, at),
  int16: (into, value, at) => into.writeInt16BE(value, at),
  int32: (into, value, at) => into.writeInt32BE(value, at),
  uint32: (into, value, at) => into.writeUInt32BE(value, at),
  int64: (into, value, at) => writeInt64(into, value, at),
}

/*
 * What follows reads as the methods of Buffer do, and throws RangeError as they do. Those are not found at once
 * where they are called: Node 20 looks them up each time, in optimized code too, for half of what such a read costs.
 */

export function readInt8(bytes: Buffer, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) outside(bytes, at, 1)
  return (byte << 24) >> 24
}

export function readInt16(bytes: Buffer, at: number): number {
  const first = bytes[at]
  const last = bytes[at + 1]
  if (first === undefined || last === undefined) outside(bytes, at, 2)
  return ((first << 24) >> 16) | last
}

export function readInt32(bytes: Buffer, at: number): number {
  const first = bytes[at]
  const last = bytes[at + 3]
  if (first === undefined || last === undefined) outside(bytes, at, 4)
  return (first << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | last
}

export function readUint32(bytes: Buffer, at: number): number {
  return readInt32(bytes, at) >>> 0
}

/** An int64 as a number; beyond 2^53 the nearest number. */
export function readInt64(bytes: Buffer, at: number): number {
  return int64Of(readInt32(bytes, at), readInt32(bytes, at + 4))
}

/** Of its halves, both signed. What has 32 bits stays an integer: V8 keeps each double of an object in memory of its own. */
export function int64Of(high: number, low: number): number {
  return high === low >> 31 ? low : high * 2 ** 32 + (low >>> 0)
}

/** Takes the low 32 bits of what is given, signed or not. */
export function writeInt32(into: Buffer, value: number, at: number): void {
  if (into[at] === undefined || into[at + 3] === undefined) outside(into, at, 4)
  into[at] = value >> 24
  into[at + 1] = value >> 16
  into[at + 2] = value >> 8
  into[at + 3] = value
}

function outside(bytes: Buffer, at: number, size: number): never {
  throw new RangeError(`${size} bytes at ${at} are outside a buffer of ${bytes.length}`)
}

/** Returns the position behind it. */
export function writeInt64(into: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 2 ** 32)
  if (high > 0x7fffffff) into.writeBigInt64BE(0x7fffffffffffffffn, at)
  else {
    writeInt32(into, high, at)
    writeInt32(into, value - high * 2 ** 32, at + 4)
  }
  return at + 8
}
