/** How long something took, in fixed buckets: an observation costs a few comparisons and allocates nothing. */

/** Up to and with so many; one bucket more has the rest. */
export const durationBoundsMs = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
] as const

export class Durations {
  readonly counts: number[] = new Array(durationBoundsMs.length + 1).fill(0)
  sumMs = 0

  add(ms: number): void {
    this.sumMs += ms
    let bucket = 0
    while (bucket < durationBoundsMs.length && ms > durationBoundsMs[bucket]!) bucket++
    this.counts[bucket]!++
  }
}
