/** From a frame to its handler, and from the handler's response to bytes. */

import { apiByKey } from '../../protocol/apis.ts'
import { ProtocolError, Reader } from '../../protocol/bytes.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { FrameWriter } from '../../protocol/frame.ts'
import { type RequestHeader, readRequestHeader } from '../../protocol/header.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import type { Chunk } from '../../protocol/slab.ts'
import type { Broker } from './broker.ts'
import type { ClientConnection } from './connection.ts'
import { type Handler, type RequestContext, RequestError, type Respond } from './handler.ts'
import { handlerOf, handlers, versionsOf } from './handlers.ts'

/** What leaves for one request. */
export interface Answer {
  /** Nothing is sent when empty. */
  readonly chunks: readonly Chunk[]
  readonly sent?: (() => void) | undefined
  /** What leaves instead, when this may not be said any more. */
  readonly recheck?: (() => readonly Chunk[] | undefined) | undefined
  /** The connection ends (the only sign of an error with acks=0). */
  readonly close?: boolean | undefined
}

export interface Dispatched {
  readonly apiKey: number
  /** The requests behind it start after its answer. */
  readonly blocking: boolean
  /** What it returns holds the requests behind it up as well. */
  begin(answer: (answer: Answer) => void): Promise<void> | undefined
}

/** Whether such a request may start while others before it are not answered yet. */
export function overlaps(frame: Buffer): boolean {
  const handler = frame.length < 2 ? undefined : handlerOf(frame.readInt16BE(0))
  return handler !== undefined && 'begin' in handler && handler.overlaps
}

/** All responses are encoded in one place, one after the other. */
const errorCodes: number[] = []
const writer = new FrameWriter(errorCodes)

/** Throws ProtocolError where Kafka closes the connection (W-9). */
export function dispatch(broker: Broker, connection: ClientConnection, frame: Buffer): Dispatched {
  const reader = new Reader(frame)
  const header = readRequestHeader(reader, apiByKey)
  const handler = handlerOf(header.apiKey)
  if (handler === undefined) throw new ProtocolError(`The API key ${header.apiKey} is not served`)
  const [min, max] = versionsOf(handler)
  if (header.apiVersion < min || header.apiVersion > max) {
    if (header.apiKey === ApiVersions.key) return unsupportedApiVersions(broker, header, [min, max])
    throw new ProtocolError(
      `${handler.api.name} version ${header.apiVersion} is not served, only ${min} to ${max}`,
    )
  }
  const streaming = 'begin' in handler
  // What a handler may keep must not lie in the memory of the socket's buffer.
  const body = streaming ? reader : new Reader(Buffer.from(frame), reader.offset)
  broker.traffic.request(header.apiKey, header.apiVersion, frame.length)
  const request = readBody(broker, handler, header, body)
  const context: RequestContext = {
    broker,
    apiVersion: header.apiVersion,
    correlationId: header.correlationId,
    clientId: header.clientId ?? '',
    clientHost: connection.remoteHost,
    listenerName: connection.endpoint.listenerName,
    whenClosed: (run) => connection.whenClosed(run),
    handlers,
  }
  return {
    apiKey: header.apiKey,
    blocking: !(streaming && handler.overlaps),
    begin: (answer) => run(handler, request, context, header, answer),
  }
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

function run(
  handler: Handler,
  request: never,
  context: RequestContext,
  header: RequestHeader,
  answer: (answer: Answer) => void,
): Promise<void> | undefined {
  const respond: Respond<unknown> = (response, rest) => {
    const { broker } = context
    const chunks = response === undefined ? [] : encode(broker, handler, header, response as object)
    const again = rest?.recheck
    const recheck =
      again &&
      (() => {
        const instead = again()
        return instead === undefined
          ? undefined
          : encode(broker, handler, header, instead as object)
      })
    answer({ chunks, sent: rest?.sent, close: rest?.close, recheck })
  }
  const failed = (error: unknown) => answer(failure(handler, request, context, header, error))
  try {
    if ('begin' in handler)
      return handler.begin(request, context, respond as Respond<any>)?.catch(failed)
    const response = handler.handle(request, context) as object | Promise<object>
    if (response instanceof Promise) response.then(respond).catch(failed)
    else respond(response)
  } catch (error) {
    failed(error)
  }
  return undefined
}

function failure(
  handler: Handler,
  request: never,
  context: RequestContext,
  header: RequestHeader,
  error: unknown,
): Answer {
  const expected = error instanceof RequestError
  const errorCode = expected ? error.errorCode : ErrorCode.UNKNOWN_SERVER_ERROR
  const message = error instanceof Error ? error.message : String(error)
  if (!expected) {
    const stack = error instanceof Error ? error.stack : undefined
    context.broker.env.log.error('A request failed', { api: handler.api.name, message, stack })
  }
  if (handler.failure === undefined) return { chunks: [], close: true }
  const response = handler.failure(request, errorCode, message, context)
  return { chunks: encode(context.broker, handler, header, response as object) }
}

function encode(
  { traffic }: Broker,
  { api }: Pick<Handler, 'api'>,
  header: RequestHeader,
  response: object,
): Chunk[] {
  // What an answer that could not be written had is not counted for the next.
  errorCodes.length = 0
  writer.response(api, header, response as never)
  if (errorCodes.length > 0) traffic.refused(api.key, errorCodes)
  return writer.take<Chunk>()
}

/** KIP-511: answered in version 0, which every client can read. */
function unsupportedApiVersions(
  broker: Broker,
  header: RequestHeader,
  [minVersion, maxVersion]: readonly [number, number],
): Dispatched {
  const { key: apiKey } = ApiVersions
  return {
    apiKey,
    blocking: true,
    begin(answer) {
      const errorCode = ErrorCode.UNSUPPORTED_VERSION
      const apiKeys = [{ apiKey, minVersion, maxVersion }]
      const response = { errorCode, apiKeys }
      answer({
        chunks: encode(broker, { api: ApiVersions }, { ...header, apiVersion: 0 }, response),
      })
      return undefined
    },
  }
}
