/**
 * Every request that the broker serves, in every version: cut off anywhere it ends the connection
 * or is answered; bytes behind a complete one are ignored (W-9). Nobody else notices.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Writer } from '../../protocol/bytes.ts'
import { writeRequestHeader } from '../../protocol/header.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { handlers, versionsOf } from '../../src/broker/handlers.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startNode } from '../../src/index.ts'
import { temporaryDirectory } from '../log/temporary-disk.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
let neighbour: RawClient

beforeAll(async () => {
  node = await startTestNode()
  neighbour = await RawClient.connect(node.port)
})
afterAll(async () => {
  neighbour.destroy()
  await node.stop()
})

const isAlive = async () => (await neighbour.ask(ApiVersions, 0, {})).errorCode === 0

function framed(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

const requests = handlers.flatMap((handler) => {
  const [min, max] = versionsOf(handler)
  return Array.from({ length: max - min + 1 }, (_, i) => {
    const apiVersion = min + i
    const header = new Writer()
    writeRequestHeader(header, handler.api, { apiVersion, correlationId: 1, clientId: 'bad' })
    return { name: `${handler.api.name} ${apiVersion}`, header: Buffer.from(header.finish()) }
  })
})

test('a body of nothing, of ones and of zeros ends the connection or is answered', async () => {
  const bodies = [0, 1, 40].flatMap((size) => [Buffer.alloc(size), Buffer.alloc(size, 0xff)])
  for (const { name, header } of requests) {
    const clients = await Promise.all(bodies.map(() => RawClient.connect(node.port)))
    for (const [i, client] of clients.entries()) {
      client.send(framed(Buffer.concat([header, bodies[i] as Buffer])))
      // Zeros are a Produce with acks=0: what is answered is the next request.
      client.send(client.encode(ApiVersions, 0, {}))
    }
    const ends = Promise.all(clients.map((client) => client.frame()))
    const late = new Promise((resolve) => setTimeout(resolve, 30_000, 'late'))
    expect([name, await Promise.race([ends.then(() => 'ended'), late])]).toEqual([name, 'ended'])
    for (const client of clients) client.destroy()
    expect(await isAlive()).toBe(true)
  }
}, 120_000)

test('a count or a length beyond the frame is refused before anything is allocated', async () => {
  const before = process.memoryUsage().rss
  const claims = ['7fffffff', '7ffffffe', 'ffffffff0f', 'ffffffff07', 'feffffff0f', '7fff']
  for (const { header } of requests) {
    const client = await RawClient.connect(node.port)
    for (const claim of claims)
      client.send(framed(Buffer.concat([header, Buffer.from(claim, 'hex'), Buffer.alloc(9)])))
    client.send(Buffer.alloc(1))
    client.destroy()
  }
  expect(await isAlive()).toBe(true)
  expect(process.memoryUsage().rss - before).toBeLessThan(500_000_000)
}, 120_000)

test('bytes behind a complete request are ignored', async () => {
  const client = await RawClient.connect(node.port)
  for (const apiVersion of [4, 12]) {
    const whole = client.encode(Metadata, apiVersion, { topics: [] })
    client.send(framed(Buffer.concat([whole.subarray(4), Buffer.from('trailing')])))
    expect((await client.answer(Metadata, apiVersion)).brokers).toHaveLength(1)
  }
  client.destroy()
})

test('what clients call themselves acts on nobody who reads the log', async () => {
  const lines: string[] = []
  const env = nodeEnv({ level: 'debug', write: (line) => lines.push(line) })
  const quiet = await startNode({ 'log.dirs': temporaryDirectory() }, env)
  const client = await RawClient.connect(quiet.advertised[0]?.port ?? 0)
  const clientId = `\u001b[2J\r\n2026 ERROR forged\0${'x'.repeat(32_000)}`
  const header = new Writer()
  writeRequestHeader(header, Metadata, { apiVersion: 4, correlationId: 1, clientId })
  const body = new Writer()
  Metadata.request(4).write(body, { topics: [{ name: 'evil\u001b[31m\nname' }] })
  client.send(framed(Buffer.concat([header.finish(), body.finish()])))
  expect((await client.answer(Metadata, 4)).topics.map(({ errorCode }) => errorCode)).toEqual([17])
  client.send(Buffer.from('\u0000\u0000\u0000\u0009\u001b[2J\n\n\n\n\n\n'))
  await client.untilClosed()
  await quiet.stop()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(lines.filter((line) => /[\x00-\x09\x0b-\x1f\x7f]|\n./.test(line))).toEqual([])
  expect(lines.some((line) => line.includes('no valid Kafka request'))).toBe(true)
})
