import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Connection, ConnectionHandler } from '../../src/env/env.ts'
import { nodeFiles } from '../../src/env/node-files.ts'
import { nodeNet } from '../../src/env/node-net.ts'

/** A server that hands each connection to `serve`, and a client; resolves when the client is closed. */
async function converse(
  serve: (connection: Connection) => ConnectionHandler,
  talk: (connection: Connection) => Partial<ConnectionHandler> & { onConnect?(): void },
): Promise<Error | undefined> {
  const listener = await nodeNet.listen({ host: '127.0.0.1', port: 0 }, serve)
  try {
    return await new Promise((resolve) => {
      const handler: ConnectionHandler & { onConnect?(): void } = {
        onData: (chunk) => parts.onData?.(chunk),
        onDrain: () => parts.onDrain?.(),
        onConnect: () => parts.onConnect?.(),
        onClose: resolve,
      }
      const client = nodeNet.connect({ host: listener.host, port: listener.port }, handler)
      const parts = talk(client)
    })
  } finally {
    await listener.close()
  }
}

const echo = (connection: Connection): ConnectionHandler => ({
  onData(chunk) {
    connection.write([Buffer.from(chunk)])
  },
  onClose() {},
})

test('every byte that is sent comes back, in order, whatever the sizes of the chunks', async () => {
  const chunks = [1, 10, 5000, 3, 200_000, 4096, 1_000_000].map((size, i) => Buffer.alloc(size, i))
  const sent = Buffer.concat(chunks)
  const received: Buffer[] = []
  let count = 0
  const error = await converse(echo, (client) => ({
    onConnect() {
      client.write(chunks)
    },
    onData(chunk) {
      received.push(Buffer.from(chunk))
      count += chunk.length
      if (count === sent.length) client.end()
    },
  }))
  expect(error).toBeUndefined()
  expect(Buffer.concat(received).equals(sent)).toBe(true)
})

test('a handler with a place for what comes next gets it there', async () => {
  const place = Buffer.alloc(1000)
  const sent = Buffer.from(Array.from({ length: 900 }, (_, i) => i & 0xff))
  const seen: object[] = []
  let wants = false
  await converse(
    (server) => ({
      onData(chunk) {
        const isThere = chunk.buffer === place.buffer && chunk.byteOffset === place.byteOffset
        seen.push({ isThere, right: sent.subarray(0, chunk.length).equals(chunk) })
        wants = chunk.length === 10
        if (wants) server.write([Buffer.from('more')])
        else server.end()
      },
      space: () => (wants ? place : undefined),
      onClose() {},
    }),
    (client) => ({
      onConnect: () => void client.write([sent.subarray(0, 10)]),
      onData: () => void client.write([sent]),
    }),
  )
  const isThere = process.platform !== 'win32'
  expect(seen).toEqual([
    { isThere: false, right: true },
    { isThere, right: true },
  ])
})

test('connections that send more than one read takes have their turns one after the other', async () => {
  const turns: number[] = []
  const greeted: Connection[] = []
  const place = Buffer.alloc(4 * 1024)
  const listener = await nodeNet.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    let index = -1
    return {
      onData() {
        if (index >= 0) return void turns.push(index)
        // From now on it is read to the place; both begin together.
        index = greeted.push(connection) - 1
        connection.pause()
      },
      space: () => place,
      onClose() {},
    }
  })
  const until = async (reached: () => boolean) => {
    while (!reached()) await new Promise((done) => setTimeout(done, 5))
  }
  const clients = [0, 1].map(() => nodeNet.connect(listener, { onData() {}, onClose() {} }))
  for (const each of clients) each.write([Buffer.of(1)])
  await until(() => greeted.length === 2)
  const sent = Buffer.alloc(64 * 1024)
  await Promise.all(clients.map((each) => new Promise<void>((done) => each.write([sent], done))))
  for (const each of greeted) each.resume()
  await until(() => turns.filter((index) => index === 0).length >= 16 && turns.length >= 32)
  for (const each of clients) each.destroy()
  await listener.close()
  const runs = turns.slice(0, 16).join('').match(/0+|1+/g)!
  const longest = Math.max(...runs.map((run) => run.length))
  expect(longest).toBeLessThanOrEqual(process.platform === 'win32' ? 16 : 2)
})

