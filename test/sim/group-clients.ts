/**
 * Clients of groups on simulated hosts: members that read a topic together, one that commits ever larger
 * offsets, and one that asks every broker what is committed, whether it coordinates the group or not.
 */
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { BrokerConnection } from '../../src/client/connection.ts'
import { Consumer } from '../../src/client/consumer.ts'
import type { KafkaError } from '../../src/client/kafka-error.ts'
import type { Env } from '../../src/env/env.ts'
import type { Read } from '../cluster/history.ts'
import { brokerPort, type SimCluster } from './cluster.ts'
import { Host } from './host.ts'
import type { Network } from './network.ts'
import { clientOf, poll, topic } from './workload.ts'
import type { World } from './world.ts'

const ledger = 'ledger'
const timeoutMs = 400
const unanswered = -2
const timedOut = 7
const groupIdNotFound = 69

export class GroupClients {
  /** What the members of each group read. */
  readonly reads = new Map<string, Read[]>()
  /** How often the coordinator of the committed offsets answered each error. */
  readonly refused = new Map<number, number>()
  /** The largest offset that was acknowledged, and how many were. */
  acknowledged = -1
  answered = 0
  readonly #world: World
  readonly #network: Network
  readonly #cluster: SimCluster
  #running = true
  /** Offsets whose commit was not acknowledged: each may count at any later time. */
  readonly #inDoubt = new Set<number>()
  /** Names of their hosts. */
  readonly hosts: string[] = []
  /** Told that committed offsets may be gone, as they may after a loss of power everywhere. */
  offsetsMayBeLost = () => false

  constructor(world: World, network: Network, cluster: SimCluster) {
    this.#world = world
    this.#network = network
    this.#cluster = cluster
  }

  stop(): void {
    this.#running = false
  }

  /** Starts members of a group, each on a host of its own. */
  join(groupId: string, groupProtocol: 'classic' | 'consumer', count: number): void {
    const reads = this.reads.get(groupId) ?? []
    this.reads.set(groupId, reads)
    for (let i = 0; i < count; i++)
      this.#start(`${groupId}-${i}`, async (env) => {
        const group = { groupId, sessionTimeoutMs: 6_000, heartbeatIntervalMs: 200 }
        const options = { groupProtocol, offsetReset: 'earliest' } as const
        const consumer = new Consumer(clientOf(env, this.#cluster), {
          ...options,
          group,
          autoCommitIntervalMs: 100,
          waitMsMax: 200,
        })
        // It asks the cluster for the topic, which may be gone already; whoever reads asks again.
        while (this.#running && !(await subscribed(consumer))) await this.#sleep(env, 100)
        while (this.#running)
          await poll(consumer, 200, reads).catch((error: Error) => {
            this.#world.note(`${groupId}-${i}: ${error.message}`)
            return this.#sleep(env, 100)
          })
        await consumer.close().catch((error: KafkaError) => {
          // With what the group coordinator lost; then the last commit has nowhere to go.
          if (error.code !== groupIdNotFound) throw error
          this.#world.note(`${groupId}-${i}: ${error.message}`)
        })
      })
  }

  commitAndAsk(): void {
    this.#start('committer', (env) => this.#commit(env))
    this.#start('asker', (env) => this.#ask(env))
  }

  #start(name: string, run: (env: Env) => Promise<void>): void {
    const { env } = new Host(this.#world, this.#network, name)
    this.hosts.push(name)
    run(env).catch((error: Error) => this.#world.fail(`${name} fails: ${error.stack}`))
  }

  async #commit(env: Env): Promise<void> {
    const connections = new Connections(env)
    for (let next = 0; this.#running; ) {
      const errorCode = await this.#commitOne(connections, next).catch(() => unanswered)
      if (errorCode === 0) this.acknowledged = next
      else if (errorCode === unanswered || errorCode === timedOut) this.#inDoubt.add(next)
      else this.refused.set(errorCode, (this.refused.get(errorCode) ?? 0) + 1)
      // An offset that was not acknowledged may count all the same: it is not used again.
      next++
      await this.#sleep(env, 20 + 30 * env.random.float())
    }
  }

  async #commitOne(connections: Connections, committedOffset: number): Promise<number> {
    const { name } = this.#world.stream('ask').pick([...this.#cluster.brokers])
    const found = await connections.to(name)
    const where = await found.send(
      FindCoordinator,
      { key: ledger, keyType: 0 },
      { version: 1, timeoutMs },
    )
    if (where.errorCode !== 0) return where.errorCode
    const partition = { partitionIndex: 0, committedOffset, committedMetadata: null }
    const topics = [{ name: topic, partitions: [partition] }]
    const request = { groupId: ledger, memberId: '', topics }
    const coordinator = await connections.to(where.host)
    const answer = await coordinator.send(OffsetCommit, request, { version: 7, timeoutMs })
    return answer.topics[0]!.partitions[0]!.errorCode
  }

  /** Whoever answers must know all that was acknowledged before it was asked, and all that was seen. */
  async #ask(env: Env): Promise<void> {
    const connections = new Connections(env)
    let seen = -1
    const ask = async (name: string) => {
      const connection = await connections.to(name)
      const floor = Math.max(seen, this.acknowledged)
      const topics = [{ name: topic, partitionIndexes: [0] }]
      const request = { groupId: ledger, topics }
      const answer = await connection.send(OffsetFetch, request, { version: 5, timeoutMs })
      if (answer.errorCode !== 0) return
      this.answered++
      const offset = answer.topics[0]!.partitions[0]!.committedOffset
      // What was sent and given up may have come last.
      const isLate = this.#inDoubt.has(offset)
      if (isLate) this.acknowledged = seen = -1
      if (offset < floor && !isLate && !this.offsetsMayBeLost())
        this.#world.fail(`S4: ${name} tells offset ${offset} after ${floor} was committed`)
      seen = Math.max(seen, offset)
    }
    while (this.#running) {
      await Promise.all(this.#cluster.brokers.map(({ name }) => ask(name).catch(() => undefined)))
      await this.#sleep(env, 10 + 30 * env.random.float())
    }
  }

  #sleep(env: Env, delayMs: number): Promise<void> {
    return new Promise((resolve) => void env.timers.after(delayMs, resolve))
  }
}

class Connections {
  readonly #env: Env
  readonly #open = new Map<string, BrokerConnection>()

  constructor(env: Env) {
    this.#env = env
  }

  async to(host: string): Promise<BrokerConnection> {
    const known = this.#open.get(host)
    if (known !== undefined && !known.closed) return known
    const options = { bootstrap: [], connectTimeoutMs: timeoutMs }
    const opened = await BrokerConnection.open(this.#env, { host, port: brokerPort }, options)
    this.#open.set(host, opened)
    return opened
  }
}

function subscribed(consumer: Consumer): Promise<boolean> {
  return consumer.subscribe([topic]).then(
    () => true,
    () => false,
  )
}
