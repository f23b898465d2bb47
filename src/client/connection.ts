/**
 * One TCP (or TLS) connection to one broker.
 *
 * Opening it means: connect, learn which versions the broker speaks (ApiVersions), authenticate.
 * After that requests are written as they come and answered in order, each found again by its
 * correlation id. A request that is not answered in time closes the connection, because the
 * answers behind it cannot be trusted to come either. A closed connection is never opened again:
 * `Cluster` makes a new one.
 */
import { Reader, Writer } from '../../protocol/bytes.ts'
import { readResponseHeader, writeRequestHeader } from '../../protocol/header.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import type { Api, Decoded, Encodable, Fields } from '../../protocol/schema.ts'
import type { Connection, Env, Timer } from '../env/env.ts'
import { within } from './backoff.ts'
import { type ClientOptions, clientDefaults, type Endpoint } from './client-options.ts'
import { FrameAssembler, languageOf, NotKafka } from './frame-assembler.ts'
import { brokerError, type KafkaError, localError } from './kafka-error.ts'
import { authenticate } from './sasl.ts'

export interface SendOptions {
  /** Instead of the highest version that both sides speak. */
  readonly version?: number
  /** Instead of `requestTimeoutMs`. */
  readonly timeoutMs?: number
}

interface Pending {
  readonly api: Api<any, any>
  readonly version: number
  readonly resolve: (response: any) => void
  readonly reject: (error: Error) => void
  readonly timer: Timer
}

/** An open request without a byte for so long: the broker may be frozen or cut off. */
export const silenceMs = 700

const apiVersionsKey = 18
const unsupportedVersion = 35

