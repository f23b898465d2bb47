/** CreateTopics: decided by the coordinator, whichever broker was asked. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { forwarded } from '../forwarded.ts'

export const createTopics = forwarded(CreateTopics, {
  answered(response, request, context) {
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
  },
  failure: (request, errorCode, errorMessage) => ({
    topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})
