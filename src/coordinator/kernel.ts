/**
 * Decide, apply, store, tell: the order in which everything that the coordinator changes happens.
 *
 * Decide, apply and hand to the store are one turn of the event loop. Answers and pushes leave when
 * the store has made the records durable, in the order of the decisions.
 */
import type { ClusterRecord } from '../../protocol/coordinator/record.ts'
import { ClusterMachine, type Command, type ReplyTo } from '../core/cluster/cluster-machine.ts'
import type { ConfigRules } from '../core/cluster/config-rules.ts'
import { eventsOf } from '../core/cluster/events.ts'
import type { ClusterImage } from '../core/cluster/image.ts'
import type { Sessions } from '../core/cluster/sessions.ts'
import type { Clock } from '../env/env.ts'
import type { MetaState, MetaStore } from './meta-store.ts'
import type { Peer } from './peer.ts'
import { Publisher } from './publisher.ts'
import { Timeline } from './timeline.ts'

const journalBytesMax = 4 * 1024 * 1024

export class Kernel {
  readonly sessions: Sessions
  /** By broker id: the connection that carries its session. */
  readonly peers = new Map<number, Peer>()
  readonly publisher: Publisher
  readonly timeline: Timeline
  readonly #clock: Clock
  readonly #store: MetaStore
  readonly #machine: ClusterMachine
  readonly #onTold: () => void
  readonly #onElectorate: () => void
  readonly #onFailure: (error: Error) => void
  /** Resolves when all decisions so far are durable and told. */
  #told: Promise<void> = Promise.resolve()
  #flushAtMs = Infinity
  #toldRevision: number
  #closed = false

  constructor(
    clock: Clock,
    store: MetaStore,
    state: MetaState,
    parts: {
      rules: ConfigRules
      sessions: Sessions
      /** Called whenever brokers were told something. */
      onTold(): void
      /** Called when brokers know of a change after which another election may be possible. */
      onElectorate(): void
      onFailure(error: Error): void
    },
  ) {
    this.#clock = clock
    this.#store = store
    this.sessions = parts.sessions
    this.#onTold = parts.onTold
    this.#onElectorate = parts.onElectorate
    this.#onFailure = parts.onFailure
    this.#machine = new ClusterMachine(parts.rules)
    for (const record of state.records) this.#machine.apply(record)
    this.image.revision = state.revision
    this.#toldRevision = state.revision
    this.timeline = new Timeline(clock, state.generation)
    this.publisher = new Publisher(parts.sessions, this.peers)
  }

  /** All that was decided is durable, and nobody waits to be told. */
  get settled(): boolean {
    return this.#toldRevision === this.image.revision && this.publisher.idle
  }

  get isShortOfRoom(): boolean {
    return this.#store.isShortOfRoom
  }

  get image(): ClusterImage {
    return this.#machine.image
  }

  /** `applied` runs in this turn, when the image has the records; what it returns, once they are durable. */
  commit<C extends Command>(command: C, applied?: (reply: ReplyTo<C['kind']>) => () => void): void {
    if (this.#closed) return
    const { records, reply } = this.#machine.decide(command)
    this.timeline.note(this.image, eventsOf(this.image, command, records))
    this.commitRecords(records, applied && (() => applied(reply)))
  }

  commitRecords(records: readonly ClusterRecord[], applied?: () => () => void): void {
    const { image } = this
    this.publisher.depose(image, records, image.revision + records.length)
    for (const record of records) this.#machine.apply(record)
    const { revision } = image
    const answer = applied?.()
    // A decision without records may rest on records that are not durable yet: it waits for them too.
    const durable = records.length > 0 ? this.#store.txn(records) : undefined
    this.#told = Promise.all([this.#told, durable]).then(([, result]) => {
      if (result === 'refused') throw new Error('Another coordinator has taken over')
      if (this.#closed) return
      if (records.length > 0) this.publisher.publish(records, revision)
      this.#toldRevision = revision
      this.flush()
      answer?.()
      if (records.some(changesElectorate)) this.#onElectorate()
    })
    this.#told.catch((error: Error) => this.#onFailure(error))
    if (this.#store.bytesSinceSnapshot > journalBytesMax)
      this.#store.snapshot(revision, image.records())
  }

  /** Runs when no broker answers for a topic any more that was deleted up to this revision. */
  whenGone(revision: number, run: () => void): void {
    this.publisher.whenGone(revision, run)
    this.flush()
  }

  /** Sends what nobody has to wait for any more. */
  flush(): void {
    this.#flushAtMs = this.publisher.flush(this.#clock.monotonicMs())
    this.#onTold()
  }

  /** As `flush`, when a lease has ended for which others had to wait. */
  flushAt(nowMs: number): void {
    if (nowMs >= this.#flushAtMs) this.flush()
  }

  /** After it nothing is told any more; resolves when what was decided is durable. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#told.catch(() => undefined)
  }
}

function changesElectorate(record: ClusterRecord): boolean {
  switch (record.kind) {
    case 'partition':
      return record.leader === -1
    case 'broker':
    case 'brokerState':
    case 'config':
      return true
    default:
      return false
  }
}
