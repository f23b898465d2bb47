/**
 * A voter in which the coordinator does not run: it listens, and tells who asks where the coordinator
 * is. It has no store to share with that one, so it never takes over.
 */
import { encodeFrame, FrameStream, guestFrameBytesMax } from '../../protocol/coordinator/frame.ts'
import { FrameSizeError } from '../../protocol/frame.ts'
import { type Limit, LimitOfEach } from '../core/limit.ts'
import type { Connection, ConnectionHandler, Env, Listener } from '../env/env.ts'
import { Anteroom } from './anteroom.ts'

interface Address {
  readonly host: string
  readonly port: number
}

export class Standby {
  readonly #env: Env
  readonly #active: Address
  readonly #connections = new Set<Connection>()
  /** Nobody gets further: an answer is all there is. */
  readonly #anteroom: Anteroom<Connection>
  readonly #frameBytes = new LimitOfEach(guestFrameBytesMax)
  readonly #listeners: Listener[] = []

  /** `active`: where the coordinator is. */
  constructor(env: Env, active: Address) {
    this.#env = env
    this.#active = active
    this.#anteroom = new Anteroom(env, {
      settled: (connection) => !this.#connections.has(connection),
      lastAskedMs: () => 0,
      dismiss: (connection) => {
        this.#connections.delete(connection)
        connection.destroy()
      },
    })
  }

  get limits(): { readonly guests: Limit; readonly frameBytes: Limit } {
    return { guests: this.#anteroom.limit, frameBytes: this.#frameBytes }
  }

  async listen(where: Address): Promise<void> {
    this.#listeners.push(
      await this.#env.net.listen(where, (connection) => this.#accept(connection)),
    )
  }

  async close(): Promise<void> {
    this.#anteroom.close()
    for (const connection of this.#connections) connection.destroy()
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  #accept(connection: Connection): ConnectionHandler {
    const stream = new FrameStream(guestFrameBytesMax)
    const onClose = () => void this.#connections.delete(connection)
    this.#connections.add(connection)
    this.#anteroom.enter(connection)
    return {
      onData: (chunk) => {
        try {
          const took = (bytes: number) => this.#frameBytes.took(bytes)
          for (const { message, correlation } of stream.feed(Buffer.from(chunk), took)) {
            if (message.type !== 'hello')
              throw new RangeError(`A ${message.type} came to a standby`)
            connection.write([encodeFrame({ generation: 0, correlation, message: this.#answer })])
          }
        } catch (error) {
          if (error instanceof FrameSizeError) this.#frameBytes.refused++
          connection.destroy()
          onClose()
        }
      },
      onClose,
    }
  }

  get #answer() {
    const { host, port } = this.#active
    return {
      type: 'helloAck',
      errorCode: 0,
      errorMessage: null,
      active: false,
      activeAddress: `${host}:${port}`,
      clusterId: '',
      leaseMs: 0,
      renewMs: 0,
      rhoPpm: 0,
    } as const
  }
}
