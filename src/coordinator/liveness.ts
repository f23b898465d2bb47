/**
 * Which brokers have gone: their lease has ended in silence, or their connection broke.
 *
 * A broken connection proves nothing (a firewall can break it), so an election on suspicion lets
 * the new leader wait for the rest of the lease. On one machine there is proof: when nobody listens
 * at the broker's address any more, its process has ended.
 */
import type { ClusterImage } from '../core/cluster/image.ts'
import type { Sessions } from '../core/cluster/sessions.ts'
import type { Env, Timer } from '../env/env.ts'
import type { Peer } from './peer.ts'

/** A broker whose connection broke may come back within it: nothing is lost, as the lease runs on. */
const suspectAfterMs = 100
/** While proof is looked for: still well before the shortest rest of a lease has run out. */
const suspectProbedAfterMs = 250
/**
 * In a row, until nothing is suspected any more: a process that was killed closes its sockets one after the
 * other, so that the first connections may still be taken.
 */
const probes = 3
const probeEveryMs = 10
/** Ticks in a lease: how late the end of a session is noticed at most. */
const ticksPerLease = 12

export interface LivenessOptions {
  /** Take "connection refused" on this machine for the end of a process (`lease.trust.refused`). */
  readonly trustRefused: boolean
}

export interface LivenessHandler {
  readonly image: ClusterImage
  connected(brokerId: number): boolean
  fence(brokerId: number, cause: string): void
  onTick(nowMs: number): void
}

export class Liveness {
  readonly #env: Env
  readonly #sessions: Sessions
  readonly #options: LivenessOptions
  readonly #handler: LivenessHandler
  readonly #suspected = new Map<number, Timer>()
  #timer: Timer | undefined
  #tickedMs = 0
  #closed = false

  constructor(env: Env, sessions: Sessions, options: LivenessOptions, handler: LivenessHandler) {
    this.#env = env
    this.#sessions = sessions
    this.#options = options
    this.#handler = handler
  }

  /** Starts to look; goes on as long as there is a broker outside this process. */
  watch(): void {
    if (this.#timer !== undefined || this.#closed) return
    this.#tickedMs = this.#env.clock.monotonicMs()
    this.#arm()
  }

  returned(brokerId: number): void {
    this.#suspected.get(brokerId)?.cancel()
    this.#suspected.delete(brokerId)
  }

  /** The connection of a session broke. */
  suspect(peer: Peer): void {
    const { brokerId } = peer
    if (this.#closed) return
    if (peer.local) {
      this.#sessions.end(brokerId)
      this.#handler.fence(brokerId, 'stopped')
      return
    }
    this.returned(brokerId)
    const probed = this.#options.trustRefused && isLoopback(peer.connection.remoteHost)
    const afterMs = probed ? suspectProbedAfterMs : suspectAfterMs
    const timer = this.#env.timers.after(afterMs, () => {
      this.#suspected.delete(brokerId)
      if (!this.#handler.connected(brokerId)) this.#handler.fence(brokerId, 'disconnected')
    })
    this.#suspected.set(brokerId, timer)
    if (probed) this.#probe(brokerId, probes)
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    for (const timer of this.#suspected.values()) timer.cancel()
  }

  #arm(): void {
    const everyMs = this.#sessions.leaseMs / ticksPerLease
    this.#timer = this.#env.timers.after(everyMs, () => {
      const nowMs = this.#env.clock.monotonicMs()
      // After a stall of this process, heartbeats wait unread: they come before any judgement.
      const stalled = nowMs - this.#tickedMs > everyMs + this.#sessions.leaseMs / 4
      this.#tickedMs = nowMs
      if (!stalled) this.#expire(nowMs)
      this.#handler.onTick(nowMs)
      if (this.#closed) return
      this.#arm()
    })
  }

  #expire(nowMs: number): void {
    for (const { brokerId, fenced } of [...this.#handler.image.brokers.values()])
      if (!fenced && !this.#sessions.live(brokerId, nowMs))
        this.#handler.fence(brokerId, 'lease expired')
  }

  #probe(brokerId: number, left: number): void {
    const broker = this.#handler.image.brokers.get(brokerId)
    const listener = broker?.listeners.find(({ host }) => isLoopback(host))
    if (listener === undefined || this.#closed || !this.#suspected.has(brokerId)) return
    if (left === 0) {
      this.returned(brokerId)
      this.#sessions.end(brokerId)
      this.#handler.fence(brokerId, 'process ended')
      return
    }
    let isKnown = false
    const again = (isRefused: boolean) => {
      if (isKnown) return
      isKnown = true
      const next = isRefused ? left - 1 : probes
      this.#env.timers.after(next > 0 ? probeEveryMs : 0, () => this.#probe(brokerId, next))
    }
    const connection = this.#env.net.connect(listener, {
      onConnect: () => {
        again(false)
        connection.destroy()
      },
      onData: () => undefined,
      onClose: (error) => again((error as NodeJS.ErrnoException)?.code === 'ECONNREFUSED'),
    })
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\./.test(host)
}
