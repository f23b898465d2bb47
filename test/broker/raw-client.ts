/** A client that sends any bytes and collects whole frames: for what no real client would do. */
import { connect, type Socket } from 'node:net'
import { Reader } from '../../protocol/bytes.ts'
import { FrameReader, FrameWriter } from '../../protocol/frame.ts'
import { readResponseHeader } from '../../protocol/header.ts'
import type { Api, Encodable, Fields, IncomingResponseOf } from '../../protocol/schema.ts'

export class RawClient {
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #arrived: Buffer[] = []
  #wake: () => void = () => {}
  #correlationId = 0
  closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#arrived.push(...this.#frames.feed(chunk))
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ host, port, noDelay: true })
    const client = new RawClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('error', reject)
    })
    return client
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** The next whole frame; `undefined` when the connection ends first. */
  async frame(): Promise<Buffer | undefined> {
    while (this.#arrived.length === 0 && !this.closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    return this.#arrived.shift()
  }

  async untilClosed(): Promise<void> {
    while (!this.closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  /** One request and its answer. */
  async ask<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    apiVersion: number,
    request: Encodable<Request>,
  ): Promise<IncomingResponseOf<Api<Request, Response>>> {
    this.send(this.encode(api, apiVersion, request))
    return this.answer(api, apiVersion)
  }

  encode<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    apiVersion: number,
    request: Encodable<Request>,
  ): Buffer {
    const writer = new FrameWriter()
    const correlationId = ++this.#correlationId
    writer.request(api, { apiVersion, correlationId, clientId: 'raw' }, request)
    return Buffer.concat(writer.take())
  }

  async answer<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    apiVersion: number,
  ): Promise<IncomingResponseOf<Api<Request, Response>>> {
    const frame = await this.frame()
    if (frame === undefined) throw new Error(`The connection ended before ${api.name} was answered`)
    const reader = new Reader(frame)
    readResponseHeader(reader, api, apiVersion)
    return api.response(apiVersion).read(reader) as IncomingResponseOf<Api<Request, Response>>
  }

  destroy(): void {
    this.#socket.destroy()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }
}
