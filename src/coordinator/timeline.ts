/**
 * The last events of the cluster, in memory: who had a lease, who was elected, who fell out of sync,
 * and how long it lasted. It begins anew with each coordinator; the journal has the states, not the causes.
 */
import type { DescribeTimeline } from '../../protocol/ottla/describe-timeline.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import type { ClusterEvent } from '../core/cluster/events.ts'
import type { ClusterImage, PartitionImage } from '../core/cluster/image.ts'
import type { Limit } from '../core/limit.ts'
import type { Clock } from '../env/env.ts'

/** Some megabytes at most: 10,000 partitions fail over once. */
const eventsMax = 10_000
const answerMax = 1000

export type TimelineAnswer = ResponseOf<typeof DescribeTimeline>
type Entry = TimelineAnswer['events'][number]

export class Timeline {
  readonly #clock: Clock
  readonly #generation: number
  readonly #startedMs: number
  readonly #entries: Entry[] = []
  /** Events in the life of this coordinator, also those that are forgotten. */
  readonly counts = { lease: 0, leaseLost: 0, election: 0, unclean: 0, isr: 0, reassignment: 0 }
  #sequence = 0
  #forgotten = 0
  /** Monotonic times since when a broker has a lease, a partition no leader, a replica is out of sync. */
  readonly #since = new Map<string, number>()

  constructor(clock: Clock, generation: number) {
    this.#clock = clock
    this.#generation = generation
    this.#startedMs = clock.wallMs()
  }

  get limit(): Limit {
    return { used: this.#entries.length, max: 2 * eventsMax, refused: this.#forgotten }
  }

  note(image: ClusterImage, events: readonly ClusterEvent[]): void {
    for (const event of events) {
      this.#count(event)
      const entry =
        event.kind === 'lease' ? this.#lease(event) : this.#change(image, event.kind, event)
      this.#entries.push({
        sequence: ++this.#sequence,
        timestampMs: this.#clock.wallMs(),
        cause: event.cause,
        ...entry,
      })
    }
    if (this.#entries.length > 2 * eventsMax)
      this.#forgotten += this.#entries.splice(0, eventsMax).length
  }

  #count(event: ClusterEvent): void {
    if (event.kind !== 'lease') this.counts[event.kind]++
    else if (event.held) this.counts.lease++
    else this.counts.leaseLost++
    if (event.kind === 'election' && event.after.unclean && event.after.leader !== -1)
      this.counts.unclean++
  }

  /** Those behind `afterSequence`, the oldest first; without it the newest. */
  answer(afterSequence: number, limit: number): TimelineAnswer {
    const count = Math.min(Math.max(1, limit), answerMax)
    const events =
      afterSequence > 0
        ? this.#entries.filter(({ sequence }) => sequence > afterSequence).slice(0, count)
        : this.#entries.slice(-count)
    return {
      errorCode: 0,
      errorMessage: null,
      coordinator: this.#generation,
      startedMs: this.#startedMs,
      events,
    }
  }

  #lease({ brokerId, held }: ClusterEvent & { kind: 'lease' }): EntryBody {
    const key = `lease/${brokerId}`
    const durationMs = held ? -1 : this.#ended(key)
    if (held) this.#began(key)
    const [before, after] = held ? ['none', 'held'] : ['held', 'none']
    return { ...nothing, kind: 'lease', brokerId, before, after, durationMs }
  }

  #change(
    image: ClusterImage,
    kind: string,
    { before, after }: { before: PartitionImage; after: PartitionImage },
  ): EntryBody {
    const topic = image.topicById(after.topicId)?.name ?? after.topicId
    const { partition, leaderEpoch } = after
    const place = { ...nothing, kind, topic, partition, leaderEpoch }
    if (kind === 'election') {
      const key = `leader/${after.topicId}/${partition}`
      const durationMs = before.leader === -1 && after.leader !== -1 ? this.#ended(key) : -1
      if (after.leader === -1 && before.leader !== -1) this.#began(key)
      const name = ({ leader }: PartitionImage) => (leader === -1 ? 'none' : String(leader))
      const unclean = after.unclean && after.leader !== -1
      return { ...place, before: name(before), after: name(after), unclean, durationMs }
    }
    if (kind === 'isr') {
      let durationMs = -1
      const key = (id: number) => `isr/${after.topicId}/${partition}/${id}`
      for (const id of before.isr) if (!after.isr.includes(id)) this.#began(key(id))
      for (const id of after.isr)
        if (!before.isr.includes(id)) durationMs = Math.max(durationMs, this.#ended(key(id)))
      return { ...place, before: before.isr.join(), after: after.isr.join(), durationMs }
    }
    const key = `move/${after.topicId}/${partition}`
    const done = after.addingReplicas.length + after.removingReplicas.length === 0
    const durationMs = done ? this.#ended(key) : -1
    if (!done) this.#began(key)
    return { ...place, before: before.replicas.join(), after: after.replicas.join(), durationMs }
  }

  #began(key: string): void {
    if (!this.#since.has(key)) this.#since.set(key, this.#clock.monotonicMs())
  }

  #ended(key: string): number {
    const since = this.#since.get(key)
    this.#since.delete(key)
    return since === undefined ? -1 : Math.round(this.#clock.monotonicMs() - since)
  }
}

type EntryBody = Omit<Entry, 'sequence' | 'timestampMs' | 'cause'>
const nothing = {
  brokerId: -1,
  topic: '',
  partition: -1,
  before: '',
  after: '',
  leaderEpoch: -1,
  unclean: false,
  durationMs: -1,
}
