/**
 * Clients of the simulated cluster: the project's own, on simulated hosts. Producers with idempotence and
 * acks=all, or with acks=1 or 0, a consumer that reads along, and one that asks every broker for the end,
 * leader or not.
 */
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { BrokerConnection } from '../../src/client/connection.ts'
import { Consumer } from '../../src/client/consumer.ts'
import { FetchedRecords } from '../../src/client/fetched-records.ts'
import { Producer } from '../../src/client/producer.ts'
import type { Env } from '../../src/env/env.ts'
import type { Read, Sent } from '../cluster/history.ts'
import { brokerPort, type SimCluster } from './cluster.ts'
import { Host } from './host.ts'
import type { Network } from './network.ts'
import type { World } from './world.ts'

export const topic = 'orders'
const requestTimeoutMs = 2500
const alreadyExists = 36

export type Acks = -1 | 0 | 1

export interface SentWith extends Sent {
  readonly acks: Acks
}

/** The client that those of a simulated cluster use. */
export function clientOf(
  env: Env,
  { bootstrap }: SimCluster,
  operationTimeoutMs = 600_000,
): Cluster {
  return new Cluster(env, {
    bootstrap,
    requestTimeoutMs,
    connectTimeoutMs: 1000,
    operationTimeoutMs,
    retryBackoffMs: 50,
    retryBackoffMsMax: 300,
    allowAutoTopicCreation: false,
  })
}

export class Workload {
  readonly sent: SentWith[] = []
  /** What consumers saw on the way, each its own list. */
  readonly reads: Read[] = []
  readonly errors: string[] = []
  /** Sent and not decided yet. */
  outstanding = 0
  readonly hosts: Host[] = []
  readonly #world: World
  readonly #cluster: SimCluster
  #running = true

  constructor(world: World, network: Network, cluster: SimCluster) {
    this.#world = world
    this.#cluster = cluster
    const names = [...Array(cluster.options.producers).keys()].map((n) => `p${n + 1}`)
    for (const name of [...names, 'r1', 'q1']) this.hosts.push(new Host(world, network, name))
  }

  /** Ends the sending; what is out goes on until it is decided. */
  stop(): void {
    this.#running = false
  }

