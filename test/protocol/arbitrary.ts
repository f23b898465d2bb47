/** Values for any message, generated from its schema. */
import fc from 'fast-check'
import type { Field, Fields, Type } from '../../protocol/schema.ts'

const integer = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
const text = fc.string({ unit: 'binary', maxLength: 20 })
const longText = fc.nat(5000).map((length) => 'ü'.repeat(length))

const scalars: Record<string, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  int8: integer(8),
  int16: integer(16),
  uint16: fc.nat(0xffff),
  int32: integer(32),
  uint32: integer(32).map((value) => value >>> 0),
  int64: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, 2 ** 63, -(2 ** 63), 2 ** 53 + 2)),
  bigint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  uuid: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes).toString('base64url')),
  string: fc.oneof({ weight: 30, arbitrary: text }, { weight: 1, arbitrary: longText }),
  bytes: fc.oneof(
    { weight: 20, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.nat(3000).map((length) => Buffer.alloc(length, 0x5a)) },
  ),
}

function anyOf(type: Type, version: number): fc.Arbitrary<unknown> {
  if (type.name === 'array') return fc.array(anyOf(type.element!.type, version), { maxLength: 3 })
  return type.name === 'struct' ? messageOf(type.fields!, version) : scalars[type.name]!
}

function fieldOf(field: Field<unknown>, version: number): fc.Arbitrary<unknown> {
  const { firstVersion, lastVersion, nullableFrom, absent, type } = field
  if (version < firstVersion || version > lastVersion) return fc.constant(absent)
  const value = fc.oneof(
    { weight: 5, arbitrary: anyOf(type, version) },
    { weight: 1, arbitrary: fc.constant(absent) },
  )
  return version >= nullableFrom ? fc.option(value, { freq: 4 }) : value
}

/** What a decoder may yield for the version, with `absent` for fields it does not carry. */
export function messageOf(fields: Fields, version: number): fc.Arbitrary<object> {
  return fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, fieldOf(field, version)]),
    ),
    { noNullPrototype: true },
  )
}
