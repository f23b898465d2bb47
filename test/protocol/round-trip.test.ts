import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Reader, Writer } from '../../protocol/bytes.ts'
import { array, bytes, int32, int64, message, string, uuid } from '../../protocol/schema.ts'
import { messageOf } from './arbitrary.ts'
import { allMessages } from './vectors.ts'

const messages = await allMessages()

test('every message in every version is read as it was written', () => {
  for (const { name, versions, fields, codec } of messages.values()) {
    for (let version = versions[0]; version <= versions[1]; version++) {
      const property = fc.property(messageOf(fields, version), (value) => {
        const writer = new Writer()
        codec(version).write(writer, value)
        const reader = new Reader(writer.finish())
        expect(codec(version).read(reader), `${name} v${version}`).toEqual(value)
        expect(reader.remaining, `${name} v${version}`).toBe(0)
      })
      fc.assert(property, { numRuns: 6 })
    }
  }
})

test('int64 beyond 2^53 reads as the nearest number and is written within the range', () => {
  const { codec } = message('Longs', { versions: [0, 0], fields: { longs: array(int64) } })
  const hex = (longs: number[]) => {
    const writer = new Writer()
    codec(0).write(writer, { longs })
    return writer.finish().subarray(4).toString('hex')
  }
  expect(hex([2 ** 63, Infinity])).toBe('7fffffffffffffff'.repeat(2))
  expect(hex([-(2 ** 63), -Infinity])).toBe('8000000000000000'.repeat(2))
  expect(hex([2 ** 53, -1, -(2 ** 32)])).toBe('0020000000000000ffffffffffffffffffffffff00000000')
  const read = (hex: string) => codec(0).read(new Reader(Buffer.from(hex, 'hex'))).longs
  expect(read('000000017fffffffffffffff')).toEqual([2 ** 63])
  expect(read('000000010020000000000001')).toEqual([2 ** 53])
})

test('a tagged field that equals its default is left out', () => {
  const { codec } = message('Tagged', {
    versions: [0, 0],
    flexible: 0,
    fields: {
      ids: array(int32).tag(0),
      max: int64.default(2 ** 63).tag(1),
      id: uuid.tag(2),
      text: string.default('x').tag(3),
      none: string.nullable().default(null).tag(4),
    },
  })
  const hex = (value: object) => {
    const writer = new Writer()
    codec(0).write(writer, value)
    return writer.finish().toString('hex')
  }
  const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
  expect(hex({})).toBe('00')
  expect(hex({ ids: [], max: 2 ** 63, id: zeroId, text: 'x', none: null })).toBe('00')
  expect(hex({ text: '', none: '' })).toBe('0203010104' + '0101')
})

test('tags in any order of the schema are written in ascending order', () => {
  const { codec } = message('Ordered', {
    versions: [0, 0],
    flexible: 0,
    fields: { b: int32.tag(7), a: int32.tag(2) },
  })
  const writer = new Writer()
  codec(0).write(writer, { a: 1, b: 2 })
  const written = writer.finish()
  expect(written.toString('hex')).toBe('02020400000001070400000002')
  expect(Object.entries(codec(0).read(new Reader(written)))).toEqual([
    ['b', 2],
    ['a', 1],
  ])
})

test('a tagged field longer than 127 bytes, with large bytes inside, has its size before it', () => {
  const { codec } = message('Large', {
    versions: [0, 0],
    flexible: 0,
    fields: { blobs: array(bytes).tag(0), tail: array(string).tag(1) },
  })
  const blobs = [Buffer.alloc(100, 1), Buffer.alloc(5000, 2), Buffer.alloc(7, 3)]
  const value = { blobs, tail: ['c'.repeat(20_000), 'd'] }
  const writer = new Writer()
  codec(0).write(writer, value)
  expect(codec(0).read(new Reader(writer.finish()))).toEqual(value)
})
