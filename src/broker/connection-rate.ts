/** `max.connection.creation.rate`: who comes too fast waits. Kafka leaves them in the kernel's queue meanwhile. */

/** What may come at once, as long as nothing came before. */
const burstMs = 1000
/** As long as Kafka's window (`quota.window.num` samples of a second): a rate of 0 locks nobody out. */
const waitMsMax = 11_000

export class ConnectionRate {
  /** When the last of them is due, on the monotonic clock. */
  #dueMs = -Infinity

  /** How long one that comes now has to wait. */
  waitMs(perSecond: number, nowMs: number): number {
    const dueMs = Math.max(this.#dueMs, nowMs - burstMs) + 1000 / perSecond
    this.#dueMs = Math.min(dueMs, nowMs + waitMsMax)
    return Math.max(0, this.#dueMs - nowMs)
  }
}
