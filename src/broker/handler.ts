/**
 * The shape of every handler: one API, one function from a decoded request to its answer.
 *
 * A handler answers errors as values in the response. What it throws is turned into the API's own
 * error response by `failure` (behaviours W-10); without `failure` the connection is closed.
 */
import type { Api, Fields, RequestOf, ResponseOf } from '../../protocol/schema.ts'
import type { Broker } from './broker.ts'

export interface RequestContext {
  readonly broker: Broker
  readonly apiVersion: number
  readonly correlationId: number
  /** Empty when the client sent none. */
  readonly clientId: string
  /** The address the client connects from, without its port. */
  readonly clientHost: string
  /** The listener that the connection came in on: answers give the addresses of this listener. */
  readonly listenerName: string
  /** Runs when the client has gone before it is answered; what is returned calls that off. */
  whenClosed(run: () => void): () => void
  /** Everything that this broker serves. */
  readonly handlers: readonly Handler[]
}

/** What goes with a response. */
export interface Rest<Response> {
  /** Runs when the bytes have left. */
  readonly sent?: () => void
  /** The connection ends. */
  readonly close?: boolean
  /** Asked right before it leaves, for an answer may wait for those before it: what is to be said instead, if anything. */
  readonly recheck?: () => Response | undefined
}

/** Ends a request. Without a response nothing is sent. */
export type Respond<Response> = (response: Response | undefined, rest?: Rest<Response>) => void

/**
 * Array elements that a request may have in all, nested ones too: each costs microseconds, and while
 * one request is worked on nobody else is served. Enough for whatever an administrator lists …
 */
export const elementsMaxUsual = 20_000
/** … and for requests that name every partition a client reads or writes: 100,000, and their topics. */
export const elementsMaxOfPartitions = 120_000

interface Common<A extends Api<any, any>> {
  readonly api: A
  /** Its requests may have `elementsMaxOfPartitions`, others `elementsMaxUsual`: beyond it the connection ends. */
  readonly namesPartitions?: boolean
  /** Subset of `api.versions` that is served; all when left out. */
  readonly versions?: readonly [min: number, max: number]
  /** The whole request failed: the API's own answer with the error in every place it has. */
  failure?(
    request: RequestOf<A>,
    errorCode: number,
    message: string,
    context: RequestContext,
  ): ResponseOf<A>
}

/** Most APIs: one answer to one request, which may be kept: its bytes are a copy. */
export interface AnsweringHandler<A extends Api<any, any>> extends Common<A> {
  handle(request: RequestOf<A>, context: RequestContext): ResponseOf<A> | Promise<ResponseOf<A>>
}

/**
 * Produce and Fetch: `begin` works on the bytes of the socket's own buffer, which are valid during
 * the call only, and responds whenever it can.
 */
export interface StreamingHandler<A extends Api<any, any>> extends Common<A> {
  begin(
    request: RequestOf<A>,
    context: RequestContext,
    respond: Respond<ResponseOf<A>>,
  ): Promise<void> | undefined
  /**
   * Requests of this kind that follow each other may start before those before them are answered, but not
   * before what `begin` returned is resolved.
   */
  readonly overlaps: boolean
}

export type Handler<A extends Api<any, any> = Api<any, any>> =
  | AnsweringHandler<A>
  | StreamingHandler<A>

/** Ties a handler's types to its API: `export const metadata = handler(Metadata, { handle… })`. */
export function handler<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  rest: Omit<AnsweringHandler<Api<Request, Response>>, 'api'>,
): Handler {
  return { api, ...rest } as Handler
}

export function streamingHandler<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  rest: Omit<StreamingHandler<Api<Request, Response>>, 'api'>,
): Handler {
  return { api, ...rest } as Handler
}

/** The request as a whole cannot be done; answered through `failure`. */
export class RequestError extends Error {
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.errorCode = errorCode
  }
}
