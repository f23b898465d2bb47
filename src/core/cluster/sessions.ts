/**
 * The coordinator's side of leases: until when may a broker believe that it may answer?
 *
 * It counts from when a heartbeat arrived and adds what clocks may be apart, so that its end of a
 * lease is always later than the broker's. Nothing of this is written down: a coordinator that
 * starts takes every broker of which it knows for one that got the longest lease just now.
 */

/** What a timer may be late by. */
const timerSlackMs = 5

export class Sessions {
  readonly leaseMs: number
  readonly rhoPpm: number
  readonly #expireAt = new Map<number, number>()

  constructor(leaseMs: number, rhoPpm: number) {
    this.leaseMs = leaseMs
    this.rhoPpm = rhoPpm
  }

  /** How long a broker that heartbeats now may go on, as the coordinator's clock sees it. */
  longestMs(leaseMs = this.leaseMs): number {
    return leaseMs * (1 + (2 * this.rhoPpm) / 1e6) + timerSlackMs
  }

  /** A broker that may still hold a lease from before this coordinator started. */
  presume(brokerId: number, nowMs: number, leaseMs: number): void {
    this.#expireAt.set(brokerId, nowMs + this.longestMs(leaseMs))
  }

  renew(brokerId: number, receivedMs: number): void {
    const expireAt = receivedMs + this.longestMs()
    this.#expireAt.set(brokerId, Math.max(this.expireAt(brokerId), expireAt))
  }

  /** As long as its connection stands: broker and coordinator share a process. */
  renewForever(brokerId: number): void {
    this.#expireAt.set(brokerId, Infinity)
  }

  /** The broker is known to have stopped answering. */
  end(brokerId: number): void {
    this.#expireAt.delete(brokerId)
  }

  /** 0 when no lease can be in force. */
  expireAt(brokerId: number): number {
    return this.#expireAt.get(brokerId) ?? 0
  }

  live(brokerId: number, nowMs: number): boolean {
    return this.expireAt(brokerId) > nowMs
  }
}
