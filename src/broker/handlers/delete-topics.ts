/** DeleteTopics: decided by the coordinator, whichever broker was asked. */
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { forwarded } from '../forwarded.ts'

export const deleteTopics = forwarded(DeleteTopics, {
  failure: (request, errorCode, errorMessage) => ({
    responses: [
      ...request.topics,
      ...request.topicNames.map((name) => ({ name, topicId: 'A'.repeat(22) })),
    ].map(({ name, topicId }) => ({ name, topicId, errorCode, errorMessage })),
  }),
})
