import { expect, test } from 'vitest'
import { Reader, Writer } from '../../protocol/bytes.ts'
import { decodeKey, decodeValue, encodeKey, encodeValue } from '../../protocol/stored-record.ts'
import { allMessages, fromJson, readVectors } from './vectors.ts'

interface Vector {
  name: string
  version: number
  variant: string
  json: Record<string, unknown> & { classicMemberMetadata?: unknown }
  hex: string
  stored?: string
  decodeOnly?: boolean
}

const vectors = readVectors<Vector>('golden/messages.jsonl.gz').filter(
  ({ name }) => name !== 'RequestHeader' && name !== 'ResponseHeader',
)
const messages = await allMessages()

test('every message in every version decodes as Kafka encoded it', () => {
  for (const { name, version, variant, json, hex } of vectors) {
    const { codec, fields } = messages.get(name)!
    // Its default is an empty struct, to which these tags were added: the JSON does not show it.
    if (name === 'ConsumerGroupMemberMetadataValue' && variant === 'unknown-tags')
      json.classicMemberMetadata = { sessionTimeoutMs: 0, supportedProtocols: [] }
    const reader = new Reader(Buffer.from(hex, 'hex'))
    const value = codec(version).read(reader)
    const label = `${name} v${version} ${variant}`
    expect(value, label).toEqual(fromJson(fields, json))
    expect(Object.keys(value), label).toEqual(Object.keys(fields))
    expect(reader.remaining, label).toBe(0)
  }
})

test('every message in every version is encoded byte by byte as Kafka does', () => {
  for (const { name, version, variant, json, hex, decodeOnly } of vectors) {
    if (decodeOnly) continue
    const { codec, fields } = messages.get(name)!
    const writer = new Writer()
    codec(version).write(writer, fromJson(fields, json) as any)
    expect(writer.finish().toString('hex'), `${name} v${version} ${variant}`).toBe(hex)
  }
})

test('defaults may be left out of what is encoded', () => {
  for (const { name, version, variant, json, hex } of vectors) {
    if (variant !== 'sparse') continue
    const { codec, fields } = messages.get(name)!
    const given = Object.fromEntries(
      Object.entries(fromJson(fields, json) as object).filter(
        ([key, value]) => value !== fields[key]?.absent,
      ),
    )
    const writer = new Writer()
    codec(version).write(writer, given)
    expect(writer.finish().toString('hex'), `${name} v${version}`).toBe(hex)
  }
})

test('there are vectors for every message and version', () => {
  const seen = new Set(vectors.map(({ name, version }) => `${name} v${version}`))
  const missing = [...messages.values()].flatMap(({ name, versions: [min, max] }) =>
    Array.from({ length: max - min + 1 }, (_, i) => `${name} v${min + i}`).filter(
      (label) => !seen.has(label),
    ),
  )
  expect(missing).toEqual([])
})

test('keys and values of the own topics carry their type or version in front', () => {
  for (const { name, version, json, stored, decodeOnly } of vectors) {
    const message = messages.get(name)!
    if (stored === undefined || decodeOnly) continue
    const bytes = Buffer.from(stored, 'hex')
    const value = fromJson(message.fields, json) as any
    const isKey = name.endsWith('Key')
    expect(isKey ? decodeKey(message, bytes) : decodeValue(message, bytes), name).toEqual(value)
    const encoded = isKey ? encodeKey(message, value) : encodeValue(message, version, value)
    expect(encoded.toString('hex'), name).toBe(stored)
  }
})

test('a tagged struct that is null starts with 0', () => {
  const { codec } = messages.get('ConsumerGroupMemberMetadataValue')!
  // Written and read back by Kafka 4.3.1.
  const bytes = Buffer.from('010101010101ffffffff0101000100', 'hex')
  const value = codec(0).read(new Reader(bytes))
  expect(value).toMatchObject({ instanceId: '', classicMemberMetadata: null })
  const writer = new Writer()
  codec(0).write(writer, value)
  expect(writer.finish()).toEqual(bytes)
})
