/** Requests that the coordinator decides: sent on as they are, answered with what it says. */
import type { Api, Fields, RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { type Handler, handler, type RequestContext, RequestError } from './handler.ts'
import { CoordinatorError } from './session/session.ts'

export function forwarded<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  rest: {
    failure(
      request: RequestOf<Api<Request, Response>>,
      errorCode: number,
      message: string,
    ): ResponseOf<Api<Request, Response>>
    /** Looks at what was answered: for those who count. */
    answered?(
      response: ResponseOf<Api<Request, Response>>,
      request: RequestOf<Api<Request, Response>>,
      context: RequestContext,
    ): void
  },
): Handler {
  return handler(api, {
    async handle(request, context) {
      const response = await askCoordinator(api, request, context)
      rest.answered?.(response, request, context)
      return response
    },
    failure: rest.failure,
  })
}

/** What the coordinator says; its refusal of the whole request is thrown as a `RequestError`. */
export async function askCoordinator<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  request: RequestOf<Api<Request, Response>>,
  { broker, apiVersion }: RequestContext,
): Promise<ResponseOf<Api<Request, Response>>> {
  try {
    const options = { apiVersion, ...waitOf(request) }
    const response = await broker.session.requests.submit(api, request as never, options)
    return response as ResponseOf<Api<Request, Response>>
  } catch (error) {
    if (error instanceof CoordinatorError) throw new RequestError(error.errorCode, error.message)
    throw error
  }
}

/** Longer waits than this hold a client's connection for nothing: the outcome is unknown either way. */
const timeoutMaxMs = 60_000

/** What the client wants to wait at most; then it is answered 7, and the change may still be made. */
function waitOf(request: object): { timeoutMs?: number; waits?: boolean } {
  const { timeoutMs } = request as { timeoutMs?: number }
  if (timeoutMs === undefined) return {}
  return { timeoutMs: Math.min(Math.max(0, timeoutMs), timeoutMaxMs), waits: true }
}
