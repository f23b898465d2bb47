/**
 * A connection within the process: what one end writes, the other reads, in order and in a later
 * turn of the event loop. An embedded coordinator speaks through it as over the network.
 */
import type { Connection, ConnectionHandler, Timers } from '../env/env.ts'

type Handler = ConnectionHandler & { onConnect?(): void }

/** The host that both ends see. */
export const localHost = 'local'

class End implements Connection {
  readonly remoteHost = localHost
  readonly remotePort = 0
  readonly pendingBytes = 0
  readonly unsentBytes = 0
  peer: End | undefined
  #handler: Handler | undefined
  readonly #timers: Timers
  #queue: (() => void)[] = []
  #scheduled = false
  #paused = false
  #closed = false

  constructor(timers: Timers) {
    this.#timers = timers
  }

  attach(handler: Handler): void {
    this.#handler = handler
    this.enqueue(() => this.#handler?.onConnect?.())
  }

  write(chunks: readonly Buffer[], onWritten?: () => void): boolean {
    const bytes = Buffer.concat(chunks)
    if (!this.#closed) this.peer?.enqueue(() => this.peer?.receive(bytes))
    if (onWritten) this.#timers.soon(onWritten)
    return true
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.#closed) return
    this.close()
    const peer = this.peer
    peer?.enqueue(() => peer.close())
  }

  receive(bytes: Buffer): void {
    if (!this.#closed) this.#handler?.onData(bytes)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.enqueue(() => this.#handler?.onClose())
  }

  enqueue(run: () => void): void {
    this.#queue.push(run)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#queue.length === 0) return
    this.#scheduled = true
    this.#timers.soon(() => {
      this.#scheduled = false
      const queue = this.#queue
      this.#queue = []
      for (const [i, run] of queue.entries()) {
        if (this.#paused) {
          this.#queue = [...queue.slice(i), ...this.#queue]
          return
        }
        run()
      }
      this.#schedule()
    })
  }
}

/** Two ends of one connection; the handlers are attached at once. */
export function pipe(
  timers: Timers,
  client: Handler,
  serve: (connection: Connection) => ConnectionHandler,
): Connection {
  const near = new End(timers)
  const far = new End(timers)
  near.peer = far
  far.peer = near
  far.attach(serve(far))
  near.attach(client)
  return near
}
