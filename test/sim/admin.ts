/**
 * An administrator who is at it while things fail: topics are made, written, grown, deleted and made again
 * under the same name, replicas of the main topic move, leaders are elected, configurations change.
 *
 * What was answered must be so in the end, and a topic that was made again has nothing of the one before.
 */
import { AlterPartitionReassignments } from '../../protocol/messages/alter-partition-reassignments.ts'
import { CreatePartitions } from '../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { ElectLeaders } from '../../protocol/messages/elect-leaders.ts'
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import type { Api, Encodable, Fields } from '../../protocol/schema.ts'
import type { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { zeroUuid } from '../../src/client/zero-uuid.ts'
import type { Env } from '../../src/env/env.ts'
import type { SimCluster } from './cluster.ts'
import { Host } from './host.ts'
import type { Network } from './network.ts'
import { clientOf, topic as mainTopic } from './workload.ts'
import type { Chance, World } from './world.ts'

/** Made and deleted, again and again. */
export const passing = 'passing'
const exists = 36
const unknown = 3
/** Refused, for lack of live brokers or of a coordinator: nothing was done. */
const refusals = [38, 41]
const timeoutMs = 2000
/** A record for a topic that is not there. */
const giveUpMs = 1500

type Known = 'made' | 'deleted'

interface Written {
  readonly value: string
  readonly sentMs: number
  readonly ackedMs: number
}

export class Admin {
  readonly host: Host
  /** Answers, by operation. */
  readonly answered = new Map<string, number>()
  readonly written: Written[] = []
  known: Known = 'deleted'
  /** A request to make or delete it had no definite answer: it may be done at any time. */
  inDoubt = false
  /** When the passing topic was asked to be deleted for the last time, with an answer that it was. */
  deletedMs = -1
  /** When it was there at the latest. */
  madeMs = -1
  readonly #world: World
  readonly #cluster: SimCluster
  readonly #draws: Chance
  #running = true

  constructor(world: World, network: Network, cluster: SimCluster) {
    this.#world = world
    this.#cluster = cluster
    this.#draws = world.stream('admin')
    this.host = new Host(world, network, 'a1')
  }

  stop(): void {
    this.#running = false
  }

  start(): void {
    const { env } = this.host
    for (const run of [this.#administer(env), this.#write(env)])
      run.catch((error: Error) => this.#world.fail(`the administrator fails: ${error.stack}`))
  }

  async #administer(env: Env): Promise<void> {
    const cluster = clientOf(env, this.#cluster)
    while (this.#running) {
      await this.#once(cluster).catch(() => undefined)
      await this.#sleep(env, this.#draws.between(50, 800))
    }
    cluster.close()
  }

  async #once(cluster: Cluster): Promise<void> {
    const { partitions } = this.#cluster.options
    const partition = this.#draws.below(partitions)
    switch (this.#draws.below(6)) {
      case 0:
        return this.known === 'made' ? this.#delete(cluster) : this.#make(cluster)
      case 1:
        return this.#make(cluster)
      case 2:
        return this.#ask(cluster, 'grow', CreatePartitions, {
          topics: [{ name: passing, count: 1 + this.#draws.below(4), assignments: null }],
          timeoutMs,
          validateOnly: false,
        })
      case 3: {
        const replicas = this.#draws.chance(0.2) ? null : this.#someBrokers()
        return this.#ask(cluster, 'reassign', AlterPartitionReassignments, {
          timeoutMs,
          topics: [{ name: mainTopic, partitions: [{ partitionIndex: partition, replicas }] }],
        })
      }
      case 4:
        return this.#ask(cluster, 'elect', ElectLeaders, {
          electionType: 0,
          topicPartitions: [{ topic: mainTopic, partitions: [partition] }],
          timeoutMs,
        })
      default: {
        const value = String(1 + this.#draws.below(2))
        const config = { name: 'min.insync.replicas', configOperation: 0, value }
        return this.#ask(cluster, 'configure', IncrementalAlterConfigs, {
          resources: [{ resourceType: 2, resourceName: mainTopic, configs: [config] }],
          validateOnly: false,
        })
      }
    }
  }

  #someBrokers(): number[] {
    const ids = this.#cluster.brokers.map(({ id }) => ({ id, at: this.#draws.random() }))
    const count = this.#draws.pick([2, 3, 3])
    return ids
      .sort((a, b) => a.at - b.at)
      .slice(0, count)
      .map(({ id }) => id)
  }

  async #make(cluster: Cluster): Promise<void> {
    const before = this.known
    const answer = await this.#definite(cluster, CreateTopics, {
      topics: [
        {
          name: passing,
          numPartitions: 1 + this.#draws.below(2),
          replicationFactor: Math.min(2 + this.#draws.below(2), this.#cluster.options.brokers),
          assignments: [],
          configs: [],
        },
      ],
      timeoutMs,
    })
    const code = answer.topics[0].errorCode
    this.#count('make', code)
    if (code === 0 || code === exists) this.known = 'made'
    else if (!refusals.includes(code)) this.inDoubt = true
    if (code === 0) this.madeMs = this.#world.nowMs
    if (code === 0 && before === 'made' && !this.inDoubt)
      this.#world.fail('history: a topic that is there was made again')
  }

  async #delete(cluster: Cluster): Promise<void> {
    const askedMs = this.#world.nowMs
    const answer = await this.#definite(cluster, DeleteTopics, {
      topics: [{ name: passing, topicId: zeroUuid }],
      topicNames: [passing],
      timeoutMs,
    })
    const code = answer.responses[0].errorCode
    this.#count('delete', code)
    if (code === 0 || code === unknown) this.known = 'deleted'
    else if (!refusals.includes(code)) this.inDoubt = true
    if (code === 0) this.deletedMs = askedMs
  }

  async #definite<Request extends Fields, Response extends Fields>(
    cluster: Cluster,
    api: Api<Request, Response>,
    request: Encodable<Request>,
  ): Promise<any> {
    const before = this.inDoubt
    // The run may end before the answer comes; without one it stays so.
    this.inDoubt = true
    const answer = await this.#send(cluster, api, request)
    this.inDoubt = before
    return answer
  }

  async #ask<Request extends Fields, Response extends Fields>(
    cluster: Cluster,
    what: string,
    api: Api<Request, Response>,
    request: Encodable<Request>,
  ): Promise<void> {
    await this.#send(cluster, api, request)
    this.#count(what, 0)
  }

  async #send<Request extends Fields, Response extends Fields>(
    cluster: Cluster,
    api: Api<Request, Response>,
    request: Encodable<Request>,
  ): Promise<unknown> {
    const connection = await cluster.any()
    return connection.send(api, request)
  }

  #count(what: string, errorCode: number): void {
    const key = errorCode === 0 ? what : `${what} (${errorCode})`
    this.answered.set(key, (this.answered.get(key) ?? 0) + 1)
  }

  /** Writes to the passing topic, whether it is there or not. */
  async #write(env: Env): Promise<void> {
    const producer = new Producer(clientOf(env, this.#cluster, giveUpMs), {
      acks: -1,
      idempotent: true,
      lingerMs: 0,
      deliveryTimeoutMs: giveUpMs,
    })
    for (let n = 0; this.#running; n++) {
      const sentMs = this.#world.nowMs
      const value = `passing-${n}`
      producer.send({ topic: passing, partition: 0, value }).then(
        () => this.written.push({ value, sentMs, ackedMs: this.#world.nowMs }),
        () => undefined,
      )
      await this.#sleep(env, 30 + 70 * env.random.float())
    }
  }

  /** What is wrong with the passing topic, given all that could be read of it at a time. */
  anomalies(values: readonly string[] | undefined, readMs: number): string[] {
    const found: string[] = []
    const { known, inDoubt } = this
    if (known === 'made' && !inDoubt && values === undefined)
      found.push('lost-topic: the passing topic was made, and is not there')
    if (known === 'deleted' && !inDoubt && values !== undefined)
      found.push('lost-topic: the passing topic was deleted, and is there')
    if (values === undefined) return found
    const there = new Set(values)
    for (const { value, sentMs, ackedMs } of this.written) {
      if (ackedMs < this.deletedMs && there.has(value))
        found.push(`resurrected: ${value} was written before its topic was deleted`)
      const isThisTopics = sentMs > Math.max(this.madeMs, this.deletedMs)
      const stands = known === 'made' && !inDoubt && isThisTopics && ackedMs <= readMs
      if (stands && !there.has(value)) found.push(`lost-write: ${value} of the passing topic`)
    }
    return found
  }

  #sleep(env: Env, delayMs: number): Promise<void> {
    return new Promise((resolve) => void env.timers.after(delayMs, resolve))
  }
}
