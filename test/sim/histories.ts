/**
 * What clients were told, against what is there in the end (FAULTS §8). What lost its last copy with the power
 * of every machine is excused, partition by partition.
 */
import { anomalies, type Read } from '../cluster/history.ts'
import type { Simulation } from './simulation.ts'
import { topic } from './workload.ts'

export class Histories {
  readonly #simulation: Simulation
  /** What a consumer that reads along had read when the logs were read. */
  alongTheWay: readonly Read[] = []

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  /** Undefined when each group has read all that was acknowledged to every replica in sync. */
  groupsLack(): string | undefined {
    const { workload, groups } = this.#simulation
    const acknowledged = workload.sent.filter(
      ({ acks, offset, partition }) =>
        acks === -1 &&
        offset !== undefined &&
        offset >= this.#deletedBefore(partition) &&
        !this.#excused(topic, partition),
    )
    for (const [groupId, reads] of groups.reads) {
      const read = new Set(reads.map(({ value }) => value))
      const lacks = acknowledged.filter(({ value }) => !read.has(value))
      if (lacks.length > 0)
        return `V5: group ${groupId} has not read ${lacks.length} records, as ${lacks[0]?.value}`
    }
    return undefined
  }

  /** `passing`: undefined when there is no such topic. `readMs`: what was acknowledged later need not have been read. */
  anomalies(log: readonly Read[], passing: readonly Read[] | undefined, readMs: number): string[] {
    const { workload, admin, cluster, invariants } = this.#simulation
    const { leaseMs } = cluster.options
    const counts = ({ partition }: { partition: number }) => !this.#excused(topic, partition)
    const sent = workload.sent.filter(counts).map((each) => {
      if (each.acks === -1) return each
      // A leader alone has acknowledged it: whoever leads later may not have it.
      const { topicId } = cluster.coordinator.coordinator!.image.topic(topic)!
      // Until its lease ends, one that was replaced may acknowledge what its successor lacks.
      const settledMs = invariants.lastElectionMs(topicId, each.partition) + 1.1 * leaseMs
      const stays = each.sentMs > settledMs
      return stays ? each : { ...each, offset: undefined }
    })
    const deletedBefore = (partition: number) => this.#deletedBefore(partition)
    // Who has no copy of a batch that was deleted before it was acknowledged cannot tell that it comes again.
    const repeats = sent.filter(
      ({ acks, partition }) => acks !== -1 || deletedBefore(partition) > 0,
    )
    const repeatable = new Set(repeats.map(({ value }) => value))
    const there = log.filter(
      ({ partition, offset }) => counts({ partition }) && offset >= deletedBefore(partition),
    )
    const promises = { idempotent: true, repeatable, startOf: deletedBefore }
    const wrong = anomalies(sent, there, promises)
    wrong.push(...alongTheWay(this.alongTheWay.filter(counts), log, deletedBefore))
    if (workload.errors.length > 0 && invariants.excused.size === 0)
      wrong.push(`V5: a send failed: ${workload.errors[0]}`)
    if (!this.#excused('passing', 0))
      wrong.push(
        ...admin.anomalies(
          passing?.map(({ value }) => value),
          readMs,
        ),
      )
    return wrong
  }

  /** Of the main topic: some replica has deleted what is before, and others may have. */
  #deletedBefore(partition: number): number {
    const { cluster, invariants } = this.#simulation
    const { topicId } = cluster.coordinator.coordinator!.image.topic(topic)!
    return invariants.deletedBefore(topicId, partition)
  }

  #excused(name: string, partition: number): boolean {
    const { cluster, invariants } = this.#simulation
    const topicId = cluster.coordinator.coordinator?.image.topic(name)?.topicId
    return invariants.excused.has(`${topicId}/${partition}`)
  }
}

/** A consumer that read along has seen what is there now, one after the other. */
function alongTheWay(
  reads: readonly Read[],
  log: readonly Read[],
  deletedBefore: (partition: number) => number,
): string[] {
  const wrong: string[] = []
  const values = new Map(
    log.map(({ partition, offset, value }) => [`${partition}/${offset}`, value]),
  )
  const next = new Map<number, number>()
  for (const { partition, offset, value } of reads) {
    const final = values.get(`${partition}/${offset}`)
    if (final !== value && offset >= deletedBefore(partition))
      wrong.push(`inconsistent-offsets: ${partition}/${offset} was read as ${value}, is ${final}`)
    const expected = next.get(partition) ?? 0
    const deleted = deletedBefore(partition)
    const skips = offset > expected && offset <= deleted
    // Out of range at a leader that had deleted more than was answered for, it begins at the start of the next one.
    const returns = offset < expected && expected <= deleted
    if (offset !== expected && !skips && !returns)
      wrong.push(`poll-skip: partition ${partition} goes from ${expected} to ${offset}`)
    next.set(partition, offset + 1)
  }
  return wrong
}
