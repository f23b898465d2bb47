/** What a running Kafka was asked and answered, decoded with our codecs. */
import { expect, test } from 'vitest'
import { apiByKey, apis } from '../../protocol/apis.ts'
import { Reader } from '../../protocol/bytes.ts'
import { FrameReader, FrameWriter } from '../../protocol/frame.ts'
import { readRequestHeader, readResponseHeader } from '../../protocol/header.ts'
import { fromJson, readVectors } from './vectors.ts'

interface Answer {
  what: string
  api?: string
  version?: number
  request?: Record<string, unknown>
  request_hex: string
  response_hex?: string
  decoded?: Record<string, unknown>
  decodedAsVersion?: number
  closed?: boolean
}

const answers = readVectors<Answer>('../scenarios/golden/answers.jsonl.gz')
const apiByName = new Map(apis.map((api) => [api.name, api]))
const frameOf = (hex: string) => new FrameReader().feed(Buffer.from(hex, 'hex'))[0]!

test('the requests decode to what was asked, and are encoded to the same bytes', () => {
  let count = 0
  for (const { what, api: name, version, request, request_hex, closed } of answers) {
    if (request === undefined || closed) continue
    count++
    const api = apiByName.get(name!)!
    const reader = new Reader(frameOf(request_hex))
    const header = readRequestHeader(reader, apiByKey)
    const body = api.request(version!).read(reader)
    expect({ ...header, body }, what).toEqual({
      apiKey: api.key,
      apiVersion: version,
      correlationId: header.correlationId,
      clientId: header.clientId,
      body: fromJson(api.messages.request.fields, request),
    })
    // Some have bytes behind the body: they are ignored.
    const sent = Buffer.from(request_hex, 'hex')
    const tail = sent.subarray(sent.length - reader.remaining)
    const writer = new FrameWriter()
    writer.request(api, { ...header, clientId: header.clientId || null }, body)
    const [frame] = new FrameReader().feed(Buffer.concat(writer.take()))
    expect(Buffer.concat([frame!, tail]), what).toEqual(sent.subarray(4))
  }
  expect(count).toBe(496)
})

test('the responses decode to what Kafka says they say, and are encoded to the same bytes', () => {
  let count = 0
  for (const answer of answers) {
    const { what, request_hex, response_hex, decoded } = answer
    if (response_hex === undefined || decoded === undefined) continue
    count++
    const api = apiByName.get(answer.api!)!
    const apiVersion = answer.decodedAsVersion ?? answer.version!
    const reader = new Reader(frameOf(response_hex))
    const correlationId = readResponseHeader(reader, api, apiVersion)
    const body = api.response(apiVersion).read(reader)
    expect({ correlationId, body, left: reader.remaining }, what).toEqual({
      // The second of two answers to one write has no request of its own here.
      correlationId: request_hex === '' ? correlationId : parseInt(request_hex.slice(16, 24), 16),
      body: fromJson(api.messages.response.fields, decoded),
      left: 0,
    })
    const writer = new FrameWriter()
    writer.response(api, { apiVersion, correlationId }, body)
    expect(Buffer.concat(writer.take()).toString('hex'), what).toBe(response_hex)
  }
  expect(count).toBe(502)
})
