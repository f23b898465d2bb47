/** An idempotent producer with acks=all that sends at a steady rate through faults, and what it saw. */
import type { Cluster } from '../../../client/cluster.ts'
import { Producer } from '../../../client/producer.ts'

export interface Sent {
  readonly value: string
  readonly partition: number
  /** Undefined: never acknowledged, it may be there or not. */
  readonly offset: number | undefined
  readonly sentMs: number
  readonly ackedMs: number
}

/** A stall makes it send what it missed, but not all at once. */
const catchUpMax = 20

export class SteadyLoad {
  /** In the order of their acknowledgements. */
  readonly sent: Sent[] = []
  readonly errors: string[] = []
  readonly producer: Producer
  readonly #topic: string
  readonly #pending = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #next = 0

  /** Sends in turn to the first `partitions`. */
  constructor(cluster: Cluster, topic: string, partitions: number, perSecond: number) {
    this.producer = new Producer(cluster, { acks: -1, idempotent: true, lingerMs: 0 })
    this.#topic = topic
    const startMs = performance.now()
    let count = 0
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000)
      for (let i = Math.max(count, due - catchUpMax); i < due; i++) void this.send(i % partitions)
      count = due
    }, 1000 / perSecond)
  }

  /** One more, out of turn; resolves with it or with a failure. */
  send(partition: number): Promise<void> {
    const value = `value-${this.#next++}`
    const sentMs = performance.now()
    const note = (offset: number | undefined) =>
      this.sent.push({ value, partition, offset, sentMs, ackedMs: performance.now() })
    const done = this.producer.send({ topic: this.#topic, partition, value }).then(
      ({ offset }) => {
        note(offset)
      },
      (error: Error) => {
        this.errors.push(error.message)
        note(undefined)
      },
    )
    this.#pending.add(done)
    return done.finally(() => this.#pending.delete(done))
  }

  /** Sends no more and waits for what is out. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#pending)
  }

  /** The longest time without an acknowledgement in the partition, from the last one before `fromMs` on. */
  gapMs(partition: number, fromMs: number): number {
    let last = fromMs
    let longest = 0
    for (const { offset, ackedMs, ...one } of this.sent) {
      if (one.partition !== partition || offset === undefined) continue
      if (ackedMs > fromMs) longest = Math.max(longest, ackedMs - last)
      last = Math.max(last, ackedMs)
    }
    return longest
  }

  /** Whether something that was sent after `sinceMs` has been acknowledged. */
  acknowledgedSince(partition: number, sinceMs: number): boolean {
    return this.sent.some(
      (one) => one.partition === partition && one.offset !== undefined && one.sentMs > sinceMs,
    )
  }
}
