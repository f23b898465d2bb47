/** Wrong frames to the coordinator change nothing (FAULTS I16). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Reader, Writer } from '../../protocol/bytes.ts'
import type { Message } from '../../protocol/coordinator/messages.ts'
import { AllocateProducerIds } from '../../protocol/messages/allocate-producer-ids.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anyConfigs } from '../core/cluster/any-configs.ts'
import { heartbeat, RawBroker, registration, zero } from './raw-broker.ts'

const env = nodeEnv({ level: 'silent' })
let directory: string
let coordinator: Coordinator
const peers: RawBroker[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ottla-frames-'))
  const store = new Journal(env, directory)
  coordinator = await Coordinator.start(env, { store, rules: anyConfigs, leaseMs: 10_000 })
  await coordinator.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.socket.destroy()
  await coordinator.close()
  rmSync(directory, { recursive: true })
})

const broker = (): RawBroker => {
  const peer = new RawBroker(coordinator.listening[0]!)
  peers.push(peer)
  return peer
}

function allocate(brokerEpoch: number, sequence: number): Message {
  const writer = new Writer()
  AllocateProducerIds.request(0).write(writer, { brokerId: 1, brokerEpoch })
  return {
    type: 'adminOp',
    brokerEpoch,
    sequence,
    apiKey: AllocateProducerIds.key,
    apiVersion: 0,
    defaultPartitions: 1,
    defaultReplicationFactor: 1,
    request: writer.finish(),
  }
}

test('frames that are too long, damaged, or of another generation end the connection', async () => {
  const state = () => JSON.stringify([...coordinator.image.records()])
  const good = await broker().hello()
  const before = state()
  const register = good.encode({ type: 'relinquish', brokerEpoch: 1, items: [] })
  const wrong: Record<string, (peer: RawBroker) => Buffer> = {
    tooLong: () => Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 5]),
    tooShort: () => Buffer.from([0, 0, 0, 4, 1, 2, 3, 4]),
    badChecksum: () => {
      const bytes = Buffer.from(register)
      bytes[bytes.length - 1]! ^= 1
      return bytes
    },
    flippedBit: () => {
      const bytes = Buffer.from(register)
      bytes[9]! ^= 4
      return bytes
    },
    olderGeneration: (peer) => peer.encode(heartbeat(1), peer.generation - 1),
    laterGeneration: (peer) => peer.encode(heartbeat(1), peer.generation + 1),
    aCoordinatorsMessage: (peer) =>
      peer.encode({ type: 'staleSession', brokerEpoch: 1, errorCode: 0 }),
  }
  const ended: string[] = []
  for (const [name, bytes] of Object.entries(wrong)) {
    const peer = await broker().hello(7)
    peer.socket.write(bytes(peer))
    if (await peer.closed()) ended.push(name)
  }
  expect([ended, state()]).toEqual([Object.keys(wrong), before])
  // For what they said, and not because they said nothing of use in their time.
  expect(coordinator.faults).toEqual({ broken: ended.length, silent: 0 })
})

test('half a frame is waited for, and forgotten with its connection', async () => {
  const peer = await broker().hello()
  const whole = peer.encode(heartbeat(1))
  peer.socket.end(whole.subarray(0, whole.length - 1))
  expect([await peer.closed(), coordinator.image.brokers.size]).toEqual([true, 0])
})

test('heartbeats and requests of unknown brokers and ended sessions are refused', async () => {
  const unknown = await broker().hello(9)
  unknown.send(heartbeat(4))
  const stranger = await unknown.next('staleSession')
  const first = broker()
  const brokerEpoch = await first.join()
  first.send(heartbeat(brokerEpoch + 1))
  const stale = await first.next('staleSession')
  first.send({ type: 'relinquish', brokerEpoch: brokerEpoch - 1, items: [] })
  const relinquished = await first.next('relinquishAck')
  expect([stranger, stale, relinquished].map(({ errorCode }) => errorCode)).toEqual([77, 77, 77])
})

test('an operation that comes twice is done once', async () => {
  const peer = broker()
  const brokerEpoch = await peer.join()
  peer.send(allocate(brokerEpoch, 5))
  const first = await peer.next('adminAck')
  peer.send(allocate(brokerEpoch, 5))
  peer.send(allocate(brokerEpoch, 4))
  peer.send(allocate(brokerEpoch, 6))
  const second = await peer.next('adminAck')
  const starts = [first, second].map(
    ({ response }) => AllocateProducerIds.response(0).read(new Reader(response)).producerIdStart,
  )
  expect([starts, coordinator.image.nextProducerId, second.sequence]).toEqual([[0, 1000], 2000, 6])
})

test('a newer connection of a session ends the older one, with all that it still says', async () => {
  const older = broker()
  const brokerEpoch = await older.join()
  const newer = broker()
  const again = await newer.join()
  older.socket.write(older.encode(allocate(brokerEpoch, 5)))
  expect([again, await older.closed(), coordinator.image.nextProducerId]).toEqual([
    brokerEpoch,
    true,
    0,
  ])
})

test('of two processes with one id that wait, the first has a session at once', async () => {
  const another = `${'B'.repeat(21)}A`
  const first = await broker().register(1, zero)
  const peer = broker()
  const refused = await peer.register(1, another)
  expect([first.errorCode, refused.errorCode, refused.retryAfterMs > 0]).toEqual([0, 101, true])
  // Its end is the end of what it was waited for.
  const [holder] = peers
  holder!.socket.destroy()
  await expect
    .poll(async () => {
      peer.send(registration(1, another))
      return (await peer.next('registerAck')).errorCode
    })
    .toBe(0)
})
