/** CreatePartitions: decided by the coordinator, whichever broker was asked. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { forwarded } from '../forwarded.ts'

export const createPartitions = forwarded(CreatePartitions, {
  answered({ results }, _request, { broker }) {
    if (results.some(({ errorCode }) => errorCode === ErrorCode.POLICY_VIOLATION))
      broker.traffic.newPartitions.refused++
  },
  failure: (request, errorCode, errorMessage) => ({
    results: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})
