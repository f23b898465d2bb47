/** The listeners of a broker, and the watch over their connections. */
import type { Limit } from '../core/limit.ts'
import type { Connection, Env, Listener, Timer } from '../env/env.ts'
import type { Broker } from './broker.ts'
import { connectionsMaxOf } from './config/connection-limits.ts'
import type { Endpoint } from './config/listeners.ts'
import { type Backlog, backlogMax, ClientConnection, type ClosingKind } from './connection.ts'

/** How often connections are looked after. */
const watchMs = 1000
/** A frame that has begun must arrive within this, and in proportion to its size beyond. */
const frameWaitMs = 10_000
/** A peer that reads nothing of its answers for this long is cut off: it holds memory. */
const stuckMaxMs = 60_000
/** The same when such peers hold so much memory that others get less. */
const stuckShortMs = 5_000
/** One line in the log for a peer that sends no Kafka, however often it does. */
const refusalLogMs = 60_000

export class Server {
  readonly #broker: Broker
  readonly #env: Env
  readonly #listeners: { endpoint: Endpoint; listener: Listener }[] = []
  readonly #connections = new Set<ClientConnection>()
  readonly #perHost = new Map<string, number>()
  readonly #refusals = new Map<string, number>()
  /** Connections that were not let in. */
  readonly #turnedAway = { all: 0, host: 0 }
  readonly #heldUp = { queuedRequests: 0, queuedBytes: 0, unreadBytes: 0, requests: 0 }
  /** Connections that this broker has ended. */
  readonly closed: Record<ClosingKind, number> = {
    invalid: 0,
    incomplete: 0,
    crowded: 0,
    unread: 0,
    idle: 0,
  }
  #timer: Timer | undefined
  /** Connections that came before the broker could serve: their requests wait in the kernel. */
  #early: Connection[] | undefined = []

