/**
 * One connection to a coordinator: frames out, frames in, answers matched to their requests.
 *
 * Knows nothing of sessions. A wrong frame closes it; when it closes, every request still waiting
 * fails with `LinkClosedError`: whether the coordinator did it is then unknown.
 */
import {
  answerBytesMax,
  encodeFrame,
  type Frame,
  FrameStream,
} from '../../../protocol/coordinator/frame.ts'
import type { Message, MessageOf, MessageType } from '../../../protocol/coordinator/messages.ts'
import type { Connection, ConnectionHandler } from '../../env/env.ts'

/** Opens a connection to a coordinator, in this process or over the network. */
export type Dial = (handler: ConnectionHandler & { onConnect?(): void }) => Connection

export class LinkClosedError extends Error {
  /** The request may have come to the coordinator, and been done. */
  readonly wasSent: boolean

  constructor(message: string, wasSent = false) {
    super(message)
    this.wasSent = wasSent
  }
}

interface Waiting {
  readonly answer: MessageType
  resolve(message: Message): void
  reject(error: Error): void
}

export interface LinkHandler {
  onOpen(): void
  /** What is no answer to a request. */
  onMessage(message: Message, generation: number): void
  onClose(error: Error | undefined): void
}

export class Link {
  /**
   * The highest that was seen; goes into every frame that is sent. A coordinator of an older one was
   * replaced, or has lost its metadata: what it says changes nothing, and the connection ends.
   */
  generation = 0
  framesReceived = 0
  readonly #connection: Connection
  readonly #handler: LinkHandler
  readonly #stream = new FrameStream(answerBytesMax)
  readonly #waiting = new Map<number, Waiting>()
  #correlation = 0
  #closed = false

  constructor(dial: Dial, handler: LinkHandler) {
    this.#handler = handler
    this.#connection = dial({
      onConnect: () => handler.onOpen(),
      onData: (chunk) => this.#receive(chunk),
      onClose: (error) => this.#close(error),
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  send(message: Message): void {
    this.#write(message, 0)
  }

  /** `resolve` runs in the turn in which the answer comes; otherwise `reject` with LinkClosedError. */
  ask<T extends MessageType>(
    message: Message,
    answer: T,
    resolve: (answer: MessageOf<T>) => void,
    reject: (error: Error) => void,
  ): void {
    if (this.#closed) {
      reject(new LinkClosedError('The coordinator is not connected'))
      return
    }
    const correlation = ++this.#correlation
    this.#waiting.set(correlation, {
      answer,
      resolve: (message) => resolve(message as MessageOf<T> & Message),
      reject,
    })
    this.#write(message, correlation)
  }

  request<T extends MessageType>(message: Message, answer: T): Promise<MessageOf<T>> {
    return new Promise((resolve, reject) => {
      this.ask(message, answer, resolve, reject)
    })
  }

  destroy(): void {
    this.#connection.destroy()
    this.#close(undefined)
  }

  #write(message: Message, correlation: number): void {
    if (this.#closed) return
    this.#connection.write([encodeFrame({ generation: this.generation, correlation, message })])
  }

  #receive(chunk: Buffer): void {
    let frames: Frame[]
    try {
      // Copied: answers are read after the turn in which the chunk's memory is ours.
      frames = this.#stream.feed(Buffer.from(chunk))
    } catch (error) {
      this.#connection.destroy()
      this.#close(error as Error)
      return
    }
    for (const { generation, correlation, message } of frames) {
      if (this.#closed) return
      this.framesReceived++
      if (generation < this.generation) {
        this.#connection.destroy()
        this.#close(
          new LinkClosedError(
            `The coordinator is of generation ${generation}, but ${this.generation} was seen before`,
          ),
        )
        return
      }
      this.generation = generation
      const waiting = this.#waiting.get(correlation)
      this.#waiting.delete(correlation)
      if (waiting?.answer === message.type) waiting.resolve(message)
      else if (waiting) {
        this.#connection.destroy()
        waiting.reject(
          new LinkClosedError(`A ${message.type} answered, not ${waiting.answer}`, true),
        )
        this.#close(undefined)
      } else this.#handler.onMessage(message, generation)
    }
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    for (const { reject } of this.#waiting.values())
      reject(new LinkClosedError('The connection to the coordinator closed', true))
    this.#waiting.clear()
    this.#handler.onClose(error)
  }
}
