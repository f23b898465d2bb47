import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { crc32Partitioner, murmur2, murmur2Partitioner } from '../../src/client/partitioner.ts'

/** `murmur2-vectors.json`: [hex, hash] by Kafka 4.3.1's own org.apache.kafka.common.utils.Utils.murmur2. */
const vectors: [string, number][] = JSON.parse(
  readFileSync(new URL('murmur2-vectors.json', import.meta.url), 'utf8'),
)

test('murmur2 gives what Java gives', () => {
  expect(vectors.map(([hex]) => [hex, murmur2(Buffer.from(hex, 'hex'))])).toEqual(vectors)
})

test('a key without a partition of its own goes where the hash says, a missing key sticks', () => {
  const key = Buffer.from('foobar')
  expect([
    murmur2Partitioner(key, 7),
    murmur2Partitioner(Buffer.alloc(0), 7),
    murmur2Partitioner(null, 7),
    crc32Partitioner(key, 7),
    crc32Partitioner(Buffer.alloc(0), 7),
    crc32Partitioner(null, 7),
  ]).toEqual([
    (murmur2(key) & 0x7fffffff) % 7,
    (murmur2(Buffer.alloc(0)) & 0x7fffffff) % 7,
    'sticky',
    crc32(key) % 7,
    'sticky',
    'sticky',
  ])
})
