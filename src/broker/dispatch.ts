/** From a frame to its handler, and from the handler's response to bytes. */

import { apiByKey } from '../../protocol/apis.ts'
import { ProtocolError, Reader } from '../../protocol/bytes.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { readInt16 } from '../../protocol/fixed.ts'
import { FrameWriter } from '../../protocol/frame.ts'
import { type RequestHeader, readRequestHeader } from '../../protocol/header.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import type { Chunk } from '../../protocol/slab.ts'
import type { Broker } from './broker.ts'
import type { ClientConnection } from './connection.ts'
import {
  type Handler,
  handler as handlerFor,
  type RequestContext,
  RequestError,
  type Respond,
  type Rest,
} from './handler.ts'
import { handlerOf, handlers, versionsOf } from './handlers.ts'

/** Whether such a request may start while others before it are not answered yet. */
export function overlaps(bytes: Buffer, start: number, end: number): boolean {
  const handler = end - start < 2 ? undefined : handlerOf(readInt16(bytes, start))
  return handler !== undefined && 'begin' in handler && handler.overlaps
}

/** All responses are encoded in one place, one after the other. */
const errorCodes: number[] = []
const writer = new FrameWriter(errorCodes)

const nothing: readonly Chunk[] = []

/** Throws ProtocolError where Kafka closes the connection (W-9). */
export function dispatch(
  broker: Broker,
  connection: ClientConnection,
  frame: Reader,
  nowMs: number,
): Exchange {
  const frameBytes = frame.remaining
  const header = readRequestHeader(frame, apiByKey)
  const handler = handlerOf(header.apiKey)
  if (handler === undefined) throw new ProtocolError(`The API key ${header.apiKey} is not served`)
  const [min, max] = versionsOf(handler)
  if (header.apiVersion < min || header.apiVersion > max) {
    if (header.apiKey === ApiVersions.key) {
      const context = contextOf(broker, connection, { ...header, apiVersion: 0 })
      return new Exchange(connection, unsupported(min, max), undefined as never, context, nowMs)
    }
    throw new ProtocolError(
      `${handler.api.name} version ${header.apiVersion} is not served, only ${min} to ${max}`,
    )
  }
  // What a handler may keep must not lie in the memory of the socket's buffer.
  const body = 'begin' in handler ? frame : new Reader(Buffer.from(frame.slice(frame.remaining)))
  broker.traffic.request(header.apiKey, header.apiVersion, frameBytes)
  const request = readBody(broker, handler, header, body)
  return new Exchange(connection, handler, request, contextOf(broker, connection, header), nowMs)
}

function contextOf(
  broker: Broker,
  connection: ClientConnection,
  { apiVersion, correlationId, clientId }: RequestHeader,
): RequestContext {
  return {
    broker,
    apiVersion,
    correlationId,
    clientId,
    clientHost: connection.remoteHost,
    listenerName: connection.endpoint.listenerName,
    whenClosed: connection.whenClosed,
    handlers,
  }
}

/** KIP-511: answered in version 0, which every client can read. */
function unsupported(minVersion: number, maxVersion: number): Handler {
  const { key: apiKey } = ApiVersions
  const apiKeys = [{ apiKey, minVersion, maxVersion }]
  return handlerFor(ApiVersions, {
    handle: () => ({ errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys }),
  })
}

function readBody(broker: Broker, handler: Handler, header: RequestHeader, body: Reader): never {
  const { elements, elementsOfPartitions } = broker.traffic
  const limit = handler.namesPartitions ? elementsOfPartitions : elements
  body.elementsLeft = limit.max
  try {
    return handler.api.request(header.apiVersion).read(body) as never
  } catch (error) {
    if (body.elementsLeft < 0) limit.refused++
    throw error
  } finally {
    if (body.elementsLeft >= 0) limit.took(limit.max - body.elementsLeft)
  }
}

/** One request and its answer, in the order of its connection. */
export class Exchange {
  readonly apiKey: number
  /** The requests behind it start after its answer. */
  readonly blocking: boolean
  /** Monotonic. */
  readonly begunMs: number
  /** What leaves for it. Undefined until it is answered; empty: nothing is sent. */
  chunks: readonly Chunk[] | undefined
  sent: (() => void) | undefined
  /** The connection ends (the only sign of an error with acks=0). */
  closes = false
  /** That came after it. */
  next: Exchange | undefined
  readonly #connection: ClientConnection
  readonly #handler: Handler
  readonly #request: never
  readonly #context: RequestContext
  #recheck: (() => object | undefined) | undefined

  constructor(
    connection: ClientConnection,
    handler: Handler,
    request: never,
    context: RequestContext,
    nowMs: number,
  ) {
    this.#connection = connection
    this.#handler = handler
    this.#request = request
    this.#context = context
    this.apiKey = handler.api.key
    this.blocking = !('begin' in handler && handler.overlaps)
    this.begunMs = nowMs
  }

  /** Whatever comes of it is told to the connection. What it returns holds the requests behind it up as well. */
  begin(): Promise<void> | undefined {
    const handler = this.#handler
    try {
      if ('begin' in handler) {
        const respond: Respond<any> = (response, rest) => this.#respond(response, rest)
        const held = handler.begin(this.#request, this.#context, respond)
        return held?.catch((error) => this.#fail(error))
      }
      const response = handler.handle(this.#request, this.#context) as object | Promise<object>
      if (response instanceof Promise)
        response.then((done) => this.#respond(done)).catch((error) => this.#fail(error))
      else this.#respond(response)
    } catch (error) {
      this.#fail(error)
    }
    return undefined
  }

  /** To be called right before the answer leaves: what is to be said instead, if anything. */
  recheck(): readonly Chunk[] | undefined {
    const instead = this.#recheck?.()
    return instead && this.#encode(instead)
  }

  #respond(response: object | undefined, rest?: Rest<object>): void {
    const chunks = response === undefined ? nothing : this.#encode(response)
    if (this.chunks !== undefined) return
    this.chunks = chunks
    if (rest !== undefined) {
      this.sent = rest.sent
      this.closes = rest.close === true
      this.#recheck = rest.recheck
    }
    this.#connection.answered(this)
  }

  #fail(error: unknown): void {
    const response = failure(this.#handler, this.#request, this.#context, error)
    this.#respond(response, { close: response === undefined })
  }

  #encode(response: object): Chunk[] {
    const { traffic } = this.#context.broker
    const { api } = this.#handler
    // What an answer that could not be written had is not counted for the next.
    if (errorCodes.length > 0) errorCodes.length = 0
    writer.response(api, this.#context, response as never)
    if (errorCodes.length > 0) traffic.refused(api.key, errorCodes)
    return writer.take<Chunk>()
  }
}

/** The API's own answer with the error; undefined where it has none. */
function failure(
  handler: Handler,
  request: never,
  context: RequestContext,
  error: unknown,
): object | undefined {
  const expected = error instanceof RequestError
  const errorCode = expected ? error.errorCode : ErrorCode.UNKNOWN_SERVER_ERROR
  const message = error instanceof Error ? error.message : String(error)
  if (!expected) {
    const stack = error instanceof Error ? error.stack : undefined
    context.broker.env.log.error('A request failed', { api: handler.api.name, message, stack })
  }
  return handler.failure?.(request, errorCode, message, context)
}
