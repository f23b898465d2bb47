/** Bytes in the last seconds against a rate: Kafka's replication quotas (KIP-73). */

export class RateWindow {
  readonly #sampleMs: number
  /** Newest last; samples that are older than the window are dropped. */
  #samples: { readonly startMs: number; bytes: number }[] = []
  readonly #samplesMax: number

  /** `replication.quota.window.num` samples of `replication.quota.window.size.seconds`. */
  constructor(samples: number, sampleSeconds: number) {
    this.#samplesMax = samples
    this.#sampleMs = sampleSeconds * 1000
  }

  record(bytes: number, nowMs: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && nowMs < last.startMs + this.#sampleMs) last.bytes += bytes
    else this.#samples.push({ startMs: nowMs, bytes })
  }

  exceeds(bytesPerSecond: number, nowMs: number): boolean {
    return this.bytesPerSecond(nowMs) > bytesPerSecond
  }

  /** Over the window, of which all but the newest sample are taken for whole, as Kafka does. */
  bytesPerSecond(nowMs: number): number {
    const windowMs = this.#samplesMax * this.#sampleMs
    this.#samples = this.#samples.filter(({ startMs }) => startMs > nowMs - windowMs)
    const first = this.#samples[0]
    if (first === undefined) return 0
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0)
    const elapsedMs = Math.max(nowMs - first.startMs, windowMs - this.#sampleMs)
    return (bytes * 1000) / elapsedMs
  }
}
