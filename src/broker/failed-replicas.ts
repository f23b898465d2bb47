/**
 * Replicas whose directory failed: the coordinator is told at once, so that others lead what this
 * broker led there, nobody waits for it as a member of an ISR, and it is not elected for what it had.
 */
import type { Broker } from './broker.ts'
import type { Partition } from './partition.ts'

const retryMs = 200

export class FailedReplicas {
  readonly #broker: Broker
  #reporting = false

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /** Gives up what is led, in sync or eligible without a disk under it; goes on until that is known. */
  report(): void {
    if (this.#reporting || !this.#broker.joined) return
    this.#reporting = true
    const { timers } = this.#broker.env
    // In a later turn: all partitions of a directory go into one message.
    timers.soon(() => {
      const failed = [...this.#broker.partitions.all()].filter((each) => this.#concerned(each))
      if (failed.length === 0) {
        this.#reporting = false
        return
      }
      const again = () =>
        void timers.after(retryMs, () => {
          this.#reporting = false
          this.report()
        })
      const items = failed.map(({ topicId, index, leaderEpoch }) => {
        return { topicId, partition: index, leaderEpoch }
      })
      this.#broker.session.requests.relinquish(items).then(again, again)
    })
  }

  #concerned(partition: Partition): boolean {
    const { image, role } = partition
    if (!partition.isBroken || this.#broker.session.closed) return false
    const { nodeId } = this.#broker
    return role === 'leader' || image.isr.includes(nodeId) || image.elr.includes(nodeId)
  }
}
