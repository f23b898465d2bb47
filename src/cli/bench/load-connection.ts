/**
 * One connection of the load generator: frames out, answers counted. It costs as little as it can,
 * because it shares the machine with the broker it measures: answers are received into one reused
 * buffer, and only the first bytes of each are kept.
 */
import { connect, type Socket } from 'node:net'

/** As much of an answer as is kept: error codes stand in here. */
const headBytes = 256
const receiveBytes = 256 * 1024

export interface Answers {
  /** `head` holds the first bytes of the payload, valid during the call; `sizeBytes` is the payload's. */
  onAnswer(head: Buffer, sizeBytes: number): void
  /** After all answers of one receive: the time to send what they made room for, in one write. */
  onBurst(): void
  onError(error: Error): void
}

export class LoadConnection {
  readonly #socket: Socket
  readonly #answers: Answers
  readonly #head = Buffer.alloc(headBytes)
  readonly #sizeField = Buffer.alloc(4)
  #sizeFieldBytes = 0
  #payloadBytes = 0
  #payloadLeft = 0
  #ended = false
  readonly connected: Promise<void>

  constructor(where: { host: string; port: number }, answers: Answers) {
    this.#answers = answers
    let connected = () => {}
    let failed: (error: Error) => void = () => {}
    this.connected = new Promise((resolve, reject) => {
      connected = resolve
      failed = reject
    })
    this.connected.catch(() => {}) // Whoever waits for it hears of it; others by onError.
    this.#socket = connect({
      ...where,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(receiveBytes),
        callback: (bytes, buffer) => {
          this.#receive(buffer as Buffer, bytes)
          return true
        },
      },
    })
    const end = (error: Error) => {
      failed(error)
      if (this.#ended) return
      this.#ended = true
      answers.onError(error)
    }
    this.#socket.on('connect', connected)
    this.#socket.on('error', end)
    this.#socket.on('close', () => end(new Error('The broker closed the connection')))
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  close(): void {
    this.#ended = true
    this.#socket.destroy()
  }

  #receive(buffer: Buffer, length: number): void {
    let at = 0
    let answered = false
    while (at < length) {
      if (this.#payloadLeft === 0) {
        at = this.#readSize(buffer, at, length)
        if (this.#sizeFieldBytes < 4) break
        this.#payloadBytes = this.#sizeField.readInt32BE(0)
        this.#payloadLeft = this.#payloadBytes
        this.#sizeFieldBytes = 0
      }
      const taken = Math.min(this.#payloadLeft, length - at)
      const done = this.#payloadBytes - this.#payloadLeft
      if (done < headBytes)
        buffer.copy(this.#head, done, at, at + Math.min(taken, headBytes - done))
      at += taken
      this.#payloadLeft -= taken
      if (this.#payloadLeft > 0) break
      answered = true
      this.#answers.onAnswer(this.#head, this.#payloadBytes)
    }
    if (answered) this.#answers.onBurst()
  }

  #readSize(buffer: Buffer, from: number, length: number): number {
    let at = from
    while (this.#sizeFieldBytes < 4 && at < length) {
      this.#sizeField[this.#sizeFieldBytes] = buffer[at]!
      this.#sizeFieldBytes += 1
      at += 1
    }
    return at
  }
}
