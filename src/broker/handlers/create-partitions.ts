/** CreatePartitions: decided by the coordinator, whichever broker was asked. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { askCoordinator } from '../forwarded.ts'
import { handler } from '../handler.ts'

export const createPartitions = handler(CreatePartitions, {
  async handle(request, context) {
    const response = await askCoordinator(CreatePartitions, request, context)
    const { newPartitions } = context.broker.traffic
    if (response.results.some(({ errorCode }) => errorCode === ErrorCode.POLICY_VIOLATION))
      newPartitions.refused++
    return response
  },
  failure: (request, errorCode, errorMessage) => ({
    results: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})
