/** A cluster under load that a test hurts, and what is found in the end. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import type { PartitionInfo } from '../../src/client/metadata.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anomalies } from './history.ts'
import type { LocalCluster } from './local-cluster.ts'
import { readAll, Workload } from './workload.ts'

const replicas = 3
/** Generous: on a loaded machine a restart alone takes seconds. */
const untilMaxMs = 60_000

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export async function until(
  done: () => boolean | Promise<boolean>,
  what: string | (() => string),
): Promise<void> {
  const endMs = performance.now() + untilMaxMs
  while (!(await done())) {
    if (performance.now() > endMs)
      throw new Error(
        `${typeof what === 'string' ? what : what()} did not come in ${untilMaxMs} ms`,
      )
    await pause(20)
  }
}

export interface FaultedOptions {
  readonly partitions?: number
  readonly perSecond?: number
  readonly configs?: Readonly<Record<string, string>>
}

export class Faulted {
  readonly cluster: LocalCluster
  readonly topic: string
  readonly partitions: number
  /**
   * One for each broker, as one that is cut off tells what was; and none of them is the load's, so
   * that they do not teach it.
   */
  readonly #observers: readonly Cluster[]
  load!: Workload

  private constructor(cluster: LocalCluster, topic: string, partitions: number) {
    this.cluster = cluster
    this.topic = topic
    this.partitions = partitions
    this.#observers = cluster.bootstrap.map((address) => {
      const options = { bootstrap: [address], requestTimeoutMs: 1_000, connectTimeoutMs: 1_000 }
      return new Cluster(nodeEnv({ level: 'error' }), options)
    })
  }

  /** Makes the topic and runs the load until it is acknowledged. */
  static async start(cluster: LocalCluster, topic: string, options: FaultedOptions = {}) {
    const { partitions = 1, perSecond = 100 } = options
    const faulted = new Faulted(cluster, topic, partitions)
    await faulted.#create(topic, options)
    await faulted.whole()
    faulted.load = new Workload(cluster.bootstrap, topic, partitions, perSecond)
    await faulted.acknowledged()
    return faulted
  }

  async #create(name: string, { partitions = 1, configs }: FaultedOptions): Promise<void> {
    const given = new Map(Object.entries({ 'min.insync.replicas': '2', ...configs }))
    const wanted = [{ name, partitions, replicationFactor: replicas, configs: given }]
    let outcome = 'no answer'
    // A broker that was hurt a moment ago may not be back yet: there are too few for the replicas.
    await until(
      async () => {
        const [made] = await createTopics(this.#observers[0]!, wanted, false)
        outcome = made?.error?.message ?? ''
        return outcome === ''
      },
      () => `The topic ${name} (${outcome})`,
    )
  }

  /** Another topic, for other clients. */
  createBeside(name: string): Promise<void> {
    return this.#create(name, {})
  }

  /** What each broker tells; nothing from those that do not answer. */
  async #told(): Promise<(readonly PartitionInfo[])[]> {
    const asked = this.#observers.map((one) => one.refresh([this.topic]).catch(() => []))
    return (await Promise.all(asked)).map(([info]) => info?.partitions ?? [])
  }

  /** The newest that any broker tells. */
  async #metadata(): Promise<readonly PartitionInfo[]> {
    const answers = await this.#told()
    const newest: PartitionInfo[] = []
    for (const partitions of answers)
      for (const one of partitions) {
        const known = newest[one.partition]
        if (known === undefined || known.leaderEpoch <= one.leaderEpoch) newest[one.partition] = one
      }
    return newest
  }

  async leader(partition = 0): Promise<number> {
    return (await this.#metadata())[partition]?.leader ?? -1
  }

  async leaderEpoch(partition = 0): Promise<number> {
    return (await this.#metadata())[partition]?.leaderEpoch ?? -1
  }

  async isr(partition = 0): Promise<number> {
    return (await this.#metadata())[partition]?.isr.length ?? 0
  }

  /** The preferred leader first. */
  async replicas(partition = 0): Promise<readonly number[]> {
    return (await this.#metadata())[partition]?.replicas ?? []
  }

  /** Resolves with a leader that is not this one. */
  async successorOf(former: number): Promise<number> {
    let leader = -1
    await until(async () => {
      leader = await this.leader()
      return leader !== -1 && leader !== former
    }, 'another leader')
    return leader
  }

  /** Every partition has acknowledged something that was sent from now on. */
  async acknowledged(): Promise<void> {
    const sinceMs = performance.now()
    const all = Array.from({ length: this.partitions }, (_, i) => i)
    await until(
      () => all.every((partition) => this.load.acknowledgedSince(partition, sinceMs)),
      'an acknowledgement of every partition',
    )
  }

  /** Every replica is in sync, and every broker knows it: one that was away tells what was before. */
  async whole(): Promise<void> {
    let seen = ''
    await until(
      async () => {
        const told = await this.#told()
        seen = told
          .map((found) => found.map(({ leader, isr }) => `${leader}:${isr}`).join(' '))
          .join(', ')
        return told.every(
          (found) =>
            found.length === this.partitions &&
            found.every(({ leader, isr }) => leader !== -1 && isr.length === replicas),
        )
      },
      () => `Every replica in sync (${seen})`,
    )
  }

  /** Stops the load, reads everything, and tells what is wrong: all empty when nothing is. */
  async outcome() {
    await this.whole()
    const all = Array.from({ length: this.partitions }, (_, i) => i)
    await Promise.all(all.map((partition) => this.load.send(partition)))
    await this.load.finish()
    const log = await readAll(this.cluster.bootstrap, this.topic, this.partitions)
    for (const observer of this.#observers) observer.close()
    return {
      errors: this.load.errors,
      anomalies: anomalies(this.load.sent, log, { idempotent: true }),
      replicas: await this.#differences(),
      complaints: complaints(this.cluster),
    }
  }

  /** Partitions whose bytes are not the same on every broker. */
  async #differences(): Promise<string[]> {
    const names = Array.from({ length: this.partitions }, (_, i) => `${this.topic}-${i}`)
    const differing = () =>
      names.filter((name) => {
        const contents = this.cluster.brokerIds.map((id) => this.#bytesOf(id, name))
        return contents.some((bytes) => !bytes.equals(contents[0]!))
      })
    // Followers are a fetch behind for a moment.
    const endMs = performance.now() + 60_000
    while (differing().length > 0 && performance.now() < endMs) await pause(50)
    return differing()
  }

  #bytesOf(id: number, name: string): Buffer {
    const directory = join(this.cluster.options.directory, `broker-${id}`, name)
    const segments = readdirSync(directory).filter((file) => file.endsWith('.log'))
    return Buffer.concat(segments.sort().map((file) => readFileSync(join(directory, file))))
  }
}

export const sound = { errors: [], anomalies: [], replicas: [], complaints: [] }

/** Lines that no fault explains: errors, and what only a bug says. */
function complaints(cluster: LocalCluster): string[] {
  const all = [...cluster.brokers.values(), cluster.coordinator]
  const lines = all.flatMap((server) => server?.output.join('').split('\n') ?? [])
  return lines.filter((line) => / ERROR |unhandled|TypeError|RangeError/i.test(line))
}
