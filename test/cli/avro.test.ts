/** Avro records with schemas from a registry, printed as kcat prints them. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import avsc from 'avsc'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Bundled, bundleCli } from './bundled.ts'

vi.setConfig({ testTimeout: 120_000 })

const address = { type: 'record', name: 'Address', fields: [{ name: 'city', type: 'string' }] }
const person = {
  ...{ type: 'record', name: 'Person' },
  fields: [
    { name: 'name', type: 'string' },
    { name: 'nick', type: ['null', 'string'], default: null },
    { name: 'born', type: 'long' },
    { name: 'home', type: 'Address' },
  ],
}
const answers: Record<string, object> = {
  '/schemas/ids/1': { schema: '"string"' },
  '/schemas/ids/2': {
    schema: JSON.stringify(person),
    references: [{ name: 'Address', subject: 'address-value', version: 3 }],
  },
  '/subjects/address-value/versions/3': { schema: JSON.stringify(address) },
  '/schemas/ids/4': { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' },
}

let cli: Bundled
let broker: TestNode
let registry: Server
let url = ''
const asked: string[] = []

const framed = (id: number, data: Buffer) => {
  const head = Buffer.alloc(5)
  head.writeInt32BE(id, 1)
  return Buffer.concat([head, data])
}

beforeAll(async () => {
  registry = createServer((request, response) => {
    asked.push(request.url ?? '')
    const known = answers[request.url ?? '']
    const mayRead = request.headers.authorization === `Basic ${btoa('ann:s:cret')}`
    response.writeHead(!mayRead ? 401 : known ? 200 : 404).end(JSON.stringify(known ?? {}))
  })
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
  url = `http://ann:s%3Acret@127.0.0.1:${(registry.address() as AddressInfo).port}`
  ;[cli, broker] = await Promise.all([bundleCli(), startTestNode()])
  const bootstrap = [{ host: '127.0.0.1', port: broker.port }]
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap })
  const producer = new Producer(cluster)
  const key = framed(1, avsc.Type.forSchema('string').toBuffer('k'))
  const type = avsc.Type.forSchema({
    ...person,
    fields: person.fields.map((field) =>
      field.name === 'home' ? { ...field, type: address } : field,
    ),
  } as avsc.Schema)
  const data = type.toBuffer({ name: 'Ann', nick: 'a', born: 5, home: { city: 'Bonn' } })
  // A long that no number holds: 2^53 + 1 in zigzag.
  const long = Buffer.from([0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20])
  const large = Buffer.concat([data.subarray(0, 7), long, data.subarray(8)])
  const values = [
    framed(2, data),
    framed(2, large),
    null,
    framed(9, data),
    framed(4, data),
    Buffer.from('plain'),
  ]
  for (const value of values) await producer.send({ topic: 'people', key, value })
  await producer.close()
  cluster.close()
})
afterAll(async () => {
  registry?.close()
  cli?.remove()
  await broker?.stop()
})

const read = (...args: string[]) =>
  cli.run(['-C', '-e', '-q', '-t', 'people', '-b', `127.0.0.1:${broker.port}`, ...args])

const ann = (born: string) =>
  `{"name":"Ann","nick":{"string":"a"},"born":${born},"home":{"city":"Bonn"}}`

test('keys and values are printed in JSON, with exact longs, each schema asked once', async () => {
  asked.length = 0
  const { stdout, exit } = await read('-s', 'avro', '-r', url, '-c', '3', '-f', '%k %s\\n')
  expect(stdout).toBe(`"k" ${ann('5')}\n"k" ${ann('9007199254740993')}\n"k" \n`)
  expect([exit, asked.sort()]).toEqual([
    0,
    [
      ...['/schemas/ids/1', '/schemas/ids/2', '/schemas/ids/4', '/schemas/ids/9'],
      '/subjects/address-value/versions/3',
    ],
  ])
})

test('-J carries the data as JSON with the ids, and says why where it cannot', async () => {
  const { stdout } = await read('-s', 'value=avro', '-r', url, '-J')
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines[0]).toMatchObject({ payload: JSON.parse(ann('5')), value_schema_id: 2 })
  expect(lines.map(({ payload_error: why }) => why ?? null)).toEqual([
    ...[null, null, null],
    expect.stringMatching(/^value has schema 9: .* answered 404/),
    'value has schema 4: it is PROTOBUF, not Avro',
    'value is not framed for a schema registry: it begins with 0x706c61696e',
  ])
})

test('a registry that refuses or is not there is named, and no registry at all', async () => {
  const wrong = await read('-s', 'value=avro', '-r', url.replace('ann', 'bob'))
  expect([wrong.exit, wrong.stderr]).toEqual([1, expect.stringContaining('answered 401')])
  const nobody = await read('-s', 'value=avro', '-r', 'http://127.0.0.1:1')
  expect([nobody.exit, nobody.stderr]).toEqual([1, expect.stringContaining('cannot be reached')])
  const none = await read('-s', 'value=avro')
  expect([none.exit, none.stderr]).toEqual([1, '% ERROR: -s avro requires -r <sr_url>\n'])
})