export const nameOf = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export class BrokerConnection {
  readonly endpoint: Endpoint
  /** The broker's id when it is known; -1 for a bootstrap connection. */
  nodeId = -1
  readonly #env: Env
  readonly #options: ClientOptions
  readonly #pending = new Map<number, Pending>()
  readonly #frames = new FrameAssembler((frame) => this.#onFrame(frame))
  #socket!: Connection
  #ranges: ReadonlyMap<number, readonly [min: number, max: number]> = new Map()
  #correlationId = 0
  /** The last byte, or the first request after all were answered. */
  #heardMs = 0
  #closedBy: KafkaError | undefined
  #onClosed: ((error: KafkaError) => void) | undefined
  #drained: (() => void)[] = []

  private constructor(env: Env, endpoint: Endpoint, options: ClientOptions) {
    this.#env = env
    this.endpoint = endpoint
    this.#options = options
  }

  /** Connected, versions known, authenticated; or rejected with what went wrong. */
  static async open(env: Env, endpoint: Endpoint, options: ClientOptions) {
    const connection = new BrokerConnection(env, endpoint, options)
    const timeoutMs = options.connectTimeoutMs ?? clientDefaults.connectTimeoutMs
    try {
      await within(env, timeoutMs, `Connecting to ${connection.name}`, connection.#handshake())
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  get name(): string {
    return nameOf(this.endpoint)
  }

  get closed(): boolean {
    return this.#closedBy !== undefined
  }

  /** Requests without an answer yet. */
  get inFlight(): number {
    return this.#pending.size
  }

  /** How long requests wait without a sign of the broker; 0 when none waits. */
  get silentMs(): number {
    return this.#pending.size === 0 ? 0 : this.#env.clock.monotonicMs() - this.#heardMs
  }

  /** API keys and the versions of each that the broker speaks. */
  get apiRanges(): ReadonlyMap<number, readonly [min: number, max: number]> {
    return this.#ranges
  }

  /** Runs once, when the connection is gone. */
  onClosed(run: (error: KafkaError) => void): void {
    this.#onClosed = run
  }

  /** The highest version that both sides speak; `undefined` when there is none. */
  version(api: Api<any, any>): number | undefined {
    const range = this.#ranges.get(api.key)
    if (range === undefined) return undefined
    const version = Math.min(api.versions[1], range[1])
    return version >= Math.max(api.versions[0], range[0]) ? version : undefined
  }

  /** As `version`, and an error that names the broker when there is none. */
  requireVersion(api: Api<any, any>): number {
    const version = this.version(api)
    if (version !== undefined) return version
    const range = this.#ranges.get(api.key)
    const theirs = range === undefined ? 'does not know it' : `speaks ${range[0]} to ${range[1]}`
    throw localError(
      'UNSUPPORTED_FEATURE',
      `${api.name}: ${this.name} ${theirs}, this client ${api.versions[0]} to ${api.versions[1]}`,
    )
  }

  /** Writes one request; resolves with its answer. Broker errors inside the answer are the caller's. */
  send<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    request: Encodable<Request>,
    options: SendOptions = {},
  ): Promise<Decoded<Response>> {
    return new Promise((resolve, reject) => {
      const version = options.version ?? this.requireVersion(api)
      const timeoutMs =
        options.timeoutMs ?? this.#options.requestTimeoutMs ?? clientDefaults.requestTimeoutMs
      const correlationId = this.#write(api, version, request)
      const timer = this.#env.timers.after(timeoutMs, () =>
        this.#fail(
          localError('TIMED_OUT', `${this.name} did not answer ${api.name} in ${timeoutMs} ms`),
        ),
      )
      if (this.#pending.size === 0) this.#heardMs = this.#env.clock.monotonicMs()
      this.#pending.set(correlationId, { api, version, resolve, reject, timer })
    })
  }

  /** Writes a request that the broker will not answer (Produce with acks=0). */
  sendWithoutAnswer<Request extends Fields>(
    api: Api<Request, any>,
    request: Encodable<Request>,
    version: number,
  ): void {
    this.#write(api, version, request)
  }

  /** Resolves when the socket takes more. */
  drained(): Promise<void> {
    if (this.#closedBy || this.#socket.pendingBytes < 1024 * 1024) return Promise.resolve()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  close(): void {
    this.abandon(localError('DESTROY', `The connection to ${this.name} was closed`))
  }

  /** Closes; what waits is rejected with the reason. */
  abandon(reason: KafkaError): void {
    this.#fail(reason)
  }

  #write(api: Api<any, any>, version: number, request: any): number {
    if (this.#closedBy) throw this.#closedBy
    const correlationId = this.#correlationId
    this.#correlationId = (correlationId + 1) & 0x7fffffff
    const writer = new Writer()
    writer.int32(0)
    const clientId = this.#options.clientId ?? clientDefaults.clientId
    writeRequestHeader(writer, api, { apiVersion: version, correlationId, clientId })
    api.request(version).write(writer, request)
    const frame = writer.finish()
    frame.writeInt32BE(frame.length - 4, 0)
    this.#socket.write([frame])
    return correlationId
  }

  #onFrame(frame: Buffer): void {
    const reader = new Reader(frame)
    const pending = this.#pending.get(frame.readInt32BE(0))
    if (pending === undefined)
      throw new RangeError(`correlation id ${frame.readInt32BE(0)} was never asked`)
    this.#pending.delete(frame.readInt32BE(0))
    pending.timer.cancel()
    try {
      readResponseHeader(reader, pending.api, pending.version)
      // A broker that does not know our ApiVersions version answers in version 0 (KIP-511).
      const fallback =
        pending.api.key === apiVersionsKey &&
        frame.readInt16BE(reader.offset) === unsupportedVersion
      pending.resolve(pending.api.response(fallback ? 0 : pending.version).read(reader))
    } catch (error) {
      pending.reject(
        localError('BAD_MSG', `${pending.api.name} v${pending.version}: ${error}`, error),
      )
    }
  }

  async #handshake(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const { host, port } = this.endpoint
      const tls = this.#options.tls
      this.#onClosed = reject
      this.#socket = this.#env.net.connect(
        { host, port, ...(tls && { tls }) },
        {
          onConnect: resolve,
          onData: (chunk) => this.#onData(chunk),
          onDrain: () => {
            for (const resume of this.#drained.splice(0)) resume()
          },
          onClose: (error) => this.#onClose(error),
        },
      )
    })
    await this.#learnVersions()
    if (this.#options.sasl) await authenticate(this.#env, this, this.#options.sasl)
    this.#onClosed = undefined
  }

  async #learnVersions(): Promise<void> {
    const request = { clientSoftwareName: 'ottla', clientSoftwareVersion: '0.1.0' }
    let answer = await this.send(ApiVersions, request, { version: ApiVersions.versions[1] })
    if (answer.errorCode === unsupportedVersion) {
      const range = answer.apiKeys.find((api) => api.apiKey === apiVersionsKey)
      const version = Math.min(ApiVersions.versions[1], range?.maxVersion ?? 0)
      answer = await this.send(ApiVersions, request, { version })
    }
    if (answer.errorCode !== 0) throw brokerError(answer.errorCode, `ApiVersions of ${this.name}`)
    this.#ranges = new Map(
      answer.apiKeys.map((api) => [api.apiKey, [api.minVersion, api.maxVersion] as const]),
    )
  }

  #onData(chunk: Buffer): void {
    this.#heardMs = this.#env.clock.monotonicMs()
    try {
      this.#frames.feed(chunk)
    } catch (error) {
      const what = error instanceof NotKafka ? error.message : `cannot be understood: ${error}`
      this.#fail(localError('BAD_MSG', `${this.name}: ${what}`, error))
    }
  }

  #onClose(error: Error | undefined): void {
    const partial = this.#frames.partialBytes
    const language = partial.length > 1 ? languageOf(partial) : 'unknown'
    if (language !== 'unknown')
      this.#fail(localError('BAD_MSG', `${this.name}: ${new NotKafka(partial).message}`))
    else this.#fail(transportError(this.name, error))
  }

  /** Ends everything with one reason; only the first call counts. */
  #fail(error: KafkaError): void {
    if (this.#closedBy) return
    this.#closedBy = error
    this.#socket?.destroy()
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { timer, reject } of pending) {
      timer.cancel()
      reject(error)
    }
    for (const resume of this.#drained.splice(0)) resume()
    this.#onClosed?.(error)
  }
}

/** What the operating system or TLS said, in our words. */
function transportError(name: string, error: Error | undefined): KafkaError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  if (error === undefined) return localError('TRANSPORT', `${name} closed the connection`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return localError('RESOLVE', `The host of ${name} is not known (${code})`, error)
  const tls = /CERT|SSL|TLS|ALTNAME|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code)
  if (tls) return localError('SSL', `TLS with ${name} failed: ${error.message}`, error)
  if (code === 'ECONNREFUSED')
    return localError('TRANSPORT', `Nothing listens at ${name} (ECONNREFUSED)`, error)
  return localError('TRANSPORT', `The connection to ${name} broke: ${error.message}`, error)
}