  async createTopic(): Promise<void> {
    const { partitions, brokers, segmentBytes } = this.#cluster.options
    const cluster = clientOf(this.hosts.at(-1)!.env, this.#cluster)
    for (;;)
      try {
        const connection = await cluster.any()
        const answer = await connection.send(CreateTopics, {
          topics: [
            {
              name: topic,
              numPartitions: partitions,
              replicationFactor: Math.min(3, brokers),
              assignments: [],
              configs: [{ name: 'internal.segment.bytes', value: String(segmentBytes) }],
            },
          ],
          timeoutMs: 2000,
        })
        const code = answer.topics[0]?.errorCode
        if (code === 0 || code === alreadyExists) break
        throw new Error(`CreateTopics was answered with ${code}`)
      } catch {
        await this.#sleep(this.hosts.at(-1)!.env, 100)
      }
    cluster.close()
  }

  start(): void {
    for (const [n, host] of this.hosts.entries()) {
      const { env } = host
      const run =
        host.name === 'r1'
          ? this.#consume(env)
          : host.name === 'q1'
            ? this.#question(env)
            : this.#produce(env, n)
      run.catch((error: Error) => this.#world.fail(`${host.name} fails: ${error.stack}`))
    }
  }

  async #produce(env: Env, number: number): Promise<void> {
    const { partitions, perSecond, acks: asked } = this.#cluster.options
    const acks = asked[number] ?? -1
    const producer = new Producer(clientOf(env, this.#cluster), {
      acks,
      idempotent: acks === -1,
      lingerMs: 0,
      deliveryTimeoutMs: 600_000,
    })
    for (let n = 0; this.#running; n++) {
      const partition = (n + number) % partitions
      const value = `${number}-${n}`
      const sentMs = this.#world.nowMs
      const note = (offset: number | undefined) => {
        this.outstanding--
        this.sent.push({ value, partition, offset, sentMs, ackedMs: this.#world.nowMs, acks })
      }
      this.outstanding++
      producer.send({ topic, partition, value: value.padEnd(20 + (n % 7) * 100, '.') }).then(
        ({ offset }) => note(offset === -1 ? undefined : offset),
        (error: Error) => {
          // Only who is told when it is stored can try again.
          if (acks !== 0) this.errors.push(error.message)
          note(undefined)
        },
      )
      await this.#sleep(env, (1000 / perSecond) * (0.5 + env.random.float()))
    }
  }

  async #consume(env: Env): Promise<void> {
    const consumer = new Consumer(clientOf(env, this.#cluster), {
      waitMsMax: 300,
      offsetReset: 'earliest',
    })
    const starts = Array.from({ length: this.#cluster.options.partitions }, () => 0)
    await this.#assign(consumer, env, topic, starts)
    while (this.#running) await poll(consumer, 300, this.reads)
    await consumer.close()
  }

  async #assign(
    consumer: Consumer,
    env: Env,
    name: string,
    starts: readonly number[],
  ): Promise<void> {
    for (let partition = 0; partition < starts.length; )
      try {
        await consumer.assign(name, partition, starts[partition]!)
        partition++
      } catch {
        await this.#sleep(env, 100)
      }
  }

  /** Goes round the brokers: who may not answer must say so. */
  async #question(env: Env): Promise<void> {
    const { partitions } = this.#cluster.options
    const connections = new Map<string, BrokerConnection>()
    const ask = async (host: string) => {
      let connection = connections.get(host)
      if (connection === undefined || connection.closed) {
        const options = { bootstrap: [], connectTimeoutMs: 300 }
        connection = await BrokerConnection.open(env, { host, port: brokerPort }, options)
        connections.set(host, connection)
      }
      const ask = Array.from({ length: partitions }, (_, partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: -1,
        timestamp: -1,
      }))
      const request = {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic, partitions: ask }],
      }
      await connection.send(ListOffsets, request, { timeoutMs: 300 })
    }
    while (this.#running) {
      await Promise.all(this.#cluster.brokers.map(({ name }) => ask(name).catch(() => undefined)))
      await this.#sleep(env, 20 + 60 * env.random.float())
    }
    for (const connection of connections.values()) connection.close()
  }

  /** Everything of a topic, when all is quiet: each partition from its start up to its end. */
  async readAll(name: string, starts: readonly number[], ends: readonly number[]): Promise<Read[]> {
    const { env } = this.hosts.at(-2)!
    const cluster = clientOf(env, this.#cluster)
    const consumer = new Consumer(cluster)
    await this.#assign(consumer, env, name, starts)
    const reads: Read[] = []
    const at = [...starts]
    while (at.some((offset, partition) => offset < ends[partition]!)) {
      const count = reads.length
      await poll(consumer, 500, reads)
      for (const { partition, offset } of reads.slice(count)) at[partition] = offset + 1
    }
    await consumer.close()
    cluster.close()
    return reads
  }

  #sleep(env: Env, delayMs: number): Promise<void> {
    return new Promise((resolve) => void env.timers.after(delayMs, resolve))
  }
}

export async function poll(consumer: Consumer, waitMs: number, into: Read[]): Promise<void> {
  const fetched = await consumer.poll(waitMs)
  if (fetched === undefined) return
  const records = new FetchedRecords(fetched)
  while (records.next()) {
    const { bytes, valueStart, valueLength } = records.record
    const value = bytes.subarray(valueStart, valueStart + valueLength).toString()
    into.push({
      partition: fetched.partition,
      offset: records.offset,
      value: value.replace(/\.+$/, ''),
    })
  }
}
