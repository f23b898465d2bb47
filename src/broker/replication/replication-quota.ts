/**
 * How fast replicas that are not in sync may be copied (KIP-73): by the leader that sends and by the
 * follower that fetches. Replicas in sync are never held up.
 */
import { resourceTypes } from '../../core/cluster/image.ts'
import { RateWindow } from '../../core/replication/rate-window.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'

export type QuotaSide = 'leader' | 'follower'

export class ReplicationQuota {
  readonly #broker: Broker
  readonly #side: QuotaSide
  readonly #window: RateWindow
  /** What a topic's list means, by its text. */
  readonly #lists = new Map<string, ReadonlySet<string>>()

  constructor(broker: Broker, side: QuotaSide) {
    this.#broker = broker
    this.#side = side
    const { config } = broker
    this.#window = new RateWindow(
      config.get('replication.quota.window.num'),
      config.get('replication.quota.window.size.seconds'),
    )
  }

  /** The topic's configuration names this replica. */
  throttles({ topic, index }: Partition): boolean {
    const name = `${this.#side}.replication.throttled.replicas`
    const text = this.#broker.image.configs(resourceTypes.topic, topic).get(name)
    if (text === undefined || text === '') return false
    return text === '*' || this.#listOf(text).has(`${index}:${this.#broker.nodeId}`)
  }

  get exceeded(): boolean {
    const rate = this.#broker.effective.get(`${this.#side}.replication.throttled.rate`)
    return this.#window.exceeds(rate, this.#broker.env.clock.monotonicMs())
  }

  record(bytes: number): void {
    this.#window.record(bytes, this.#broker.env.clock.monotonicMs())
  }

  #listOf(text: string): ReadonlySet<string> {
    const known = this.#lists.get(text)
    if (known) return known
    // Lists of topics that are gone are not kept for ever.
    if (this.#lists.size > 1000) this.#lists.clear()
    const list = new Set(text.split(','))
    this.#lists.set(text, list)
    return list
  }
}
