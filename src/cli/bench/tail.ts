/** A consumer that asks again when it was answered; it keeps each answer whole, to look at it. */
import { connect, type Socket } from 'node:net'
import { FrameReader } from '../../../protocol/frame.ts'

/** Of an answer: where to go on (nowhere new when left out), and how many bytes it brought. */
export interface TailStep {
  readonly next: number | undefined
  readonly bytes: number
}

export class Tail {
  bytes = 0
  error: Error | undefined
  readonly #socket: Socket

  constructor(
    where: { host: string; port: number },
    ask: (offset: number) => Buffer,
    look: (frame: Buffer) => TailStep,
  ) {
    const frames = new FrameReader()
    let offset = 0
    this.#socket = connect({ host: where.host, port: where.port, noDelay: true })
    this.#socket.on('connect', () => this.#socket.write(ask(offset)))
    this.#socket.on('error', (error) => {
      this.error ??= error
    })
    this.#socket.on('data', (chunk) => {
      try {
        for (const frame of frames.feed(chunk)) {
          const { next, bytes } = look(frame)
          this.bytes += bytes
          offset = next ?? offset
          this.#socket.write(ask(offset))
        }
      } catch (error) {
        this.error ??= error as Error
        this.close()
      }
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}