  constructor(broker: Broker) {
    this.#broker = broker
    this.#env = broker.env
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  get connectionLimit(): Limit {
    const max = this.#broker.effective.get('max.connections')
    return { used: this.#connections.size, max, refused: this.#turnedAway.all }
  }

  /** Of the address that has most; addresses with a limit of their own aside. */
  get addressLimit(): Limit {
    const max = this.#broker.effective.get('max.connections.per.ip')
    let used = 0
    for (const count of this.#perHost.values()) if (count > used) used = count
    return { used, max, refused: this.#turnedAway.host }
  }

  /** Of the connection that holds most. */
  backlogLimit(what: keyof Backlog): Limit {
    let used = 0
    for (const { backlog } of this.#connections) if (backlog[what] > used) used = backlog[what]
    return { used, max: backlogMax[what], refused: this.#heldUp[what] }
  }

  /** A socket is not read any more, for whatever its connection has too much of. */
  heldUp(backlog: Backlog): void {
    for (const what of Object.keys(backlogMax) as (keyof Backlog)[])
      if (backlog[what] >= backlogMax[what]) this.#heldUp[what]++
  }

  /** Connections whose peers owe the rest of a request. */
  get unfinishedFrames(): number {
    let count = 0
    for (const { frameBegunMs } of this.#connections) if (frameBegunMs !== undefined) count++
    return count
  }

  /** The ports that were bound, by listener name. */
  get ports(): ReadonlyMap<string, number> {
    return new Map(
      this.#listeners.map(({ endpoint, listener }) => [endpoint.listenerName, listener.port]),
    )
  }

  /** Binds the ports; who connects waits until `open`. Rejects when a port is taken. */
  async bind(endpoints: readonly Endpoint[]): Promise<void> {
    for (const endpoint of endpoints) {
      const where = { host: endpoint.host || '::', port: endpoint.port }
      const listener = await this.#env.net.listen(where, (connection) => {
        const client = new ClientConnection(this.#broker, connection, endpoint)
        if (!this.#admit(client)) connection.destroy()
        if (this.#early !== undefined) {
          connection.pause()
          this.#early.push(connection)
        }
        return client
      })
      this.#listeners.push({ endpoint, listener })
    }
    this.#watch()
  }

  /** From now on requests are read. */
  open(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const connection of early) connection.resume()
  }

  #admit(client: ClientConnection): boolean {
    const { effective } = this.#broker
    const host = client.remoteHost
    const ofHost = (this.#perHost.get(host) ?? 0) + 1
    const max = effective.get('max.connections')
    if (this.#connections.size >= max) {
      this.#turnedAway.all++
      this.#complain('all', { host, 'max.connections': max }, 'there are too many')
      return false
    }
    const ofHostMax = connectionsMaxOf(effective, host)
    if (ofHost > ofHostMax) {
      this.#turnedAway.host++
      this.#complain(
        host,
        { host, 'max.connections.per.ip': ofHostMax },
        'its address has too many',
      )
      return false
    }
    this.#connections.add(client)
    this.#perHost.set(host, ofHost)
    return true
  }

  forget(client: ClientConnection): void {
    if (!this.#connections.delete(client)) return
    const left = (this.#perHost.get(client.remoteHost) ?? 1) - 1
    if (left > 0) this.#perHost.set(client.remoteHost, left)
    else this.#perHost.delete(client.remoteHost)
  }

  /**
   * Requests that are not complete hold too much memory: those that began first end. A client that
   * sends as fast as it can began after those that keep theirs waiting.
   */
  makeRoom(): void {
    let excess = this.#broker.input.excessBytes
    const unfinished = [...this.#connections].flatMap((connection) => {
      const { unfinishedSinceMs: sinceMs } = connection
      return sinceMs === undefined ? [] : [{ connection, sinceMs }]
    })
    unfinished.sort((a, b) => a.sinceMs - b.sinceMs)
    for (const { connection } of unfinished) {
      if (excess <= 0) return
      excess -= connection.frameBytes
      this.#broker.input.refused++
      const reason = `${this.#broker.input.bytes} bytes of requests that are not complete are held`
      this.refused(connection.remoteHost, reason, 'its request is the oldest that is not complete')
      connection.destroy(reason, 'crowded')
    }
  }

  /** Somebody sent bytes that are no request, or has kept one waiting. */
  refused(host: string, reason: string, what = 'it sent no valid Kafka request'): void {
    this.#complain(host, { host, reason }, what)
  }

  #complain(about: string, fields: object, what: string): void {
    const nowMs = this.#env.clock.monotonicMs()
    const lastMs = this.#refusals.get(about)
    if (lastMs !== undefined && nowMs - lastMs < refusalLogMs) return
    if (this.#refusals.size > 1000) this.#refusals.clear()
    this.#refusals.set(about, nowMs)
    this.#env.log.warn(`A connection was closed: ${what}`, fields)
  }

  #watch(): void {
    this.#timer = this.#env.timers.after(watchMs, () => {
      const nowMs = this.#env.clock.monotonicMs()
      const idleMaxMs = this.#broker.config.get('connections.max.idle.ms')
      for (const connection of [...this.#connections]) this.#look(connection, nowMs, idleMaxMs)
      this.#watch()
    })
  }

  #look(connection: ClientConnection, nowMs: number, idleMaxMs: number): void {
    connection.watch(nowMs)
    const { frameBegunMs, stuckSinceMs, lastActiveMs, frameBytes } = connection
    // At 16 KiB a second a large request over a slow line still comes through.
    if (frameBegunMs !== undefined && nowMs - frameBegunMs > frameWaitMs + frameBytes / 16)
      connection.destroy(
        `A request was not complete after ${Math.round(nowMs - frameBegunMs)} ms`,
        'incomplete',
      )
    else if (stuckSinceMs !== undefined && nowMs - stuckSinceMs > this.#stuckMaxMs)
      connection.destroy(
        `The peer read nothing for ${Math.round(nowMs - stuckSinceMs)} ms`,
        'unread',
      )
    else if (!connection.busy && nowMs - lastActiveMs > idleMaxMs)
      connection.destroy(`Idle for ${Math.round(nowMs - lastActiveMs)} ms`, 'idle')
  }

  get #stuckMaxMs(): number {
    return this.#broker.output.isShort ? stuckShortMs : stuckMaxMs
  }

  async close(): Promise<void> {
    this.#timer?.cancel()
    for (const connection of [...this.#connections]) connection.destroy('The broker stops')
    await Promise.all(this.#listeners.map(({ listener }) => listener.close()))
  }
}
