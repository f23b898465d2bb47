/**
 * The coordinator: keeps the cluster's metadata, grants leases to brokers, elects leaders.
 *
 * It runs embedded (brokers of the process connect through `dial`) and as a daemon (`listen`), with
 * the same frames. Leases are granted from memory. When the store fails it stops: a restart reads
 * what is really there.
 */
import { frameBytesMax, guestFrameBytesMax } from '../../protocol/coordinator/frame.ts'
import type { ConfigRules } from '../core/cluster/config-rules.ts'
import type { ClusterImage } from '../core/cluster/image.ts'
import { Sessions } from '../core/cluster/sessions.ts'
import { type Limit, LimitOfEach } from '../core/limit.ts'
import type { Connection, ConnectionHandler, Env, Listener } from '../env/env.ts'
import { Anteroom } from './anteroom.ts'
import { BrokerRequests } from './broker-requests.ts'
import { Kernel } from './kernel.ts'
import { Liveness } from './liveness.ts'
import { LogEndInquiry } from './log-end-inquiry.ts'
import type { MetaState, MetaStore } from './meta-store.ts'
import { Peer } from './peer.ts'
import { pipe } from './pipe.ts'
import { initialRecords } from './setup.ts'
import type { Timeline } from './timeline.ts'

export interface CoordinatorOptions {
  readonly store: MetaStore
  readonly rules: ConfigRules
  /** For new metadata: its cluster id (else one is drawn). For old: it must be the same. */
  readonly clusterId?: string
  /** What coordinator and leaders must agree on: min.insync.replicas, …; see `staticConfig` records. */
  readonly staticConfigs?: Readonly<Record<string, string>>
  /** Finalized feature levels of new metadata. */
  readonly features?: Readonly<Record<string, number>>
  readonly leaseMs?: number
  /** Bound of how far two clocks' rates are apart, in millionths. */
  readonly rhoPpm?: number
  /** See `LivenessOptions`. */
  readonly trustRefused?: boolean
  /** leader.imbalance.check.interval.seconds; 0: never. */
  readonly balanceEveryMs?: number
  /** unclean.leader.election.interval.ms: for topics that were given leave when they had no leader already. */
  readonly uncleanElectionEveryMs?: number
  /** The store failed: the coordinator is closed already. */
  onFailure?(error: Error): void
}

/** Failover in well under a second, and four heartbeats in it. */
const leaseMsDefault = 600
const rhoPpmDefault = 10_000
/** With those that have no session yet, of which there are never so many (`anteroom.ts`). */
const connectionsMax = 1500
const leadersPerBalanceMax = 1000

export class Coordinator {
  readonly #env: Env
  readonly #options: CoordinatorOptions
  readonly #kernel: Kernel
  readonly #liveness: Liveness
  readonly #requests: BrokerRequests
  readonly #inquiry: LogEndInquiry
  readonly #connections = new Set<Peer>()
  readonly #frameBytes = new LimitOfEach(frameBytesMax)
  readonly #guestFrameBytes = new LimitOfEach(guestFrameBytesMax)
  readonly #anteroom: Anteroom<Peer>
  readonly #listeners: Listener[] = []
  readonly #generation: number
  #turnedAway = 0
  #broken = 0
  #balancedMs: number
  #forcedMs: number
  #closed = false

