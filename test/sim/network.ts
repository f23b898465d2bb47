/**
 * The simulated network: byte streams in order, with delays that have a heavy tail, cut into chunks
 * of any size. A path between two hosts can be blocked in one direction or both: what is on the way
 * waits (TCP sends it again), and an end that closes or crashes is not noticed at the other. A
 * connection can also be cut at any byte, so that both hear of it, one, or none.
 */
import type { Connection, ConnectionHandler, Listener, Net } from '../../src/env/env.ts'
import { End, type Link } from './network-end.ts'
import type { Chance, Process, World } from './world.ts'

type Accept = (connection: Connection) => ConnectionHandler

interface Bound {
  readonly process: Process
  readonly life: number
  readonly accept: Accept
}

/** Sees what is written, before it is on its way. */
export interface Tap {
  wrote(from: End, bytes: Buffer): void
}

/** How a connection ends for its two hosts: `silent`: neither hears of it. */
export type CutMode = 'reset' | 'sender' | 'receiver' | 'silent'

interface Cut {
  readonly from: string
  readonly to: string
  readonly mode: CutMode
  leftBytes: number
}

/** How long a connection that reaches nobody keeps its caller waiting. */
const connectTimeoutMs = 3000

export class Network implements Link {
  readonly world: World
  readonly #bound = new Map<string, Bound>()
  readonly ends = new Set<End>()
  /** `from>to`, host names. */
  readonly #blocked = new Set<string>()
  readonly #slow = new Map<string, number>()
  readonly #chances = new Map<string, Chance>()
  #cuts: Cut[] = []
  #port = 20_000
  #connections = 0
  /** Multiplies every delay. */
  slowness = 1
  /** How often a delay has no sensible bound. */
  tail = 0.01
  tap: Tap | undefined

  constructor(world: World) {
    this.world = world
  }

  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`)
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(`${from}>${to}`)
    for (const end of this.ends) if (end.process.name === from) end.unblocked()
  }

  /** Multiplies the delays of one direction. */
  slow(from: string, to: string, factor: number): void {
    this.#slow.set(`${from}>${to}`, factor)
  }

  healAll(): void {
    this.#blocked.clear()
    this.#slow.clear()
    this.#cuts = []
    for (const end of this.ends) end.unblocked()
  }

  isBlocked(path: string): boolean {
    return this.#blocked.has(path)
  }

  /** The next connection that has carried so many more bytes in this direction is cut there. */
  cutAfter(from: string, to: string, bytes: number, mode: CutMode): void {
    this.#cuts.push({ from, to, mode, leftBytes: bytes })
  }

  /** Of so many bytes in a direction, how many get through before a cut, if there is one. */
  takeCut(from: string, to: string, bytes: number): { bytes: number; mode: CutMode } | undefined {
    if (this.#cuts.length === 0) return undefined
    for (const cut of this.#cuts) {
      if (cut.from !== from || cut.to !== to) continue
      if (cut.leftBytes >= bytes) {
        cut.leftBytes -= bytes
        continue
      }
      this.#cuts = this.#cuts.filter((other) => other !== cut)
      return { bytes: cut.leftBytes, mode: cut.mode }
    }
    return undefined
  }

  /** Mostly fractions of a millisecond; now and then up to a second. */
  delayMs(path: string): number {
    const draws = this.#draws(path)
    const tail = draws.chance(this.tail) ? draws.between(0, 1000) : 0
    const slow = this.slowness * (this.#slow.get(path) ?? 1)
    return slow * (0.05 + draws.random() * 0.5 + tail)
  }

  #draws(path: string): Chance {
    let draws = this.#chances.get(path)
    if (draws === undefined) {
      draws = this.world.stream(`net ${path}`)
      this.#chances.set(path, draws)
    }
    return draws
  }

  netOf(process: Process): Net {
    const { life } = process
    return {
      sendFileBytesMin: 1,
      listen: async ({ port }, onConnection) => {
        const bound = port === 0 ? this.#port++ : port
        const key = `${process.name}:${bound}`
        const old = this.#bound.get(key)
        if (old && old.life === old.process.life && old.process.alive)
          throw Object.assign(new Error(`${key} is in use`), { code: 'EADDRINUSE' })
        const entry = { process, life, accept: onConnection }
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
      connect: ({ host, port }, handler) => this.#connect(process, life, host, port, handler),
    }
  }

  /** The process has ended: its peers hear of it, as far as the network lets them. */
  crashed(process: Process, life: number): void {
    for (const end of [...this.ends])
      if (end.process === process && end.life === life) end.vanish('ECONNRESET')
  }

  #connect(
    process: Process,
    life: number,
    host: string,
    port: number,
    handler: ConnectionHandler & { onConnect?(): void },
  ): Connection {
    const { name } = process
    const id = ++this.#connections
    const near = new End(this, process, life, host, port, id)
    near.handler = handler
    const refuse = (afterMs: number, code: string) =>
      this.world.after(afterMs, 'refuse', process, () => near.lost(code))
    const there = `${name}>${host}`
    const back = `${host}>${name}`
    if (this.isBlocked(there)) {
      refuse(connectTimeoutMs, 'ETIMEDOUT')
      return near
    }
    this.world.after(this.delayMs(there), `syn ${there}`, undefined, () => {
      if (near.closed) return
      const bound = this.#bound.get(`${host}:${port}`)
      const blocked = this.isBlocked(back) || this.isBlocked(there)
      if (blocked) refuse(connectTimeoutMs, 'ETIMEDOUT')
      else if (!bound?.process.alive || bound.process.life !== bound.life)
        refuse(this.delayMs(back), 'ECONNREFUSED')
      else {
        const far = new End(this, bound.process, bound.life, name, 30_000 + id, id)
        far.localPort = port
        near.peer = far
        far.peer = near
        this.world.after(0, 'accept', bound.process, () => {
          if (far.closed) return
          far.handler = bound.accept(far)
          far.ready()
        })
        this.world.after(this.delayMs(back), 'connected', process, () => {
          if (near.closed) return
          near.ready()
          handler.onConnect?.()
        })
      }
    })
    return near
  }
}
