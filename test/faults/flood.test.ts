/** More connections than anybody needs (L3): thousands that stay, and a flood of those that come and go. */
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Daemon, temporaryDirectory, until } from './daemon.ts'
import { createTopic, produce, readAll } from './requests.ts'

const connectionsMax = 6000
const crowdSize = 8000
const floodSize = 20_000
const floodAtOnce = 100

/** Resolves when the socket has been closed, by whichever side. */
function visit(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

test('a crowd and a flood of connections: what exists is served, what is too many is closed', async () => {
  const daemon = await Daemon.start(temporaryDirectory(), {
    overrides: [`max.connections=${connectionsMax}`],
  })
  const client = await daemon.connect()
  expect(await createTopic(client, 'flooded')).toBe(0)
  const values: string[] = []
  const produceNext = async () => {
    values.push(`v${values.length}`)
    expect((await produce(client, 'flooded', values.slice(-1))).errorCode).toBe(0)
  }
  let closed = 0
  const crowd: Socket[] = []
  const come = async () => {
    while (crowd.length < crowdSize) {
      const socket = connect(daemon.port, '127.0.0.1')
      crowd.push(socket)
      socket.resume() // Who does not read never sees an end.
      socket.on('error', () => {})
      socket.on('close', () => {
        closed++
      })
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
    }
  }
  // The kernel holds a few hundred that are not accepted yet, and drops more.
  await Promise.all(Array.from({ length: floodAtOnce }, come))
  const tooMany = crowdSize + 1 - connectionsMax
  while (closed < tooMany) await produceNext()
  // Nobody who was let in is sent away later.
  for (let i = 0; i < 100; i++) await produceNext()
  const crowded = daemon.mebibytes('VmRSS')
  expect(closed).toBe(tooMany)
  for (const socket of crowd) socket.destroy()
  await until(() => closed === crowdSize, 'the end of the crowd')

  let begun = 0
  let done = false
  const visitor = async () => {
    while (begun++ < floodSize) await visit(daemon.port)
  }
  const flood = Promise.all(Array.from({ length: floodAtOnce }, visitor)).then(() => {
    done = true
  })
  while (!done) await produceNext()
  await flood
  const after = daemon.mebibytes('VmRSS')
  console.log(
    `${crowdSize} connections and ${floodSize} visits: ${Math.round(crowded)} and ${Math.round(after)} MiB, ${values.length} records produced meanwhile`,
  )
  expect([...(await readAll(client, 'flooded')).values()]).toEqual(values)
  expect(Math.max(crowded, after)).toBeLessThan(400)
  expect(daemon.err).not.toMatch(/fenced|lease/i)
  daemon.kill('SIGTERM')
  expect(await daemon.ended).toBe(0)
})
