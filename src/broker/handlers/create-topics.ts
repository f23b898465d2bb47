/** CreateTopics: decided by the coordinator, whichever broker was asked. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { askCoordinator } from '../forwarded.ts'
import { handler } from '../handler.ts'

export const createTopics = handler(CreateTopics, {
  async handle(request, context) {
    const response = await askCoordinator(CreateTopics, request, context)
    const { newPartitions } = context.broker.traffic
    if (response.topics.some(({ errorCode }) => errorCode === ErrorCode.POLICY_VIOLATION))
      newPartitions.refused++
    else
      newPartitions.took(
        request.topics.reduce(
          (sum, { assignments, numPartitions }) => sum + (assignments.length || numPartitions),
          0,
        ),
      )
    return response
  },
  failure: (request, errorCode, errorMessage) => ({
    topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})
