/**
 * Asks brokers where their logs end, for unclean elections: when nobody in sync is left, the longest log
 * loses least (LEASES §4.7).
 *
 * An election waits for the answers of all that may lead, a lease at most: who is silent for that long
 * has no session any more. Nothing else waits, and clean elections ask nobody.
 */
import type { MessageOf } from '../../protocol/coordinator/messages.ts'
import { awaitingUnclean } from '../core/cluster/elect-leaders.ts'
import type { ClusterImage, PartitionImage } from '../core/cluster/image.ts'
import type { LogEnd, LogEndsOf } from '../core/cluster/log-ends.ts'
import type { Timer, Timers } from '../env/env.ts'
import type { Kernel } from './kernel.ts'
import type { Peer } from './peer.ts'

/** In one question to a broker: far below the limit of frames. */
const partitionsMax = 10_000

interface Question {
  readonly ends: Map<string, LogEnd[]>
  readonly partitions: readonly PartitionImage[]
  /** Whose answers are waited for, and what they are asked. */
  readonly asked: Map<number, MessageOf<'askLogEnds'>>
  readonly timer: Timer
  readonly done: (logEnds: readonly LogEndsOf[]) => void
}

export class LogEndInquiry {
  readonly #timers: Timers
  readonly #kernel: Kernel
  readonly #questions = new Map<number, Question>()
  #last = 0
  /** The elections that nobody asked for are one question at a time. */
  #electing = false
  #closed = false

  constructor(timers: Timers, kernel: Kernel) {
    this.#timers = timers
    this.#kernel = kernel
  }

  get #image(): ClusterImage {
    return this.#kernel.image
  }

  /** Elects where that is allowed; to be called when partitions may have lost their last leader. */
  elect(): void {
    if (this.#electing || this.#closed) return
    const partitions: PartitionImage[] = []
    for (const partition of awaitingUnclean(this.#image)) {
      partitions.push(partition)
      if (partitions.length === partitionsMax) break
    }
    if (partitions.length === 0) return
    this.#electing = true
    this.ask(partitions, (logEnds) => {
      this.#electing = false
      this.#kernel.commit({ kind: 'electLongest', logEnds })
      // Those that came too late for this question. Where nobody answered, nothing is gained by asking
      // again before something has changed.
      if (logEnds.some(({ ends }) => ends.length > 0)) this.elect()
    })
  }

  /** `done` is called in a later turn, with what was told by then. */
  ask(partitions: readonly PartitionImage[], done: (logEnds: readonly LogEndsOf[]) => void): void {
    const byBroker = new Map<number, PartitionImage[]>()
    for (const partition of partitions)
      for (const id of partition.replicas) {
        const items = byBroker.get(id) ?? []
        items.push(partition)
        if (this.#image.isActive(id)) byBroker.set(id, items)
      }
    const question = ++this.#last
    const asked = new Map<number, MessageOf<'askLogEnds'>>()
    for (const [brokerId, items] of byBroker)
      asked.set(brokerId, {
        type: 'askLogEnds',
        question,
        items: items.map(({ topicId, partition }) => ({ topicId, partition })),
      })
    const afterMs = asked.size === 0 ? 0 : this.#kernel.sessions.leaseMs
    this.#questions.set(question, {
      partitions,
      ends: new Map(partitions.map((one) => [keyOf(one), []])),
      asked,
      timer: this.#timers.after(afterMs, () => this.#finish(question)),
      done,
    })
    for (const [brokerId, message] of asked) this.#kernel.peers.get(brokerId)?.send(message)
  }

  /** A session stands again: its broker may not have got what it was asked. */
  connected(peer: Peer): void {
    for (const { asked } of this.#questions.values()) {
      const message = asked.get(peer.brokerId)
      if (message !== undefined) peer.send(message)
    }
    this.elect()
  }

  answered({ brokerId }: Peer, { brokerEpoch, question, items }: MessageOf<'logEnds'>): void {
    const open = this.#questions.get(question)
    if (open === undefined || !open.asked.delete(brokerId)) return
    for (const { topicId, partition, leaderEpoch, endOffset } of items)
      open.ends
        .get(keyOf({ topicId, partition }))
        ?.push({ brokerId, brokerEpoch, leaderEpoch, endOffset })
    if (open.asked.size === 0) this.#finish(question)
  }

  close(): void {
    this.#closed = true
    for (const { timer } of this.#questions.values()) timer.cancel()
    this.#questions.clear()
  }

  #finish(question: number): void {
    const open = this.#questions.get(question)
    if (open === undefined) return
    this.#questions.delete(question)
    open.timer.cancel()
    const { partitions, ends, done } = open
    done(
      partitions.map(({ topicId, partition }) => ({
        topicId,
        partition,
        ends: ends.get(keyOf({ topicId, partition })) ?? [],
      })),
    )
  }
}

function keyOf({ topicId, partition }: { topicId: string; partition: number }): string {
  return `${topicId}/${partition}`
}
