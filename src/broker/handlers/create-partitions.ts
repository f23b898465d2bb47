/** CreatePartitions: decided by the coordinator, whichever broker was asked. */
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { forwarded } from '../forwarded.ts'

export const createPartitions = forwarded(CreatePartitions, {
  failure: (request, errorCode, errorMessage) => ({
    results: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})
