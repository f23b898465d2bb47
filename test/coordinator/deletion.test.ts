/** A topic is gone, or made again, when no broker answers for the one before any more: not while a lease lasts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Writer } from '../../protocol/bytes.ts'
import type { Message } from '../../protocol/coordinator/messages.ts'
import { AllocateProducerIds } from '../../protocol/messages/allocate-producer-ids.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import type { Api, Encodable, Fields } from '../../protocol/schema.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anyConfigs } from '../core/cluster/any-configs.ts'
import { heartbeat, RawBroker } from './raw-broker.ts'

const env = nodeEnv({ level: 'silent' })
let directory: string
let coordinator: Coordinator
let leader: Session
let other: Session

class Session {
  readonly #broker = new RawBroker(coordinator.listening[0]!)
  #brokerEpoch = -1
  #sequence = 0

  async join(brokerId: number): Promise<this> {
    this.#brokerEpoch = await this.#broker.join(brokerId)
    return this
  }

  /** Acts on all metadata that there is now. */
  confirm(): void {
    const { revision } = coordinator.image
    this.#broker.send({ ...heartbeat(this.#brokerEpoch), revision } as Message)
  }

  /** Returns the operation's sequence. */
  ask<Request extends Fields>(api: Api<Request, any>, request: Encodable<Request>): number {
    const writer = new Writer()
    const apiVersion = Math.min(api.versions[1], 3)
    api.request(apiVersion).write(writer, request)
    this.#broker.send({
      ...{ type: 'adminOp', brokerEpoch: this.#brokerEpoch, sequence: ++this.#sequence },
      ...{ apiKey: api.key, apiVersion, defaultPartitions: 1, defaultReplicationFactor: 1 },
      request: writer.finish(),
    })
    return this.#sequence
  }

  make(brokerId: number): number {
    const assignments = [{ partitionIndex: 0, brokerIds: [brokerId] }]
    const topic = { name: 'orders', numPartitions: -1, replicationFactor: -1, assignments }
    return this.ask(CreateTopics, { topics: [{ ...topic, configs: [] }] })
  }

  delete(): number {
    return this.ask(DeleteTopics, { topicNames: ['orders'], timeoutMs: 1000 })
  }

  /** Has its answer whatever becomes of topics. */
  allocate(): number {
    return this.ask(AllocateProducerIds, { brokerId: 2, brokerEpoch: this.#brokerEpoch })
  }

  /** The sequence of the next operation that is answered. */
  async answered(): Promise<number> {
    const { sequence, errorCode } = await this.#broker.next('adminAck')
    expect(errorCode).toBe(0)
    return sequence
  }

  end(): void {
    this.#broker.socket.destroy()
  }
}

async function start(): Promise<void> {
  const store = new Journal(env, directory)
  coordinator = await Coordinator.start(env, { store, rules: anyConfigs, leaseMs: 1500 })
  await coordinator.listen({ host: '127.0.0.1', port: 0 })
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ottla-deletion-'))
  await start()
  leader = await new Session().join(1)
  other = await new Session().join(2)
  other.make(1)
  await other.answered()
})
afterEach(async () => {
  leader.end()
  other.end()
  await coordinator.close()
  rmSync(directory, { recursive: true })
})

test('a deletion, and a creation behind it, are answered when the leader knows', async () => {
  const deleted = other.delete()
  const made = other.make(2)
  const free = other.allocate()
  expect(await other.answered()).toBe(free)
  leader.confirm()
  expect([await other.answered(), await other.answered()]).toEqual([deleted, made])
})

test('a leader that says nothing is waited for until its lease has ended', async () => {
  const deleted = other.delete()
  const free = other.allocate()
  expect([await other.answered(), await other.answered()]).toEqual([free, deleted])
})

test('after a restart nobody knows what was deleted: leases that there may be are waited for', async () => {
  await coordinator.close()
  await start()
  other = await new Session().join(2)
  const deleted = other.delete()
  const free = other.allocate()
  expect([await other.answered(), await other.answered()]).toEqual([free, deleted])
})
