/** Who copies what from whom on this broker, kept as the metadata says. */
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import { IsrChanges } from './isr-changes.ts'
import { ReplicaFetcher } from './replica-fetcher.ts'

export class Replication {
  readonly isrChanges: IsrChanges
  readonly #broker: Broker
  readonly #fetchers = new Map<number, ReplicaFetcher>()
  #watching = false
  #closed = false

  constructor(broker: Broker) {
    this.#broker = broker
    this.isrChanges = new IsrChanges(broker)
  }

  /** After each change of a partition's state: follow its leader, or nobody. */
  follow(partition: Partition): void {
    const { leader } = partition.image
    const follows = partition.role === 'follower' && leader !== -1 && leader !== this.#broker.nodeId
    for (const [leaderId, fetcher] of this.#fetchers)
      if (fetcher.has(partition) && !(follows && leaderId === leader))
        this.#leave(partition, fetcher)
    if (!follows || this.#closed) {
      if (partition.role === 'leader' && partition.image.replicas.length > 1) this.#watch()
      return
    }
    let fetcher = this.#fetchers.get(leader)
    if (fetcher === undefined) {
      fetcher = new ReplicaFetcher(this.#broker, leader)
      this.#fetchers.set(leader, fetcher)
    }
    fetcher.add(partition)
  }

  forget(partition: Partition): void {
    for (const fetcher of this.#fetchers.values())
      if (fetcher.has(partition)) this.#leave(partition, fetcher)
  }

  close(): void {
    this.#closed = true
    for (const fetcher of this.#fetchers.values()) fetcher.close()
    this.#fetchers.clear()
  }

  #leave(partition: Partition, fetcher: ReplicaFetcher): void {
    fetcher.remove(partition)
    if (fetcher.size > 0) return
    fetcher.close()
    this.#fetchers.delete(fetcher.leaderId)
  }

  /** Looks for followers that lag: what does not fetch gives no other sign. */
  #watch(): void {
    if (this.#watching || this.#closed) return
    this.#watching = true
    const everyMs = this.#broker.config.get('replica.lag.time.max.ms') / 2
    this.#broker.env.timers.after(everyMs, () => {
      this.#watching = false
      let led = false
      for (const partition of this.#broker.partitions.all()) {
        if (partition.role !== 'leader' || partition.image.replicas.length === 1) continue
        led = true
        this.isrChanges.consider(partition)
      }
      if (led) this.#watch()
    })
  }
}
