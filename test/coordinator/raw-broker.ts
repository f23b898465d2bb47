/** A broker as the coordinator's port sees it: frames, right and wrong. */
import { connect, type Socket } from 'node:net'
import { encodeFrame, type Frame, FrameStream } from '../../protocol/coordinator/frame.ts'
import type { Message, MessageOf } from '../../protocol/coordinator/messages.ts'

export const zero = 'A'.repeat(22)

export class RawBroker {
  readonly socket: Socket
  readonly #frames: Frame[] = []
  readonly #stream = new FrameStream()
  #wake = () => {}
  #closed = false
  correlation = 0
  generation = 0

  constructor(where: { readonly host: string; readonly port: number }) {
    this.socket = connect(where)
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
    this.socket.on('data', (chunk) => {
      this.#frames.push(...this.#stream.feed(Buffer.from(chunk)))
      this.#wake()
    })
  }

  encode(message: Message, generation = this.generation): Buffer {
    return encodeFrame({ generation, correlation: ++this.correlation, message })
  }

  send(message: Message): void {
    this.socket.write(this.encode(message))
  }

  async next<T extends Message['type']>(type: T): Promise<MessageOf<T>> {
    for (;;) {
      const at = this.#frames.findIndex(({ message }) => message.type === type)
      const [frame] = at < 0 ? [] : this.#frames.splice(at, 1)
      if (frame) {
        this.generation = frame.generation
        return frame.message as MessageOf<T> & Message
      }
      if (this.#closed) throw new Error(`closed before ${type}`)
      await this.#change()
    }
  }

  async closed(): Promise<boolean> {
    while (!this.#closed) await this.#change()
    return true
  }

  async hello(brokerId = 1, incarnation = zero): Promise<this> {
    this.send({
      type: 'hello',
      clusterId: '',
      brokerId,
      incarnation,
      minVersion: 0,
      maxVersion: 0,
    })
    await this.next('helloAck')
    return this
  }

  async register(brokerId = 1, incarnation = zero): Promise<MessageOf<'registerAck'>> {
    await this.hello(brokerId, incarnation)
    this.send(registration(brokerId, incarnation))
    return this.next('registerAck')
  }

  /** Registered and active. */
  async join(brokerId = 1): Promise<number> {
    const { brokerEpoch } = await this.register(brokerId)
    this.send(heartbeat(brokerEpoch))
    while ((await this.next('grant')).state !== 1);
    return brokerEpoch
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

export const heartbeat = (brokerEpoch: number): Message => ({
  type: 'heartbeat',
  brokerEpoch,
  sequence: 1,
  revision: 0,
  state: 1,
  loopLagMs: 0,
  offlineLogDirs: [],
  cordonedLogDirs: [],
})

export const registration = (brokerId: number, incarnation = zero): Message => ({
  type: 'register',
  brokerId,
  incarnation,
  rack: null,
  listeners: [],
  features: [],
  logDirs: [],
  cleanShutdown: true,
  restored: false,
  bootId: zero,
  previousBrokerEpoch: -1,
  durable: false,
})
