import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c, crc32cByTable } from '../../protocol/crc32c.ts'
import { xxh32 } from '../../protocol/xxh32.ts'

test('the checksum of RFC 3720 comes out, also when computed in two parts', () => {
  const bytes = Buffer.from('123456789')
  for (const crc of [crc32c, crc32cByTable])
    expect([crc(bytes), crc(bytes.subarray(4), crc(bytes.subarray(0, 4)))]).toEqual([
      0xe3069283, 0xe3069283,
    ])
})

test('the tables give what the processor gives', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (bytes, seed) => {
        expect(crc32cByTable(bytes, seed)).toBe(crc32c(bytes, seed))
      },
    ),
  )
})

test('XXH32 gives the known values', () => {
  const text = 'Nobody inspects the spammish repetition'
  expect([xxh32(Buffer.alloc(0)), xxh32(Buffer.from('abc')), xxh32(Buffer.from(text))]).toEqual([
    0x02cc5d05, 0x32d153ff, 0xe2293b2f,
  ])
})
