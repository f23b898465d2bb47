/** What the handlers of the group APIs have in common. */
import type { Api, Fields, RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import { Refusal } from '../../core/group/refusal.ts'
import { type Handler, handler, type RequestContext } from '../handler.ts'
import { TimeSlice } from '../time-slice.ts'
import type { Client } from './group-runtime.ts'

/** Every operation on a group: nothing is forbidden without an authorizer. */
export const groupOperations = 0b1101_0100_1000
export const operationsNotAsked = -2147483648

export const clientOf = ({ apiVersion, clientId, clientHost }: RequestContext): Client => ({
  apiVersion,
  clientId,
  clientHost: `/${clientHost}`,
})

/** A handler whose refusals are answered by `failure`. */
export function groupHandler<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  rest: {
    namesPartitions?: boolean
    handle(
      request: RequestOf<Api<Request, Response>>,
      context: RequestContext,
    ): Promise<ResponseOf<Api<Request, Response>>>
    failure(
      request: RequestOf<Api<Request, Response>>,
      errorCode: number,
      message: string,
      context: RequestContext,
    ): ResponseOf<Api<Request, Response>>
  },
): Handler {
  return handler(api, {
    namesPartitions: rest.namesPartitions ?? false,
    async handle(request: any, context: RequestContext) {
      try {
        return await rest.handle(request, context)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return rest.failure(request, error.errorCode, error.message, context)
      }
    },
    failure: rest.failure as any,
  })
}

/** Begun at once: what they write goes into one batch. A request may name tens of thousands. */
const itemsAtOnce = 100

/** Does one thing for each, and turns a refusal of one into its own answer. */
export async function eachOrRefused<T, R>(
  { broker }: RequestContext,
  items: readonly T[],
  run: (item: T) => Promise<R>,
  refused: (item: T, errorCode: number, message: string) => R,
): Promise<R[]> {
  const runOne = async (item: T) => {
    try {
      return await run(item)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return refused(item, error.errorCode, error.message)
    }
  }
  const slice = new TimeSlice(broker.env)
  const results: R[] = []
  for (let from = 0; from < items.length; from += itemsAtOnce) {
    if (slice.isOver) await slice.next()
    results.push(...(await Promise.all(items.slice(from, from + itemsAtOnce).map(runOne))))
  }
  return results
}
