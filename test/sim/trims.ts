/**
 * An administrator who deletes records while they are written and read: by DeleteRecords, and by retention,
 * which is set so tight that whole segments go.
 *
 * What is answered holds on every replica that was there and lived.
 */
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { deleteRecords } from '../../src/client/admin/topics.ts'
import type { Cluster } from '../../src/client/cluster.ts'
import type { Env } from '../../src/env/env.ts'
import type { Member, SimCluster } from './cluster.ts'
import { Host } from './host.ts'
import type { Invariants } from './invariants.ts'
import type { Network } from './network.ts'
import { clientOf, topic } from './workload.ts'
import type { Chance, World } from './world.ts'

const giveUpMs = 2000
const unlimited = -1

export class Trims {
  readonly host: Host
  /** DeleteRecords that were answered without an error, and with one. */
  readonly answered = { done: 0, refused: 0 }
  readonly #world: World
  readonly #cluster: SimCluster
  readonly #invariants: Invariants
  readonly #draws: Chance
  #running = false
  #ended = true

  constructor(world: World, network: Network, cluster: SimCluster, invariants: Invariants) {
    this.#world = world
    this.#cluster = cluster
    this.#invariants = invariants
    this.#draws = world.stream('trims')
    this.host = new Host(world, network, 't1')
  }

  start(): void {
    this.#running = true
    this.#ended = false
    this.#run(this.host.env).then(
      () => {
        this.#ended = true
      },
      (error: Error) => this.#world.fail(`the trims fail: ${error.stack}`),
    )
  }

  /** Asks for the end; undefined when it has come: from then on nothing is deleted any more. */
  stopped(): string | undefined {
    this.#running = false
    return this.#ended ? undefined : 'V5: retention cannot be taken back'
  }

  async #run(env: Env): Promise<void> {
    const cluster = clientOf(env, this.#cluster, giveUpMs)
    while (this.#running) {
      const retains = this.#draws.chance(0.3)
      const bytes = this.#draws.pick([unlimited, 2000, 20_000])
      await (retains ? this.#retain(cluster, bytes) : this.#delete(cluster)).catch(() => undefined)
      await this.#sleep(env, this.#draws.between(200, 1500))
    }
    while (!(await this.#retain(cluster, unlimited).catch(() => false))) await this.#sleep(env, 100)
    // Whoever was about to delete has done so.
    await this.#sleep(env, 1500)
    cluster.close()
  }

  async #retain(cluster: Cluster, bytes: number): Promise<boolean> {
    const config = { name: 'retention.bytes', configOperation: 0, value: String(bytes) }
    const connection = await cluster.any()
    const { responses } = await connection.send(IncrementalAlterConfigs, {
      resources: [{ resourceType: 2, resourceName: topic, configs: [config] }],
      validateOnly: false,
    })
    return responses[0]?.errorCode === 0
  }

  async #delete(cluster: Cluster): Promise<void> {
    const { brokers, options } = this.#cluster
    const partition = this.#draws.below(options.partitions)
    const ends = brokers.map(
      ({ broker }) => broker?.partitions.get(topic, partition)?.log?.highWatermark ?? 0,
    )
    const offset = this.#draws.pick([-1, this.#draws.below(Math.max(...ends) + 2)])
    const living = brokers.filter(({ alive }) => alive)
    const lives = new Map(living.map((member) => [member, member.host.process.life]))
    const { powerLosses } = this.#invariants
    const [answer] = await deleteRecords(cluster, [{ topic, partition, offset }])
    if (answer === undefined || answer.error !== undefined) {
      this.answered.refused++
      return
    }
    this.answered.done++
    if (this.#invariants.powerLosses > powerLosses) return
    for (const [member, life] of lives)
      if (member.host.process.life === life) this.#mustHave(member, partition, answer.lowWatermark)
  }

  /** It has deleted what the answer says, unless the cluster knew that it is away. */
  #mustHave({ id, name, broker }: Member, index: number, lowWatermark: number): void {
    const image = this.#cluster.coordinator.coordinator?.image
    const partition = broker?.partitions.get(topic, index)
    const replicas = image?.topic(topic)?.partitions[index]?.isr ?? []
    if (partition?.log === undefined || !replicas.includes(id)) return
    const { logStartOffset } = partition.log
    if (logStartOffset < lowWatermark)
      this.#world.fail(
        `A6: ${topic}-${index} is deleted before ${lowWatermark}, and begins at ${logStartOffset} on ${name}`,
      )
  }

  #sleep(env: Env, delayMs: number): Promise<void> {
    return new Promise((resolve) => void env.timers.after(delayMs, resolve))
  }
}
