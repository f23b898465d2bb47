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
}

export interface Handler<A extends Api<any, any> = Api<any, any>> {
  readonly api: A
  /** Subset of `api.versions` that is served; all when left out. */
  readonly versions?: readonly [min: number, max: number]
  /** `undefined` answers nothing at all (Produce with acks=0). */
  handle(
    request: RequestOf<A>,
    context: RequestContext,
  ): ResponseOf<A> | undefined | Promise<ResponseOf<A> | undefined>
  failure?(request: RequestOf<A>, errorCode: number, message: string): ResponseOf<A>
}

/** Ties a handler's types to its API: `export const metadata = handler(Metadata, { handle… })`. */
export function handler<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  rest: Omit<Handler<Api<Request, Response>>, 'api'>,
): Handler<Api<Request, Response>> {
  return { api, ...rest }
}
