import { expect, test } from 'vitest'
import { apiByKey } from '../../protocol/apis.ts'
import { ProtocolError, Reader, Writer } from '../../protocol/bytes.ts'
import {
  readRequestHeader,
  readResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from '../../protocol/header.ts'
import { readVectors } from './vectors.ts'

interface HeaderVector {
  name: string
  version: number
  hex: string
  json: { requestApiVersion: number; correlationId: number; clientId: string | null }
  decodeOnly?: boolean
}

const vectors = readVectors<HeaderVector>('golden/messages.jsonl.gz')
/** An API of which the given version is flexible, or is not. */
const apiWith = (flexible: boolean, key: number) => ({
  key,
  flexible: flexible ? -Infinity : Infinity,
})

test('request headers are read and written as Kafka does', () => {
  for (const { name, version, hex, json, decodeOnly } of vectors) {
    if (name !== 'RequestHeader') continue
    const bytes = Buffer.from(hex, 'hex')
    const api = apiWith(version === 2, bytes.readInt16BE(0))
    const header = readRequestHeader(new Reader(bytes), () => api)
    expect(header).toEqual({
      apiKey: api.key,
      apiVersion: json.requestApiVersion,
      correlationId: json.correlationId,
      clientId: json.clientId ?? '',
    })
    if (decodeOnly) continue
    const writer = new Writer()
    writeRequestHeader(writer, api, { ...header, clientId: json.clientId })
    expect(writer.finish()).toEqual(bytes)
  }
})

test('response headers are read and written as Kafka does', () => {
  for (const { name, version, hex, json, decodeOnly } of vectors) {
    if (name !== 'ResponseHeader') continue
    const api = apiWith(version === 1, 0)
    const reader = new Reader(Buffer.from(hex, 'hex'))
    expect([readResponseHeader(reader, api, 0), reader.remaining]).toEqual([json.correlationId, 0])
    if (decodeOnly) continue
    const writer = new Writer()
    writeResponseHeader(writer, api, { apiVersion: 0, correlationId: json.correlationId })
    expect(writer.finish().toString('hex')).toBe(hex)
  }
})

test('the response header of ApiVersions never has tags', () => {
  const lengths = [0, 3, 4, 99].map((apiVersion) => {
    const writer = new Writer()
    writeResponseHeader(writer, apiByKey(18)!, { apiVersion, correlationId: 7 })
    return writer.finish().length
  })
  expect(lengths).toEqual([4, 4, 4, 4])
})

test('the header of an ApiVersions request of the far future can be read', () => {
  const writer = new Writer()
  const header = { apiVersion: 99, correlationId: 5, clientId: 'future' }
  writeRequestHeader(writer, apiByKey(18)!, header)
  const reader = new Reader(writer.finish())
  expect([readRequestHeader(reader, apiByKey), reader.remaining]).toEqual([
    { apiKey: 18, ...header },
    0,
  ])
})

test('an unknown API and a header that is cut short are refused', () => {
  const bytes = Buffer.from('7fff00000000000100026162', 'hex')
  expect(() => readRequestHeader(new Reader(bytes), apiByKey)).toThrow(ProtocolError)
  const metadata = Buffer.from('0003000000000001000a6162', 'hex')
  for (let length = 0; length <= metadata.length; length++)
    expect(() => readRequestHeader(new Reader(metadata.subarray(0, length)), apiByKey)).toThrow(
      ProtocolError,
    )
})
