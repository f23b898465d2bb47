/**
 * Proposals of this broker, as a leader, on their way to the coordinator: one message at a time
 * with all that wait.
 *
 * A proposal is dropped on a definite refusal only. What says that the coordinator's state has
 * moved on leaves it standing until the metadata comes that says how; a lost answer leaves it
 * standing too, and it is asked again.
 */

import type { MessageOf } from '../../../protocol/coordinator/messages.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'

const retryMs = 50

export class IsrChanges {
  readonly #broker: Broker
  readonly #waiting = new Set<Partition>()
  #inFlight = false

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /** The partition may have a change to propose. */
  consider(partition: Partition): void {
    if (this.#waiting.has(partition) || partition.isrProposal() === undefined) return
    this.#waiting.add(partition)
    this.#send()
  }

  #send(): void {
    if (this.#inFlight || this.#waiting.size === 0) return
    const asked = new Map<string, Partition>()
    const items: MessageOf<'alterIsr'>['items'][number][] = []
    for (const partition of this.#waiting) {
      const proposal = partition.isrProposal()
      this.#waiting.delete(partition)
      if (proposal === undefined) continue
      const { topicId, index } = partition
      const { leaderEpoch, partitionEpoch } = proposal
      items.push({
        topicId,
        partition: index,
        leaderEpoch,
        partitionEpoch,
        newIsr: [...proposal.newIsr],
      })
      asked.set(`${topicId}/${index}`, partition)
    }
    if (items.length === 0) return
    this.#inFlight = true
    this.#broker.session.requests.alterIsr(items).then(
      (answer) => {
        this.#inFlight = false
        for (const item of answer.items)
          this.#answered(asked.get(`${item.topicId}/${item.partition}`), item)
        this.#send()
      },
      () => {
        this.#broker.env.timers.after(retryMs, () => {
          this.#inFlight = false
          for (const partition of asked.values()) this.#waiting.add(partition)
          this.#send()
        })
      },
    )
  }

  #answered(
    partition: Partition | undefined,
    { errorCode, isr, partitionEpoch }: MessageOf<'alterIsrAck'>['items'][number],
  ): void {
    if (partition === undefined) return
    if (errorCode === ErrorCode.NONE) partition.isrDecided(true, isr, partitionEpoch)
    else if (errorCode === ErrorCode.INELIGIBLE_REPLICA)
      partition.isrDecided(false, isr, partitionEpoch)
  }
}
