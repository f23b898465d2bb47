/** CreateTopics: decided by the coordinator, whichever broker was asked. */
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { forwarded } from '../forwarded.ts'

export const createTopics = forwarded(CreateTopics, {
  failure: (request, errorCode, errorMessage) => ({
    topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})
