/** OffsetDelete 0: forgets offsets of topics that the group does not read (O-11). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { OffsetDelete } from '../../../protocol/messages/offset-delete.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

export const offsetDelete = groupHandler(OffsetDelete, {
  async handle(request, context) {
    const { groups } = context.broker
    const exists = (name: string, index: number) => {
      const topic = groups.topics.byName(name)
      return topic !== undefined && index >= 0 && index < topic.partitionCount
    }
    const known = {
      ...request,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.filter(({ partitionIndex }) => exists(name, partitionIndex)),
      })),
    }
    const response = await groups.submit('deleteOffsets', request.groupId, known, clientOf(context))
    const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return {
      ...response,
      topics: response.topics.map((topic, i) => ({
        ...topic,
        partitions: [
          ...request.topics[i]!.partitions.filter(
            ({ partitionIndex }) => !exists(topic.name, partitionIndex),
          ).map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
          ...topic.partitions,
        ],
      })),
    }
  },
  failure: (_request, errorCode) => ({ errorCode, topics: [] }),
})
