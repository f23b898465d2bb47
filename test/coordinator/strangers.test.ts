/** Who connects to a coordinator or a voter and is no broker: it goes, and keeps no broker out (FAULTS I1–I4, I6). */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { crc32c } from '../../protocol/crc32c.ts'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import { Standby } from '../../src/coordinator/standby.ts'
import type { Env } from '../../src/env/env.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anyConfigs } from '../core/cluster/any-configs.ts'
import { RawBroker, registration } from './raw-broker.ts'

const real = nodeEnv({ level: 'silent' })
const timesFaster = 20
/** Its time runs faster: ten seconds are half a one. */
const env: Env = {
  ...real,
  clock: { ...real.clock, monotonicMs: () => real.clock.monotonicMs() * timesFaster },
  timers: {
    soon: real.timers.soon,
    after: (delayMs, run) => real.timers.after(delayMs / timesFaster, run),
  },
}

interface Address {
  readonly host: string
  readonly port: number
}

let directory: string
let coordinator: Coordinator
let standby: Standby
let ports: Address[]
const sockets: Socket[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ottla-strangers-'))
  const store = new Journal(env, directory)
  coordinator = await Coordinator.start(env, { store, rules: anyConfigs, leaseMs: 600_000 })
  await coordinator.listen({ host: '127.0.0.1', port: 0 })
  standby = new Standby(env, coordinator.listening[0]!)
  const where = { host: '127.0.0.1', port: await freePort() }
  await standby.listen(where)
  ports = [coordinator.listening[0]!, where]
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await standby.close()
  await coordinator.close()
  rmSync(directory, { recursive: true })
})

/** A connection that says this, and nothing more. Resolves when the other side has ended it. */
async function stranger(where: Address, bytes: Buffer = Buffer.alloc(0)): Promise<Socket> {
  const socket = connect(where)
  sockets.push(socket)
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  if (bytes.length > 0) socket.write(bytes)
  return socket
}

function ended(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    if (socket.closed) resolve(true)
    socket.resume().once('close', () => resolve(true))
  })
}

const broker = (where: Address): RawBroker => {
  const peer = new RawBroker(where)
  sockets.push(peer.socket)
  return peer
}

test('who says nothing, half a frame, a byte at a time or only hello is not kept; brokers are', async () => {
  const member = broker(ports[0]!)
  await member.join()
  for (const where of ports) {
    const hello = await broker(where).hello(7)
    const half = hello.encode(registration(7)).subarray(0, 30)
    const silent = await stranger(where)
    const slow = await stranger(where)
    let sent = 0
    const drip = setInterval(() => slow.write(half.subarray(sent, ++sent)), 50)
    const cut = await stranger(where, half)
    expect(await Promise.all([hello.socket, silent, slow, cut].map(ended))).toEqual([
      true,
      true,
      true,
      true,
    ])
    clearInterval(drip)
  }
  expect(member.socket.closed).toBe(false)
})

test('any number of strangers leaves room for brokers', async () => {
  const member = broker(ports[0]!)
  await member.join()
  for (const where of ports) {
    const first = await stranger(where)
    const gone = ended(first)
    // Many at once: they are to come before the first has had its time.
    for (let i = 0; i < 12; i++)
      await Promise.all(Array.from({ length: 50 }, () => stranger(where)))
    await gone
    expect((await broker(where).hello(2)).generation).toBe(where === ports[0] ? 1 : 0)
  }
  await broker(ports[0]!).join(3)
  expect([member.socket.closed, [...coordinator.image.brokers.keys()]]).toEqual([false, [1, 3]])
  const { guests } = coordinator.limits
  expect(guests.refused + coordinator.faults.silent).toBeGreaterThanOrEqual(100)
  expect(guests.refused).toBeGreaterThan(0)
  expect(standby.limits.guests.refused).toBeGreaterThan(0)
})

test('beyond all the connections that it may have a coordinator closes a new one at once', async () => {
  // Those of its own process are no strangers: they are all that there may be.
  const own = Array.from({ length: 1500 }, () =>
    coordinator.dial({ onData() {}, onDrain() {}, onClose() {} }),
  )
  expect(await ended(await stranger(ports[0]!))).toBe(true)
  expect(coordinator.limits.connections).toEqual({ used: 1500, max: 1500, refused: 1 })
  own[0]!.destroy()
  await expect.poll(() => coordinator.limits.connections.used).toBe(1499)
  await broker(ports[0]!).join()
})

const length = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

test('lengths that no frame has, and other protocols, end the connection', async () => {
  const wrong = [
    ...[-1, -(2 ** 31), 2 ** 31 - 1, 64 * 1024 + 1].map(length),
    ...[0, 1, 7, 17].map((bytes) => Buffer.concat([length(bytes), Buffer.alloc(bytes)])),
    Buffer.from('GET / HTTP/1.1\r\nHost: ottla\r\n\r\n'),
    Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'),
    Buffer.from('160301020001000001fc0303', 'hex'),
    Buffer.alloc(64, 0xa5),
  ]
  for (const where of ports)
    for (const bytes of wrong) expect(await ended(await stranger(where, bytes))).toBe(true)
  expect(coordinator.faults.broken).toBe(wrong.length)
  // Whatever else they are, what stands where the length does is none: four lengths, and four texts.
  const { frameBytes, guestFrameBytes } = coordinator.limits
  expect([frameBytes.refused, guestFrameBytes.refused]).toEqual([0, 8])
  expect(standby.limits.frameBytes.refused).toBe(8)
})

test('what strangers begin to say is bounded, and a broker with a session may say more', async () => {
  const member = broker(ports[0]!)
  const brokerEpoch = await member.join()
  const begun = Buffer.concat([length(64 * 1024), Buffer.alloc(60_000)])
  const [waiting, refused] = [
    await stranger(ports[0]!, begun),
    await stranger(ports[0]!, Buffer.concat([length(64 * 1024 + 1), Buffer.alloc(60_000)])),
  ]
  expect(await ended(refused)).toBe(true)
  const topicId = 'A'.repeat(22)
  const items = Array.from({ length: 5000 }, () => ({ topicId, partition: 0, leaderEpoch: 0 }))
  member.send({ type: 'relinquish', brokerEpoch, items })
  expect((await member.next('relinquishAck')).errorCode).toBe(0)
  expect([waiting.closed, coordinator.limits.guestFrameBytes.refused]).toEqual([false, 1])
  expect(coordinator.limits.frameBytes.used).toBeGreaterThan(64 * 1024)
})

test('counts and lengths within a frame that are made up change nothing and stop nobody', async () => {
  const member = broker(ports[0]!)
  await member.join()
  const good = member.encode(registration(9))
  const headerEnd = 4 + 16
  for (let at = headerEnd; at < good.length - 8; at++)
    for (const value of [0xffffffff, 0x7fffffff]) {
      const bytes = Buffer.from(good)
      bytes.writeUInt32BE(value, at)
      bytes.writeUInt32BE(crc32c(bytes.subarray(0, -4)), bytes.length - 4)
      // Not as in its hello, where it can be read at all.
      const peer = await broker(ports[0]!).hello(8)
      peer.socket.end(bytes)
      await ended(peer.socket)
    }
  await broker(ports[0]!).join(2)
  expect([member.socket.closed, [...coordinator.image.brokers.keys()]]).toEqual([false, [1, 2]])
})
