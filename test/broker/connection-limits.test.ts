/** What holds a connection open for nothing, or opens too many: an end after a time that is known. */
import { expect, test } from 'vitest'
import { isServed, ServerAlone, smallest } from './server-alone.ts'

/** Resolves when the server has seen all that was sent. */
const arrival = () => new Promise((resolve) => setTimeout(resolve, 20))

test('a request that comes byte by byte is given up after ten seconds', async () => {
  const server = await ServerAlone.start()
  const slow = await server.connect()
  const bytes = smallest(slow)
  slow.send(bytes.subarray(0, 5))
  while (server.broker.server.unfinishedFrames === 0) await arrival()
  for (let i = 5; i < 14; i++) {
    slow.send(bytes.subarray(i, i + 1))
    await arrival()
    server.pass(1000)
  }
  expect(slow.closed).toBe(false)
  server.pass(2000)
  await slow.untilClosed()
  expect(server.lines.filter((line) => line.includes('was not complete'))).toHaveLength(1)
})

test('requests that always leave a part of the next one behind may go on for ever', async () => {
  const server = await ServerAlone.start()
  const client = await server.connect()
  client.send(smallest(client).subarray(0, 10))
  let rest = smallest(client).subarray(10)
  for (let i = 0; i < 30; i++) {
    const next = smallest(client)
    client.send(Buffer.concat([rest, next.subarray(0, 10)]))
    rest = next.subarray(10)
    expect(await client.frame()).toBeDefined()
    server.pass(5000)
  }
  expect(client.closed).toBe(false)
})

test('an idle connection ends after connections.max.idle.ms, a busy one goes on', async () => {
  const server = await ServerAlone.start({ 'connections.max.idle.ms': '60000' })
  const [idle, busy] = [await server.connect(), await server.connect()]
  expect([await isServed(idle), await isServed(busy)]).toEqual([true, true])
  server.pass(50_000)
  expect(await isServed(busy)).toBe(true)
  server.pass(15_000)
  await idle.untilClosed()
  expect(await isServed(busy)).toBe(true)
})

test('connections beyond max.connections.per.ip are closed, and there is room again when one ends', async () => {
  const server = await ServerAlone.start({ 'max.connections.per.ip': '2' })
  const [one, two] = [await server.connect(), await server.connect()]
  const three = await server.connect()
  await three.untilClosed()
  expect([await isServed(one), await isServed(two)]).toEqual([true, true])
  one.destroy()
  while (server.broker.server.connectionCount > 1) await arrival()
  expect(await isServed(await server.connect())).toBe(true)
})

test('connections beyond max.connections are closed', async () => {
  const server = await ServerAlone.start({ 'max.connections': '3' })
  const clients = await Promise.all([1, 2, 3].map(() => server.connect()))
  expect(await Promise.all(clients.map(isServed))).toEqual([true, true, true])
  const late = await server.connect()
  await late.untilClosed()
  expect(await Promise.all(clients.map(isServed))).toEqual([true, true, true])
})

test('hundreds of slow connections hold little memory and disturb nobody', async () => {
  const server = await ServerAlone.start()
  const neighbour = await server.connect()
  const slow = await Promise.all(Array.from({ length: 300 }, () => server.connect()))
  // Each claims a frame of 100 MB and sends a byte of it.
  for (const client of slow) client.send(Buffer.from('0640000000', 'hex'))
  while (server.broker.server.unfinishedFrames < slow.length)
    expect(await isServed(neighbour)).toBe(true)
  const { arrayBuffers } = process.memoryUsage()
  expect(arrayBuffers).toBeLessThan(100e6)
  server.pass(12_000)
  await Promise.all(slow.map((client) => client.untilClosed()))
  expect(await isServed(neighbour)).toBe(true)
})

test('requests that never end are cut off, the oldest first, when they hold too much memory', async () => {
  const server = await ServerAlone.start({
    'queued.max.request.bytes': '1000000',
    'socket.request.max.bytes': '1000000',
  })
  const neighbour = await server.connect()
  const begun = async (bytes: number) => {
    const client = await server.connect()
    client.send(Buffer.concat([Buffer.from('000dbba000', 'hex'), Buffer.alloc(bytes)]))
    return client
  }
  const oldest = await begun(400_000)
  while (server.broker.input.bytes < 400_000) await arrival()
  server.pass(10)
  const older = await begun(400_000)
  while (server.broker.input.bytes < 800_000) await arrival()
  server.pass(10)
  const newest = await begun(400_000)
  await oldest.untilClosed()
  while (server.broker.input.bytes < 800_000) await arrival()
  expect([older.closed, newest.closed]).toEqual([false, false])
  expect(server.broker.input.bytes).toBeLessThanOrEqual(1_000_000)
  expect(server.lines.filter((line) => line.includes('oldest'))).toHaveLength(1)
  for (const client of [older, newest]) client.destroy()
  while (server.broker.input.bytes > 0) await arrival()
  expect(await isServed(neighbour)).toBe(true)
})

test('a peer that sends nonsense again and again fills no log', async () => {
  const server = await ServerAlone.start()
  for (let i = 0; i < 5; i++) {
    const client = await server.connect()
    client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await client.untilClosed()
  }
  const complaints = () => server.lines.filter((line) => line.startsWith('WARN')).length
  expect(complaints()).toBe(1)
  server.pass(61_000)
  const client = await server.connect()
  client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  await client.untilClosed()
  expect(complaints()).toBe(2)
})
