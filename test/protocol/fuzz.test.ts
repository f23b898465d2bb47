/**
 * Every decoder against damaged input: recorded messages whose lengths, counts, varints, tags and
 * null markers are replaced by evil ones, or whose bytes are changed anywhere. Only two outcomes
 * are right: a value, which can be written and read again, or a ProtocolError.
 *
 * `FUZZ_SECONDS=60 npx vitest run test/protocol/fuzz.test.ts` goes on for a minute from a random
 * seed; `FUZZ_SEED=n` sets the seed.
 */
import { expect, test } from 'vitest'
import { ProtocolError, Reader, Writer } from '../../protocol/bytes.ts'
import { readRequestHeader, writeRequestHeader } from '../../protocol/header.ts'
import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { array, bytes, message, string } from '../../protocol/schema.ts'
import { damage, NotingWriter, numbersFrom } from './damage.ts'
import { allMessages, fromJson, readVectors } from './vectors.ts'

const messages = await allMessages()
const vectors = readVectors<{ name: string; version: number; json: any; decodeOnly?: boolean }>(
  'golden/messages.jsonl.gz',
).filter(({ name, decodeOnly }) => messages.has(name) && !decodeOnly)

/** Decodes damaged forms of one recorded message; returns how many of them were refused. */
function attack(vector: (typeof vectors)[number], cases: number, next: (below: number) => number) {
  let refused = 0
  const { fields, codec } = messages.get(vector.name)!
  const { read, write } = codec(vector.version)
  const writer = new NotingWriter()
  write(writer, fromJson(fields, vector.json) as any)
  const whole = writer.finish()
  for (let i = 0; i < cases; i++) {
    const damaged = damage(whole, writer.sites, next)
    try {
      const value = read(new Reader(damaged))
      const again = new Writer()
      write(again, value)
      expect(read(new Reader(again.finish()))).toEqual(value)
    } catch (error) {
      if (error instanceof ProtocolError && ++refused) continue
      const at = `${vector.name} v${vector.version} <- ${damaged.toString('hex')}`
      throw new Error(at, { cause: error })
    }
  }
  return refused
}

test('damaged messages are refused, or mean something that can be written again', () => {
  const { FUZZ_SECONDS, FUZZ_SEED } = process.env
  const seconds = Number(FUZZ_SECONDS ?? 0)
  const seed = Number(FUZZ_SEED ?? (seconds > 0 ? Date.now() % 2 ** 31 : 1))
  const next = numbersFrom(seed)
  const end = Date.now() + seconds * 1000
  let cases = 0
  let refused = 0
  do {
    for (const vector of vectors) refused += attack(vector, 12, next)
    cases += vectors.length * 12
  } while (Date.now() < end)
  expect(refused).toBeGreaterThan(cases / 4)
  if (seconds > 0) console.log(`${cases} cases from seed ${seed}, ${refused} refused`)
}, 86_400_000)

const hex = (text: string) => Buffer.from(text, 'hex')
const flexible = { versions: [0, 0], flexible: 0 } as const

test('a request with too many elements is refused before they are made', () => {
  // OffsetFetch v8 for a group with 1001 topics of 1000 partitions.
  const writer = new Writer()
  const partitionIndexes = Array.from({ length: 1000 }, (_, i) => i)
  const topics = Array.from({ length: 1001 }, (_, i) => ({ name: `${i}`, partitionIndexes }))
  const header = { apiVersion: 8, correlationId: 1, clientId: null }
  writeRequestHeader(writer, OffsetFetch, header)
  OffsetFetch.request(8).write(writer, { groups: [{ groupId: 'g', topics }] })
  const reader = new Reader(writer.finish())
  readRequestHeader(reader, () => OffsetFetch)
  expect(() => OffsetFetch.request(8).read(reader)).toThrow(
    'There are 2 array elements more than allowed',
  )
})

test('counts and lengths beyond the end are refused', () => {
  const { codec } = message('Long', {
    ...flexible,
    fields: { texts: array(string), blob: bytes },
  })
  const refusal = (text: string) => {
    try {
      return codec(0).read(new Reader(hex(text)))
    } catch (error) {
      return error instanceof ProtocolError ? error.message : error
    }
  }
  expect(
    ['ffffffff0f', '05010101', '0203', '0105aabb', '00', '020100', '010103'].map(refusal),
  ).toEqual([
    '4294967294 elements do not fit in 0 bytes',
    '4 elements do not fit in 3 bytes',
    '2 bytes at 2 are not there: the message ends at 2',
    '4 bytes at 2 are not there: the message ends at 4',
    'What ends at 1 must not be null',
    'What ends at 3 must not be null',
    '1 bytes at 3 are not there: the message ends at 3',
  ])
})

test('varints over 32 bits, tags out of order and tags of a wrong size are refused', () => {
  const { codec } = message('Tags', { ...flexible, fields: { text: string.tag(1) } })
  const refusal = (text: string) => {
    try {
      return codec(0).read(new Reader(hex(text)))
    } catch (error) {
      return error instanceof ProtocolError ? error.message : error
    }
  }
  expect(
    ['ffffffff1f', '80808080808000', '0205000400', '0101020161', '0205000500'].map(refusal),
  ).toEqual([
    'The varint before 5 is over 32 bits',
    'The varint before 5 is over 32 bits',
    'Tag 4 comes after tag 5',
    'Tag 1 at 3 takes 1 bytes and not the 2 it says',
    'Tag 5 comes after tag 5',
  ])
})
