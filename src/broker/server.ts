/** The listeners of a broker, and the watch over their connections. */
import type { Limit } from '../core/limit.ts'
import type { Connection, Env, Listener, Timer } from '../env/env.ts'
import { Admission } from './admission.ts'
import type { Broker } from './broker.ts'
import { type Endpoint, printEndpoint } from './config/listeners.ts'
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
  readonly admission: Admission
  readonly #refusals = new Map<string, number>()
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
  /** Changes of the listeners, one after the other. */
  #following: Promise<void> = Promise.resolve()
  #closed = false
  /** Connections that came before the broker could serve: their requests wait in the kernel. */
  #early: Connection[] | undefined = []

  constructor(broker: Broker) {
    this.#broker = broker
    this.#env = broker.env
    this.admission = new Admission(broker)
  }

  get connectionCount(): number {
    return this.#connections.size
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
    for (const endpoint of endpoints) await this.#listen(endpoint)
    this.#watch()
  }

  async #listen(endpoint: Endpoint): Promise<void> {
    const where = { host: endpoint.host || '::', port: endpoint.port }
    const listener = await this.#env.net.listen(where, (connection) => {
      const client = new ClientConnection(this.#broker, connection, endpoint)
      if (!this.#admit(client)) connection.destroy()
      else if (this.#early !== undefined) {
        connection.pause()
        this.#early.push(connection)
      } else this.#hold(connection, this.admission.waitMs(endpoint.listenerName))
      return client
    })
    this.#listeners.push({ endpoint, listener })
  }

  /** Opens listeners whose names are new, and closes those whose names are gone, with their connections. */
  follow(endpoints: readonly Endpoint[]): Promise<void> {
    this.#following = this.#following.then(async () => {
      const names = new Set(endpoints.map(({ listenerName }) => listenerName))
      const gone = this.#listeners.filter(({ endpoint }) => !names.has(endpoint.listenerName))
      for (const each of gone) await this.#unlisten(each)
      const known = new Set(this.#listeners.map(({ endpoint }) => endpoint.listenerName))
      for (const endpoint of endpoints)
        if (!known.has(endpoint.listenerName) && !this.#closed) await this.#tryListening(endpoint)
    })
    return this.#following
  }

  async #tryListening(endpoint: Endpoint): Promise<void> {
    try {
      await this.#listen(endpoint)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#env.log.error('A listener could not be opened', {
        listener: printEndpoint(endpoint),
        reason,
      })
    }
  }

  async #unlisten(gone: { endpoint: Endpoint; listener: Listener }): Promise<void> {
    this.#listeners.splice(this.#listeners.indexOf(gone), 1)
    for (const connection of [...this.#connections])
      if (connection.endpoint === gone.endpoint) connection.destroy('Its listener is gone')
    await gone.listener.close()
  }

  /** Its requests wait in the kernel. */
  #hold(connection: Connection, forMs: number): void {
    if (forMs === 0) return
    connection.pause()
    this.#env.timers.after(forMs, () => connection.resume())
  }

  /** From now on requests are read. */
  open(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const connection of early) connection.resume()
  }

  #admit(client: ClientConnection): boolean {
    const refusal = this.admission.admit(client.remoteHost, client.endpoint.listenerName)
    if (refusal === undefined) this.#connections.add(client)
    else this.#complain(refusal.about, refusal.fields, refusal.what)
    return refusal === undefined
  }

  forget(client: ClientConnection): void {
    if (this.#connections.delete(client))
      this.admission.forget(client.remoteHost, client.endpoint.listenerName)
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
    this.#closed = true
    this.#timer?.cancel()
    await this.#following
    for (const connection of [...this.#connections]) connection.destroy('The broker stops')
    await Promise.all(this.#listeners.map(({ listener }) => listener.close()))
  }
}
