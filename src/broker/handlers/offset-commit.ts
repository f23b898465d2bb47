/** OffsetCommit 2–10 (O-1 to O-6, N-10). Answered once the offsets are committed in the log. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'
import type { RequestContext } from '../handler.ts'

type Request = RequestOf<typeof OffsetCommit>
type Topic = Request['topics'][number]

/** From here on topics are named by their id. */
const topicIdsSince = 10
const noId = 'A'.repeat(22)

export const offsetCommit = groupHandler(OffsetCommit, {
  async handle(request, context) {
    const checked = request.topics.map((topic) => check(topic, context))
    const topics = checked.flatMap(({ known }) => (known.partitions.length > 0 ? [known] : []))
    if (topics.length === 0) return { topics: checked.map(({ refused }) => refused) }
    const { groups } = context.broker
    const commit = { ...request, topics }
    const response = await groups.submit('commit', request.groupId, commit, clientOf(context))
    const committed = new Map(response.topics.map((topic) => [topic.name, topic.partitions]))
    return {
      topics: checked.map(({ known, refused }) => ({
        ...refused,
        partitions: [...refused.partitions, ...(committed.get(known.name) ?? [])],
      })),
    }
  },
  failure: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
})

/** Divides a topic into what may be committed and what does not exist. */
function check(topic: Topic, { broker, apiVersion }: RequestContext) {
  const byId = apiVersion >= topicIdsSince
  const { topics } = broker.groups
  const found = byId ? topics.byId(topic.topicId) : topics.byName(topic.name)
  const name = found?.name ?? topic.name
  const topicId = found?.topicId ?? (byId ? topic.topicId : noId)
  const unknown = byId && !found ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  const exists = ({ partitionIndex: index }: Topic['partitions'][number]) =>
    found !== undefined && index >= 0 && index < found.partitionCount
  return {
    known: { name, topicId, partitions: topic.partitions.filter(exists) },
    refused: {
      name,
      topicId,
      partitions: topic.partitions
        .filter((partition) => !exists(partition))
        .map(({ partitionIndex }) => ({ partitionIndex, errorCode: unknown })),
    },
  }
}
