/** Who copies what from whom on this broker, kept as the metadata says. */
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import { IsrChanges } from './isr-changes.ts'
import { ReplicaFetcher } from './replica-fetcher.ts'
import { ReplicationQuota } from './replication-quota.ts'

export class Replication {
  readonly isrChanges: IsrChanges
  readonly leaderQuota: ReplicationQuota
  readonly followerQuota: ReplicationQuota
  readonly #broker: Broker
  /** By leader and shard. */
  readonly #fetchers = new Map<string, ReplicaFetcher>()
  #fetcherCount: number
  #watching = false
  #closed = false

  constructor(broker: Broker) {
    this.#broker = broker
    this.#fetcherCount = broker.config.get('num.replica.fetchers')
    this.isrChanges = new IsrChanges(broker)
    this.leaderQuota = new ReplicationQuota(broker, 'leader')
    this.followerQuota = new ReplicationQuota(broker, 'follower')
  }

  /** One for each leader, and `num.replica.fetchers` of them where there are as many partitions. */
  get fetchers(): number {
    return this.#fetchers.size
  }

  /** After each change of a partition's state: follow its leader, or nobody. */
  follow(partition: Partition): void {
    const { leader } = partition.image
    const follows = partition.role === 'follower' && leader !== -1 && leader !== this.#broker.nodeId
    const key = `${leader}/${this.#shardOf(partition)}`
    for (const [other, fetcher] of this.#fetchers)
      if (fetcher.has(partition) && !(follows && other === key))
        this.#leave(partition, other, fetcher)
    if (!follows || this.#closed) {
      if (partition.role === 'leader' && partition.image.replicas.length > 1) this.#watch()
      return
    }
    let fetcher = this.#fetchers.get(key)
    if (fetcher === undefined) {
      fetcher = new ReplicaFetcher(this.#broker, leader)
      this.#fetchers.set(key, fetcher)
    }
    fetcher.add(partition)
  }

  /** `num.replica.fetchers` may be another. */
  configure(): void {
    const count = this.#broker.effective.get('num.replica.fetchers')
    if (count === this.#fetcherCount) return
    this.#fetcherCount = count
    for (const partition of this.#broker.partitions.all()) this.follow(partition)
  }

  forget(partition: Partition): void {
    for (const [key, fetcher] of this.#fetchers)
      if (fetcher.has(partition)) this.#leave(partition, key, fetcher)
  }

  close(): void {
    this.#closed = true
    for (const fetcher of this.#fetchers.values()) fetcher.close()
    this.#fetchers.clear()
  }

  #leave(partition: Partition, key: string, fetcher: ReplicaFetcher): void {
    fetcher.remove(partition)
    if (fetcher.size > 0) return
    fetcher.close()
    this.#fetchers.delete(key)
  }

  /** `num.replica.fetchers` for each leader; a partition stays with one of them. */
  #shardOf({ topicId, index }: Partition): number {
    const count = this.#fetcherCount
    if (count === 1) return 0
    let hash = index
    for (let at = 0; at < topicId.length; at++) hash = (hash * 31 + topicId.charCodeAt(at)) >>> 0
    return hash % count
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
