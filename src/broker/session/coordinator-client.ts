/**
 * The broker's side of its session with the coordinator: it registers, keeps the lease, holds a
 * copy of the metadata, and carries requests that only the coordinator may decide.
 *
 * A lost connection is made again, for ever, by the same incarnation: the session goes on. Told
 * that its session is stale, a broker drops its lease at once and registers as a new incarnation,
 * which leads nothing until it is elected anew. Every (re)connection starts with the whole
 * metadata; the image jumps to it and listeners are told the difference.
 */
import type { MessageOf } from '../../../protocol/coordinator/messages.ts'
import { ClusterImage, type PartitionImage } from '../../core/cluster/image.ts'
import type { ImageChange } from '../../core/cluster/image-change.ts'
import type { Env, Timer } from '../../env/env.ts'
import { CoordinatorRequests } from './coordinator-requests.ts'
import { handshake } from './handshake.ts'
import { Lease, type LeaseMark } from './lease.ts'
import { Link, LinkClosedError } from './link.ts'
import { MetadataIntake } from './metadata-intake.ts'
import {
  brokerStates,
  CoordinatorError,
  codes,
  leaseForLocalMs,
  type SessionOptions,
  silenceMaxMs,
} from './session.ts'

const reconnectMinMs = 20
/** Soon enough to be back within a lease when the coordinator only starts again. */
const reconnectMaxMs = 100

export class CoordinatorClient {
  readonly image = new ClusterImage()
  readonly lease: Lease
  readonly requests: CoordinatorRequests
  /** Of the incarnation registered now; -1 before. */
  brokerEpoch = -1
  readonly #intake = new MetadataIntake(this.image)
  readonly #env: Env
  readonly #options: SessionOptions
  readonly #listeners = new Set<(change: ImageChange) => void>()
  readonly #regained = new Set<() => void>()
  readonly #waitingForState: { state: number; resolve: () => void; reject: (e: Error) => void }[] =
    []
  #incarnation: string
  #clusterId: string
  #link: Link | undefined
  #generation = 0
  #registered = false
  #closed = false
  #fatal: Error | undefined
  #wanted: number = brokerStates.starting
  #state: number = brokerStates.starting
  #renewMs = 500
  #rhoPpm = 10_000
  #heartbeat: Timer | undefined
  #reconnectMs = reconnectMinMs
  #sequence = 0
  #sent = new Map<number, LeaseMark>()
  /** What the last heartbeat said. */
  #toldCordoned: string[] = []
  #lastGrantMs = 0
  /** This incarnation has held a lease, and was not told that its session ended. */
  #led = false
  /** Times that a lease began, in the life of this process. */
  #leases = 0
  #outage = false
  readonly #giveUpMs: number
  #opened: { resolve: () => void; reject: (e: Error) => void } | undefined

  private constructor(env: Env, options: SessionOptions) {
    this.#env = env
    this.#options = options
    this.#clusterId = options.clusterId
    this.lease = new Lease(env.clock)
    const self = this
    this.requests = new CoordinatorRequests(env, {
      get link() {
        return self.#registered ? self.#link : undefined
      },
      get brokerEpoch() {
        return self.brokerEpoch
      },
      nextSequence: () => ++self.#sequence,
      ...options,
    })
    this.#giveUpMs = env.clock.monotonicMs() + (options.registrationMaxMs ?? Infinity)
    this.#incarnation = env.random.bytes(16).toString('base64url')
  }

  /**
   * Resolves when the broker is registered and has the metadata; it is fenced until `ready`. Waits
   * for a coordinator as long as it takes; rejects with CoordinatorError when it is refused.
   */
  static async start(env: Env, options: SessionOptions): Promise<CoordinatorClient> {
    const client = new CoordinatorClient(env, options)
    await new Promise<void>((resolve, reject) => {
      client.#opened = { resolve, reject }
      client.#connect()
    })
    return client
  }

  /** Random for each life of the process, and changed when a session was lost. */
  get incarnation(): string {
    return this.#incarnation
  }

  get clusterId(): string {
    return this.#clusterId
  }

  /** Of the coordinator that the metadata comes from. */
  get generation(): number {
    return this.#generation
  }

  /** Ended for good. */
  get closed(): boolean {
    return this.#closed
  }

  get connected(): boolean {
    return this.#registered
  }

  /** Times that a lease ended: all that began, but for the one that is held. */
  get leasesLost(): number {
    return this.#leases - (this.lease.valid() ? 1 : 0)
  }

