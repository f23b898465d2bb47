/** One connection of a broker to the coordinator: frames in order, closed at the first wrong one. */
import { encodeFrame, type Frame, FrameStream } from '../../protocol/coordinator/frame.ts'
import type { Message } from '../../protocol/coordinator/messages.ts'
import { FrameSizeError } from '../../protocol/frame.ts'
import type { LimitOfEach } from '../core/limit.ts'
import type { Connection, ConnectionHandler } from '../env/env.ts'

export interface PeerHandler {
  readonly frameBytes: LimitOfEach
  /** Before it carries a session. */
  readonly guestFrameBytes: LimitOfEach
  onMessage(peer: Peer, message: Message, correlation: number): void
  onClose(peer: Peer, error: Error | undefined): void
}

export class Peer implements ConnectionHandler {
  readonly connection: Connection
  /** In this process: both end together. */
  readonly local: boolean
  brokerId = -1
  /** Of the session that this connection carries; -1 before it registered. */
  brokerEpoch = -1
  incarnation = ''
  /** Monotonic: when it last asked to be registered. */
  askedMs = 0
  /** The metadata revision that the broker acts on, as far as it said. */
  appliedRevision = -1
  /** What has been sent to it; pushes continue from there. */
  sentRevision = -1
  wanted = 0
  /** Of its last admin operation. */
  adminSequence = 0
  readonly #handler: PeerHandler
  readonly #generation: number
  readonly #stream = new FrameStream()
  #closed = false

  constructor(connection: Connection, local: boolean, generation: number, handler: PeerHandler) {
    this.connection = connection
    this.local = local
    this.#generation = generation
    this.#handler = handler
  }

  get closed(): boolean {
    return this.#closed
  }

  send(message: Message, correlation = 0): void {
    if (this.#closed) return
    this.connection.write([encodeFrame({ generation: this.#generation, correlation, message })])
  }

  /** Nothing that arrives after this is looked at. */
  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    this.connection.destroy()
  }

  /** The broker did what it must not. */
  fail(error: Error): void {
    this.connection.destroy()
    this.onClose(error)
  }

  onData(chunk: Buffer): void {
    if (this.#closed) return
    const frameBytes = this.#handler[this.brokerEpoch < 0 ? 'guestFrameBytes' : 'frameBytes']
    this.#stream.bytesMax = frameBytes.max
    let frames: Frame[]
    try {
      frames = this.#stream.feed(Buffer.from(chunk), (bytes) => frameBytes.took(bytes))
    } catch (error) {
      if (error instanceof FrameSizeError) frameBytes.refused++
      this.fail(error as Error)
      return
    }
    for (const { message, correlation, generation } of frames) {
      if (this.#closed) return
      const wrong = this.#generationFault(message, generation)
      if (wrong !== undefined) {
        this.fail(new Error(wrong))
        return
      }
      this.#handler.onMessage(this, message, correlation)
    }
  }

  /** A broker answers in the generation it was greeted in; before, it may have seen none or an older one. */
  #generationFault(message: Message, generation: number): string | undefined {
    const own = this.#generation
    if (generation > own)
      return `The broker has seen a coordinator of generation ${generation}, this is ${own}: its metadata is an old copy, or another took over`
    if (message.type !== 'hello' && generation < own)
      return `A ${message.type} of generation ${generation} came to the coordinator of ${own}`
    return undefined
  }

  onClose(error?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#handler.onClose(this, error)
  }
}
