/** A raw connection: bytes out, whole frames in, and the difference between silence and a close. */
import { connect, type Socket } from 'node:net'

export type Heard = Buffer | 'closed' | 'silent'

export class Line {
  readonly #socket: Socket
  #data: Buffer = Buffer.alloc(0)
  #closed = false
  #wake: () => void = () => {}

  constructor(at: { host: string; port: number }) {
    this.#socket = connect(at.port, at.host)
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (chunk) => {
      this.#data = Buffer.concat([this.#data, chunk])
      this.#wake()
    })
    for (const event of ['close', 'end', 'error']) {
      this.#socket.on(event, () => {
        this.#closed = true
        this.#wake()
      })
    }
  }

  send(bytes: Buffer): void {
    if (bytes.length > 0) this.#socket.write(bytes)
  }

  /** The next frame without its size; waits up to `waitMs`. */
  async hear(waitMs: number): Promise<Heard> {
    const until = Date.now() + waitMs
    for (;;) {
      const frame = this.#take()
      if (frame !== undefined) return frame
      if (this.#closed) return 'closed'
      const left = until - Date.now()
      if (left <= 0) return 'silent'
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  #take(): Buffer | undefined {
    if (this.#data.length < 4) return undefined
    const end = 4 + this.#data.readInt32BE(0)
    if (this.#data.length < end) return undefined
    const frame = this.#data.subarray(4, end)
    this.#data = this.#data.subarray(end)
    return frame
  }

  close(): void {
    this.#socket.destroy()
  }
}
