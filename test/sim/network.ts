/**
 * The simulated network: byte streams in order, with delays that have a heavy tail, cut into chunks
 * of any size. A path between two hosts can be blocked in one direction or both: what is on the way
 * waits (TCP sends it again), and an end that closes or crashes is not noticed at the other.
 */
import type { Connection, ConnectionHandler, Listener, Net } from '../../src/env/env.ts'
import { inOrder, type Process, type World } from './world.ts'

type Accept = (connection: Connection) => ConnectionHandler

interface Bound {
  readonly process: Process
  readonly life: number
  readonly accept: Accept
}

/** How long a connection that reaches nobody keeps its caller waiting. */
const connectTimeoutMs = 3000
/** Between two looks whether a blocked path is open again. */
const retransmitMs = 5

export class Network {
  readonly #world: World
  readonly #bound = new Map<string, Bound>()
  readonly #ends = new Set<End>()
  /** `from>to`, host names. */
  readonly #blocked = new Set<string>()
  #port = 20_000
  /** Multiplies every delay. */
  slowness = 1
  /** How often a delay has no sensible bound. */
  tail = 0.01

  constructor(world: World) {
    this.#world = world
  }

  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`)
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(`${from}>${to}`)
  }

  healAll(): void {
    this.#blocked.clear()
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(`${from}>${to}`)
  }

  /** Mostly fractions of a millisecond; one in a hundred takes up to a second. */
  delayMs(): number {
    const { random } = this.#world
    const tail = this.#world.chance(this.tail) ? this.#world.between(0, 1000) : 0
    return this.slowness * (0.05 + random.call(this.#world) * 0.5 + tail)
  }

  netOf(process: Process): Net {
    return {
      listen: async ({ port }, onConnection) => {
        const bound = port === 0 ? this.#port++ : port
        const key = `${process.name}:${bound}`
        const old = this.#bound.get(key)
        if (old && old.life === old.process.life && old.process.alive)
          throw Object.assign(new Error(`${key} is in use`), { code: 'EADDRINUSE' })
        const entry = { process, life: process.life, accept: onConnection }
        this.#bound.set(key, entry)
        const listener: Listener = {
          host: process.name,
          port: bound,
          close: async () => {
            if (this.#bound.get(key) === entry) this.#bound.delete(key)
          },
        }
        return listener
      },
      connect: ({ host, port }, handler) => this.#connect(process, host, port, handler),
    }
  }

  /** The process has ended: its peers hear of it, as far as the network lets them. */
  crashed(process: Process, life: number): void {
    for (const end of this.#ends)
      if (end.process === process && end.life === life) end.vanish('ECONNRESET')
  }

  #connect(
    process: Process,
    host: string,
    port: number,
    handler: ConnectionHandler & { onConnect?(): void },
  ): Connection {
    const near = new End(this.#world, this, process, host, port, this.#ends)
    near.handler = handler
    const refuse = (afterMs: number, code: string) =>
      this.#world.after(afterMs, 'refuse', process, () => near.lost(code))
    if (this.isBlocked(process.name, host)) {
      refuse(connectTimeoutMs, 'ETIMEDOUT')
      return near
    }
    this.#world.after(this.delayMs(), `syn ${process.name}>${host}`, undefined, () => {
      if (near.closed) return
      const bound = this.#bound.get(`${host}:${port}`)
      const blocked = this.isBlocked(host, process.name) || this.isBlocked(process.name, host)
      if (blocked) refuse(connectTimeoutMs, 'ETIMEDOUT')
      else if (!bound?.process.alive || bound.process.life !== bound.life)
        refuse(this.delayMs(), 'ECONNREFUSED')
      else {
        const far = new End(this.#world, this, bound.process, process.name, 1, this.#ends)
        near.peer = far
        far.peer = near
        this.#world.after(0, 'accept', bound.process, () => {
          if (far.closed) return
          far.handler = bound.accept(far)
          far.ready()
        })
        this.#world.after(this.delayMs(), 'connected', process, () => {
          if (!near.closed) handler.onConnect?.()
        })
        near.ready()
      }
    })
    return near
  }
}

class End implements Connection {
  readonly remoteHost: string
  readonly remotePort: number
  readonly pendingBytes = 0
  readonly unsentBytes = 0
  readonly process: Process
  readonly life: number
  handler: (ConnectionHandler & { onConnect?(): void }) | undefined
  peer: End | undefined
  closed = false
  readonly #world: World
  readonly #network: Network
  readonly #ends: Set<End>
  #outbox: (() => void)[] = []
  #pausedInbox: Buffer[] | undefined
  #lastArrivalMs = 0

  constructor(
    world: World,
    network: Network,
    process: Process,
    host: string,
    port: number,
    ends: Set<End>,
  ) {
    this.#world = world
    this.#network = network
    this.process = process
    this.life = process.life
    this.remoteHost = host
    this.remotePort = port
    this.#ends = ends
    ends.add(this)
  }

  /** Both ends exist: what was written before is sent. */
  ready(): void {
    for (const send of this.#outbox.splice(0)) send()
  }

  write(chunks: readonly Buffer[], onWritten?: () => void): boolean {
    const bytes = Buffer.concat(chunks)
    if (!this.closed) {
      if (this.peer === undefined) this.#outbox.push(() => this.#send(bytes))
      else this.#send(bytes)
    }
    if (onWritten) this.#world.after(0, 'written', this.process, onWritten)
    return true
  }

  pause(): void {
    this.#pausedInbox ??= []
  }

  resume(): void {
    const waiting = this.#pausedInbox ?? []
    this.#pausedInbox = undefined
    for (const bytes of waiting)
      this.#world.after(0, 'resumed', this.process, () => this.take(bytes), inOrder)
  }

  end(): void {
    this.#finish(undefined)
  }

  destroy(): void {
    this.#finish('ECONNRESET')
  }

  /** Its process is gone: nobody is told here, the peer is. */
  vanish(code: string): void {
    if (this.closed) return
    this.closed = true
    this.#ends.delete(this)
    this.#tellPeer(code)
  }

  lost(code: string | undefined): void {
    if (this.closed) return
    this.closed = true
    this.#ends.delete(this)
    const error = code === undefined ? undefined : Object.assign(new Error(code), { code })
    this.handler?.onClose(error)
  }

  take(bytes: Buffer): void {
    if (this.closed) return
    if (this.#pausedInbox) this.#pausedInbox.push(bytes)
    else this.handler?.onData(bytes)
  }

  #finish(code: string | undefined): void {
    if (this.closed) return
    this.closed = true
    this.#ends.delete(this)
    this.#tellPeer(code)
    this.#world.after(0, 'closed', this.process, () => this.handler?.onClose())
  }

  #send(bytes: Buffer): void {
    let rest = bytes
    while (rest.length > 0) {
      const size = this.#world.chance(0.1)
        ? 1 + Math.floor(this.#world.random() * rest.length)
        : rest.length
      const chunk = rest.subarray(0, size)
      rest = rest.subarray(size)
      this.#deliver(`data ${this.process.name}>${this.remoteHost} ${chunk.length}`, (peer) =>
        peer.take(Buffer.from(chunk)),
      )
    }
  }

  #tellPeer(code: string | undefined): void {
    this.#deliver('close', (peer) => peer.lost(code))
  }

  /** In order behind what was sent before; while the path is blocked it waits. */
  #deliver(kind: string, arrive: (peer: End) => void): void {
    const { peer } = this
    if (peer === undefined) return
    const dueMs = this.#world.nowMs + this.#network.delayMs()
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs + 0.001, dueMs)
    const attempt = (): void => {
      if (peer.closed) return
      if (this.#network.isBlocked(this.process.name, peer.process.name)) {
        this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#world.nowMs + retransmitMs)
        this.#retry(attempt)
      } else this.#world.after(0, kind, peer.process, () => arrive(peer), inOrder)
    }
    this.#queue.push({ atMs: this.#lastArrivalMs, attempt })
    if (this.#queue.length === 1) this.#schedule()
  }

  readonly #queue: { atMs: number; attempt: () => void }[] = []
  #held = false

  #schedule(): void {
    const head = this.#queue[0]
    if (head === undefined) return
    this.#world.after(head.atMs - this.#world.nowMs, 'arrive', undefined, () => {
      this.#held = false
      head.attempt()
      if (this.#held) return
      this.#queue.shift()
      this.#schedule()
    })
  }

  #retry(attempt: () => void): void {
    this.#held = true
    this.#world.after(retransmitMs, 'retransmit', undefined, () => {
      this.#held = false
      attempt()
      if (this.#held) return
      this.#queue.shift()
      this.#schedule()
    })
  }
}
