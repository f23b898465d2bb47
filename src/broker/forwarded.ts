/** Requests that the coordinator decides: sent on as they are, answered with what it says. */
import type { Api, Fields, RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { type Handler, handler, RequestError } from './handler.ts'
import { CoordinatorError } from './session/session.ts'

export function forwarded<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  rest: {
    failure(
      request: RequestOf<Api<Request, Response>>,
      errorCode: number,
      message: string,
    ): ResponseOf<Api<Request, Response>>
  },
): Handler {
  return handler(api, {
    async handle(request, { broker, apiVersion }) {
      try {
        const response = await broker.session.submit(api, request as never, { apiVersion })
        return response as ResponseOf<Api<Request, Response>>
      } catch (error) {
        if (error instanceof CoordinatorError)
          throw new RequestError(error.errorCode, error.message)
        throw error
      }
    },
    failure: rest.failure,
  })
}
