/**
 * Asks for metadata while partitions are not where they were thought to be, one request at a time.
 *
 * A broker may hear of a new leader a moment later than the old one is gone. So an answer without news is
 * followed by a few more questions after short pauses, and only then by the usual backoff.
 */
import type { Cluster } from './cluster.ts'
import { followLeader, hasMoved, shortPausesMax } from './leader-moves.ts'
import type { PartitionQueue } from './partition-queue.ts'

export class LeaderRefresh {
  readonly #cluster: Cluster
  readonly #onPause: () => void
  #isAsking = false
  /** What is to be asked for after the request that is under way. */
  readonly #wanted = new Set<PartitionQueue>()
  /** Questions since the last that left nothing to look for. */
  #fruitless = 0

  /** `onPause` is called when there is news, and when it is time to try again without. */
  constructor(cluster: Cluster, onPause: () => void) {
    this.#cluster = cluster
    this.#onPause = onPause
  }

  later(queues: Iterable<PartitionQueue>): void {
    for (const queue of queues) this.#wanted.add(queue)
    if (!this.#isAsking) void this.#ask()
  }

  async #ask(): Promise<void> {
    const { metadata, env, retryOptions } = this.#cluster
    this.#isAsking = true
    const asked = [...this.#wanted]
    this.#wanted.clear()
    const lost = asked.filter((queue) => !hasMoved(metadata, queue))
    let backoffMs = retryOptions.firstMs
    try {
      await this.#cluster.refresh([...new Set(asked.map(({ topic }) => topic))])
    } catch {
      // The broker that was asked may be the one that has gone; the next one is another.
      backoffMs = retryOptions.lastMs / 2
    }
    const stillLost = lost.filter((queue) => !followLeader(this.#cluster, queue))
    if (stillLost.length < lost.length) this.#onPause()
    if (stillLost.length === 0) this.#fruitless = 0
    const isShort = this.#fruitless < shortPausesMax
    if (isShort) {
      backoffMs = retryOptions.firstMs * 2 ** (this.#fruitless - shortPausesMax)
      for (const queue of stillLost) this.#wanted.add(queue)
    }
    this.#fruitless++
    env.timers.after(backoffMs, () => {
      this.#isAsking = false
      if (this.#cluster.closed) return
      if (this.#wanted.size > 0) void this.#ask()
      this.#onPause()
    })
  }
}
