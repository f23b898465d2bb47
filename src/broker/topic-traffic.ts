/** What passes through a broker by topic: of those that it has replicas of, as Kafka tells them, and of a bounded number. */
import type { Limit } from '../core/limit.ts'

/** Each has lines of its own whenever somebody scrapes. */
const topicsMax = 1000

export class TopicTraffic {
  bytesIn = 0
  recordsIn = 0
  bytesOut = 0
}

export class TopicTraffics {
  readonly #topics = new Map<string, { readonly traffic: TopicTraffic; replicas: number }>()
  /** Of topics beyond the limit: nobody asks for it. */
  readonly #rest = new TopicTraffic()
  readonly #max: number
  #refused = 0

  constructor(max = topicsMax) {
    this.#max = max
  }

  get limit(): Limit {
    return { used: this.#topics.size, max: this.#max, refused: this.#refused }
  }

  /** For a replica that is there now. */
  enter(topic: string): TopicTraffic {
    const known = this.#topics.get(topic)
    if (known !== undefined) {
      known.replicas++
      return known.traffic
    }
    if (this.#topics.size >= this.#max) {
      this.#refused++
      return this.#rest
    }
    const traffic = new TopicTraffic()
    this.#topics.set(topic, { traffic, replicas: 1 })
    return traffic
  }

  /** A replica has gone; with the last one its topic is told no more. */
  leave(topic: string, traffic: TopicTraffic): void {
    const known = this.#topics.get(topic)
    if (known?.traffic === traffic && --known.replicas === 0) this.#topics.delete(topic)
  }

  *entries(): Generator<[topic: string, TopicTraffic]> {
    for (const [topic, { traffic }] of this.#topics) yield [topic, traffic]
  }
}