  /** This incarnation leads the partition as far as the image says; whether it may answer, `lease` says. */
  leads(partition: PartitionImage): boolean {
    return (
      partition.leader === this.#options.brokerId &&
      partition.leaderBrokerEpoch === this.brokerEpoch
    )
  }

  /**
   * To be asked right before an answer leaves. Without a valid lease another may lead by now; with
   * `lease.outage.policy=available` that is put up with while no coordinator is there to say so, as
   * in Kafka: epochs alone then keep replicas apart.
   */
  mayLead(): boolean {
    if (this.lease.valid()) return true
    if (!this.#options.goesOnWithout || this.#registered || this.#closed || !this.#led) return false
    if (!this.#outage) this.#env.log.warn('No coordinator is there: going on without a lease')
    this.#outage = true
    return true
  }

  /** Called after each change of the image, in the turn in which it happened. */
  onChange(listener: (change: ImageChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called when a lease begins after there was none: answers that were held back may go. */
  onLease(listener: () => void): void {
    this.#regained.add(listener)
  }

  /** The broker can serve: resolves when it may lead and holds a lease. */
  ready(): Promise<void> {
    return this.#reach(brokerStates.active)
  }

  /** Controlled shutdown: resolves when nothing is led here any more and the broker may stop. */
  drain(): Promise<void> {
    return this.#reach(brokerStates.draining, brokerStates.mayStop)
  }

  /** Ends the session; leaderships are not handed over (that is `drain`). */
  close(): void {
    this.#closed = true
    this.lease.drop()
    this.#heartbeat?.cancel()
    this.#link?.destroy()
    this.#giveUp(new CoordinatorError(codes.notController, 'The broker is shutting down'))
  }

  #reach(wanted: number, state = wanted): Promise<void> {
    if (this.#fatal) return Promise.reject(this.#fatal)
    this.#wanted = wanted
    return new Promise((resolve, reject) => {
      this.#waitingForState.push({ state, resolve, reject })
      if (this.#registered) this.#beat()
    })
  }

  #connect(): void {
    if (this.#closed) return
    this.#intake.begin()
    const link = new Link(this.#options.dial, {
      onOpen: () => {
        if (this.#link === link) this.#enter(link)
      },
      onMessage: (message, generation) => {
        if (this.#link !== link) return
        this.#generation = generation
        if (message.type === 'metadata') this.#metadata(message, link)
        else if (message.type === 'grant') this.#granted(message)
        else if (message.type === 'staleSession') this.#stale(message, link)
        else if (message.type === 'askLogEnds') this.#tellLogEnds(message, link)
        else link.destroy()
      },
      onClose: (error) => this.#disconnected(link, error),
    })
    link.generation = this.#generation
    this.#link = link
    this.#watch(link, 0)
    this.#lastGrantMs = this.#env.clock.monotonicMs()
  }

  /** Until the session stands: a coordinator from which nothing more comes is given up. */
  #watch(link: Link, received: number): void {
    this.#env.timers.after(silenceMaxMs, () => {
      if (link.closed || this.#registered) return
      if (link.framesReceived === received) link.destroy()
      else this.#watch(link, link.framesReceived)
    })
  }

  #enter(link: Link): void {
    const first = this.brokerEpoch === -1
    const self = {
      clusterId: this.#clusterId,
      incarnation: this.#incarnation,
      // A later incarnation of the same process has lost nothing: its files are open all along.
      cleanShutdown: !first || this.#options.cleanShutdown,
      restored: first && this.#options.restored === true,
      previousBrokerEpoch: first ? this.#options.previousBrokerEpoch : this.brokerEpoch,
      giveUpMs: first ? this.#giveUpMs : Infinity,
    }
    handshake(this.#env, link, this.#options, self, {
      welcome: (ack) => {
        this.#clusterId = ack.clusterId
        this.#renewMs = ack.renewMs
        this.#rhoPpm = ack.rhoPpm
      },
      registered: (brokerEpoch) => {
        if (brokerEpoch !== this.brokerEpoch) this.#options.onRegistered?.(brokerEpoch)
        this.brokerEpoch = brokerEpoch
        this.#reconnectMs = reconnectMinMs
      },
      refused: (error) => this.#failed(link, error),
    })
  }

  #metadata(message: MessageOf<'metadata'>, link: Link): void {
    const change = this.#intake.take(message)
    if (change === 'gap') link.destroy()
    if (typeof change === 'string') return
    for (const listener of this.#listeners) listener(change)
    if (message.snapshot === 2) this.#inSession()
    // It has handed over: with its word for it the successors may start.
    else if (message.acknowledge || this.#cordoned.join() !== this.#toldCordoned.join())
      this.#beat()
  }

  get #cordoned(): string[] {
    return this.#options.cordonedLogDirs?.() ?? []
  }

  #inSession(): void {
    this.#registered = true
    this.requests.resume()
    this.#opened?.resolve()
    this.#opened = undefined
    this.#beat()
  }

  #beat(): void {
    this.#heartbeat?.cancel()
    const link = this.#link
    if (link === undefined || link.closed || !this.#registered) return
    const silenceMs = this.#env.clock.monotonicMs() - this.#lastGrantMs
    if (silenceMs > silenceMaxMs && this.#sent.size > 0) {
      this.#env.log.warn('The coordinator does not answer', { silenceMs: Math.round(silenceMs) })
      link.destroy()
      return
    }
    this.#toldCordoned = this.#cordoned
    const sequence = ++this.#sequence
    this.#sent.set(sequence, this.lease.mark())
    link.send({
      type: 'heartbeat',
      brokerEpoch: this.brokerEpoch,
      sequence,
      revision: this.image.revision,
      state: this.#wanted,
      loopLagMs: 0,
      offlineLogDirs: this.#options.offlineLogDirs?.() ?? [],
      cordonedLogDirs: this.#toldCordoned,
    })
    if (this.lease.remainingMs() !== Infinity)
      this.#heartbeat = this.#env.timers.after(this.#renewMs, () => this.#beat())
  }

  #granted({ sequence, leaseMs, state, revision }: MessageOf<'grant'>): void {
    this.#lastGrantMs = this.#env.clock.monotonicMs()
    const sent = this.#sent.get(sequence)
    for (const older of this.#sent.keys()) if (older <= sequence) this.#sent.delete(older)
    const lapsed = !this.lease.valid()
    if (sent !== undefined && leaseMs > 0)
      this.lease.extend(sent, leaseMs === leaseForLocalMs ? Infinity : leaseMs, this.#rhoPpm)
    this.#state = state
    this.#led ||= this.lease.valid()
    this.#outage &&= !this.lease.valid()
    if (lapsed && this.lease.valid()) {
      this.#leases++
      for (const listener of this.#regained) listener()
    }
    if (revision > this.image.revision) return
    const reached = this.#waitingForState.filter((waiting) => waiting.state === this.#state)
    for (const waiting of reached) {
      this.#waitingForState.splice(this.#waitingForState.indexOf(waiting), 1)
      waiting.resolve()
    }
  }

  #tellLogEnds({ question, items }: MessageOf<'askLogEnds'>, link: Link): void {
    const { brokerEpoch } = this
    const told = this.#options.logEnds?.(items) ?? []
    link.send({ type: 'logEnds', brokerEpoch, question, items: told })
  }

  #stale({ brokerEpoch }: MessageOf<'staleSession'>, link: Link): void {
    if (brokerEpoch !== this.brokerEpoch) return
    this.#env.log.warn('The session has ended, registering again', { brokerEpoch })
    this.lease.drop()
    this.#led = false
    this.#incarnation = this.#env.random.bytes(16).toString('base64url')
    link.destroy()
  }

  #failed(link: Link, error: Error): void {
    if (this.#link !== link || this.#closed) return
    const final: readonly number[] = [codes.inconsistentClusterId, codes.duplicateBroker]
    if (error instanceof CoordinatorError && final.includes(error.errorCode)) {
      const running = this.#opened === undefined
      this.#fatal = error
      this.#closed = true
      this.lease.drop()
      link.destroy()
      this.#giveUp(error)
      if (running) this.#options.onRefused?.(error)
      return
    }
    if (!(error instanceof LinkClosedError))
      this.#env.log.warn('The coordinator refused', { error: error.message })
    link.destroy()
  }

  #giveUp(error: Error): void {
    this.#opened?.reject(error)
    this.#opened = undefined
    for (const waiting of this.#waitingForState.splice(0)) waiting.reject(error)
  }

  #disconnected(link: Link, error: Error | undefined): void {
    if (this.#link !== link) return
    if (this.#registered && !this.#closed)
      this.#env.log.warn('Disconnected from the coordinator', { error: error?.message })
    this.#link = undefined
    this.#registered = false
    this.#sent.clear()
    this.#heartbeat?.cancel()
    if (this.lease.remainingMs() === Infinity) this.lease.drop()
    if (this.#closed) return
    this.#env.timers.after(this.#reconnectMs, () => this.#connect())
    this.#reconnectMs = Math.min(reconnectMaxMs, this.#reconnectMs * 2)
  }
}
