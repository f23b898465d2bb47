/**
 * The history checker of FAULTS §8 for one topic, after Jepsen's Kafka workload: what was
 * acknowledged against what the log says in the end. Offsets give the order, so every check is
 * one pass.
 */
import type { Sent } from '../../src/cli/bench/failover/steady-load.ts'

export type { Sent }

export interface Read {
  readonly partition: number
  readonly offset: number
  readonly value: string
}

export interface Promises {
  /** No value stands twice, */
  readonly idempotent: boolean
  /** but for these: their producers could not tell. */
  readonly repeatable?: ReadonlySet<string>
  /** Where the log of a partition begins: what is before was deleted. 0 when left out. */
  startOf?(partition: number): number
}

/** Everything that is wrong, in words; empty for a good history. */
export function anomalies(
  sent: readonly Sent[],
  log: readonly Read[],
  { idempotent, repeatable, startOf = () => 0 }: Promises,
): string[] {
  const found: string[] = []
  const byPlace = new Map<string, string>()
  const byValue = new Map<string, Read[]>()
  for (const read of log) {
    const place = `${read.partition}/${read.offset}`
    const other = byPlace.get(place)
    if (other !== undefined && other !== read.value)
      found.push(`inconsistent-offsets: ${place} is ${other} and ${read.value}`)
    byPlace.set(place, read.value)
    byValue.set(read.value, [...(byValue.get(read.value) ?? []), read])
  }
  const known = new Map(sent.map((each) => [each.value, each]))
  for (const [value, reads] of byValue) {
    const places = new Set(reads.map(({ partition, offset }) => `${partition}/${offset}`))
    if (places.size > 1 && idempotent && !repeatable?.has(value))
      found.push(`duplicate: ${value} at ${[...places]}`)
    if (!known.has(value)) found.push(`invented: ${value} was never sent`)
  }
  for (const { value, partition, offset } of sent) {
    if (offset === undefined || offset < startOf(partition)) continue
    const place = `${partition}/${offset}`
    const there = byPlace.get(place)
    if (there === undefined) found.push(`lost-write: ${value} acknowledged at ${place}`)
    else if (there !== value) found.push(`inconsistent-offsets: ${place} is ${there}, not ${value}`)
  }
  found.push(...reordered(sent), ...gaps(log, startOf))
  return found
}

/** Acknowledged before another was sent, and yet behind it: real time is not respected. */
function reordered(sent: readonly Sent[]): string[] {
  const found: string[] = []
  const partitions = new Set(sent.map(({ partition }) => partition))
  for (const partition of partitions) {
    const acked = sent.filter((each) => each.partition === partition && each.offset !== undefined)
    const bySend = [...acked].sort((a, b) => a.sentMs - b.sentMs)
    const byAck = [...acked].sort((a, b) => a.ackedMs - b.ackedMs)
    let highest = -1
    let next = 0
    for (const later of bySend) {
      while (next < byAck.length && byAck[next]!.ackedMs < later.sentMs)
        highest = Math.max(highest, byAck[next++]!.offset!)
      if (later.offset! < highest)
        found.push(
          `nonmonotonic-send: ${later.value} got ${later.offset} after ${highest} was acked`,
        )
    }
  }
  return found
}

/** A log read from the start has every offset once (no transactions, no compaction here). */
function gaps(log: readonly Read[], startOf: (partition: number) => number): string[] {
  const found: string[] = []
  const next = new Map<number, number>()
  for (const { partition, offset } of log) {
    const expected = next.get(partition) ?? startOf(partition)
    if (offset > expected)
      found.push(`poll-skip: partition ${partition} goes from ${expected} to ${offset}`)
    if (offset < expected)
      found.push(
        `nonmonotonic-poll: partition ${partition} goes back from ${expected} to ${offset}`,
      )
    next.set(partition, offset + 1)
  }
  return found
}