  private constructor(env: Env, options: CoordinatorOptions, state: MetaState) {
    const { rules, leaseMs = leaseMsDefault, rhoPpm = rhoPpmDefault, trustRefused = true } = options
    this.#env = env
    this.#options = options
    this.#generation = state.generation
    const sessions = new Sessions(leaseMs, rhoPpm)
    this.#kernel = new Kernel(env.clock, options.store, state, {
      rules,
      sessions,
      onTold: () => this.#requests.releaseDrained(),
      onElectorate: () => this.#inquiry.elect(),
      onFailure: (error) => this.#failed(error),
    })
    this.#liveness = new Liveness(
      env,
      sessions,
      { trustRefused },
      {
        image: this.image,
        connected: (brokerId) => this.#kernel.peers.has(brokerId),
        fence: (brokerId, cause) => this.#fence(brokerId, cause),
        onTick: (nowMs) => this.#tick(nowMs),
      },
    )
    this.#inquiry = new LogEndInquiry(env.timers, this.#kernel)
    this.#requests = new BrokerRequests(env, this.#kernel, this.#liveness, this.#inquiry)
    this.#anteroom = new Anteroom(env, {
      settled: (peer) => peer.closed || this.#kernel.peers.get(peer.brokerId) === peer,
      lastAskedMs: ({ askedMs }) => askedMs,
      dismiss: (peer) => peer.destroy(),
    })
    this.#balancedMs = env.clock.monotonicMs()
    this.#forcedMs = this.#balancedMs
  }

  /** Rejects when the store cannot be opened, or holds another cluster. */
  static async start(env: Env, options: CoordinatorOptions): Promise<Coordinator> {
    const coordinator = new Coordinator(env, options, await options.store.open())
    try {
      coordinator.#begin()
    } catch (error) {
      await coordinator.close()
      throw error
    }
    return coordinator
  }

  get clusterId(): string {
    return this.image.clusterId
  }

  /** To be read only. */
  get image(): ClusterImage {
    return this.#kernel.image
  }

  /** Leases, elections and changes of in-sync replicas since this coordinator began. */
  get events(): Timeline['counts'] {
    return this.#kernel.timeline.counts
  }

  /** Connections that ended for what came over them, and those that said nothing of use in time. */
  get faults(): { readonly broken: number; readonly silent: number } {
    return { broken: this.#broken, silent: this.#anteroom.timedOut }
  }

  get limits() {
    const { size: used } = this.#connections
    return {
      connections: { used, max: connectionsMax, refused: this.#turnedAway },
      frameBytes: this.#frameBytes as Limit,
      guestFrameBytes: this.#guestFrameBytes as Limit,
      guests: this.#anteroom.limit,
      timeline: this.#kernel.timeline.limit,
    }
  }

  /** Where brokers reach it, with the ports that were bound. */
  get listening(): readonly { readonly host: string; readonly port: number }[] {
    return this.#listeners
  }

  async listen(where: { host: string; port: number }): Promise<Listener> {
    const listener = await this.#env.net.listen(where, (connection) =>
      this.#accept(connection, false),
    )
    this.#listeners.push(listener)
    return listener
  }

  /** A connection of a broker in this process. */
  dial = (handler: ConnectionHandler & { onConnect?(): void }): Connection =>
    pipe(this.#env.timers, handler, (connection) => this.#accept(connection, true))

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#liveness.close()
    this.#anteroom.close()
    this.#inquiry.close()
    for (const peer of this.#connections) peer.destroy()
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    // What waits for room on a full disk is given up by the store: nobody may wait for it for ever.
    await Promise.all([this.#kernel.close(), this.#options.store.close()])
  }

  #begin(): void {
    const { image } = this
    const { sessions, publisher } = this.#kernel
    const id = this.#env.random.bytes(16).toString('base64url')
    const { clusterId = id, staticConfigs = {}, features = {} } = this.#options
    if (image.clusterId !== '' && this.#options.clusterId && image.clusterId !== clusterId)
      throw new Error(
        `The metadata belongs to cluster ${image.clusterId}, not to the configured ${clusterId}`,
      )
    const nowMs = this.#env.clock.monotonicMs()
    const { leaseMs } = sessions
    const presumedMs = Math.max(image.maxLeaseMs, leaseMs)
    const remote = [...image.brokers.values()].filter(({ local }) => !local)
    for (const { brokerId } of remote) sessions.presume(brokerId, nowMs, presumedMs)
    if (remote.length > 0) {
      publisher.graceEndMs = nowMs + sessions.longestMs(presumedMs)
      this.#liveness.watch()
    }
    this.#kernel.commitRecords(
      initialRecords(image, { clusterId, staticConfigs, features, leaseMs }),
    )
    // Brokers of this process ended with the last coordinator.
    for (const { brokerId, local } of [...image.brokers.values()])
      if (local) this.#fence(brokerId, 'restarted')
  }

  #accept(connection: Connection, local: boolean): ConnectionHandler {
    const peer = new Peer(connection, local, this.#generation, {
      frameBytes: this.#frameBytes,
      guestFrameBytes: this.#guestFrameBytes,
      onMessage: (peer, message, correlation) => this.#requests.receive(peer, message, correlation),
      onClose: (peer, error) => this.#gone(peer, error),
    })
    for (const other of this.#connections) if (other.closed) this.#connections.delete(other)
    if (this.#closed || this.#connections.size >= connectionsMax) {
      this.#turnedAway++
      peer.destroy()
      return peer
    }
    this.#connections.add(peer)
    if (!local) this.#anteroom.enter(peer)
    return peer
  }

  #gone(peer: Peer, error: Error | undefined): void {
    this.#connections.delete(peer)
    const { brokerId } = peer
    if (error) {
      this.#broken++
      this.#env.log.info('A broker connection ended', { brokerId, error: error.message })
    }
    if (this.#kernel.peers.get(brokerId) !== peer) return
    this.#kernel.peers.delete(brokerId)
    this.#liveness.suspect(peer)
    this.#kernel.flush()
  }

  #fence(brokerId: number, cause: string): void {
    if (this.image.brokers.get(brokerId)?.fenced !== false) return
    this.#env.log.info('A broker is fenced', { brokerId, cause })
    this.#kernel.commit({ kind: 'fence', brokerId, cause })
  }

  #tick(nowMs: number): void {
    const { balanceEveryMs = 300_000, uncleanElectionEveryMs = 300_000 } = this.#options
    this.#kernel.flushAt(nowMs)
    if (nowMs >= this.#forcedMs + uncleanElectionEveryMs) {
      this.#forcedMs = nowMs
      this.#inquiry.elect()
    }
    if (balanceEveryMs === 0 || nowMs < this.#balancedMs + balanceEveryMs) return
    this.#balancedMs = nowMs
    this.#kernel.commit({ kind: 'balance', max: leadersPerBalanceMax })
  }

  #failed(error: Error): void {
    if (this.#closed) return
    this.#env.log.error('The coordinator stops', { error: error.message })
    const told = () => this.#options.onFailure?.(error)
    this.close().then(told, told)
  }
}