test('the server knows the address of its peer', async () => {
  const peers: object[] = []
  await converse(
    (connection) => {
      peers.push({ host: connection.remoteHost, known: connection.remotePort > 0 })
      return echo(connection)
    },
    (client) => ({ onConnect: () => client.end() }),
  )
  expect(peers).toEqual([{ host: '127.0.0.1', known: true }])
})

test('a paused connection holds its peer up, and goes on when resumed', async () => {
  const total = 32 * 1024 * 1024
  const events: string[] = []
  let received = 0
  let resume: (() => void) | undefined
  await converse(
    (server) => {
      server.pause()
      resume = () => server.resume()
      return {
        onData(chunk) {
          if (received === 0) events.push('server receives')
          received += chunk.length
          if (received === total) server.end()
        },
        onClose() {},
      }
    },
    (client) => ({
      onConnect() {
        expect(client.write([Buffer.alloc(total)])).toBe(false)
        expect(client.pendingBytes).toBe(total)
        setTimeout(() => {
          events.push('server resumes')
          resume?.()
        }, 50)
      },
      onDrain: () => events.push('client drains'),
    }),
  )
  expect({ events, received }).toEqual({
    events: ['server resumes', 'server receives', 'client drains'],
    received: total,
  })
})

test('what was queued is reported as written even when the connection breaks', async () => {
  const written: number[] = []
  await converse(
    (server) => ({ onData: () => server.destroy(), onClose() {} }),
    (client) => ({
      onConnect() {
        for (let i = 0; i < 5; i++)
          client.write([Buffer.alloc(8 * 1024 * 1024)], () => written.push(i))
      },
    }),
  )
  expect(written).toEqual([0, 1, 2, 3, 4])
})

test('a refused connection is told at onClose', async () => {
  const listener = await nodeNet.listen({ host: '127.0.0.1', port: 0 }, echo)
  const { port } = listener
  await listener.close()
  const error = await new Promise<Error | undefined>((resolve) => {
    nodeNet.connect({ host: '127.0.0.1', port }, { onData() {}, onClose: resolve })
  })
  expect((error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED')
})

test('a port that is in use is refused', async () => {
  const listener = await nodeNet.listen({ host: '127.0.0.1', port: 0 }, echo)
  await expect(nodeNet.listen({ host: '127.0.0.1', port: listener.port }, echo)).rejects.toThrow(
    'EADDRINUSE',
  )
  await listener.close()
})

test.runIf(Number.isFinite(nodeNet.sendFileBytesMin))(
  'a file is sent between what is written, as far as the kernel takes it',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ottla-net-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const bytes = Buffer.from(
      Array.from({ length: 32 << 20 }, (_, i) => (i * 7 + (i >> 10)) & 0xff),
    )
    const file = nodeFiles.open(join(directory, 'file'), 'create')
    file.write([bytes], 0)
    const received: Buffer[] = []
    const seen: number[] = []
    await converse(
      (server) => ({
        onData() {
          server.write([Buffer.from('he')])
          const ahead = server.sendAhead!(Buffer.from('ad'))
          const sent = server.sendFile!(file, 1000, bytes.length - 1000)
          // More than the kernel takes of a peer that does not read yet.
          seen.push(ahead, sent, server.sendFile!(file, 0, 10))
          server.write([bytes.subarray(1000 + sent)], () => server.end())
          seen.push(server.sendFile!(file, 0, 10), server.sendAhead!(Buffer.from('no')))
        },
        onClose() {},
      }),
      (client) => ({
        onConnect: () => void client.write([Buffer.from('go')]),
        onData: (chunk) => void received.push(Buffer.from(chunk)),
      }),
    )
    file.close()
    const [ahead, sent = 0, ...rest] = seen
    expect(ahead).toBe(2)
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(bytes.length - 1000)
    expect(rest).toEqual([0, 0, 0])
    const expected = Buffer.concat([Buffer.from('head'), bytes.subarray(1000)])
    expect(Buffer.concat(received).equals(expected)).toBe(true)
  },
)
