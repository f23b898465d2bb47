/** OffsetCommit 2–10 (O-1 to O-6, N-10). Answered once the offsets are committed in the log. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import { Refusal } from '../../core/group/refusal.ts'
import { clientOf } from '../group/group-handler.ts'
import { type RequestContext, streamingHandler } from '../handler.ts'

type Request = RequestOf<typeof OffsetCommit>
type Response = ResponseOf<typeof OffsetCommit>
type Topic = Request['topics'][number]

/** From here on topics are named by their id. */
const topicIdsSince = 10
const noId = 'A'.repeat(22)

export const offsetCommit = streamingHandler(OffsetCommit, {
  namesPartitions: true,
  // Commits that come together on a connection are written together.
  overlaps: true,
  begin(request, context, respond) {
    const checked = request.topics.map((topic) => check(topic, context))
    const topics = checked.flatMap(({ known }) => (known.partitions.length > 0 ? [known] : []))
    if (topics.length === 0) {
      respond({ topics: merged(checked, []) })
      return
    }
    // What does not exist is told as such, whatever the group says.
    const refusedAll = ({ errorCode }: Refusal) =>
      respond({ topics: merged(checked, refused(topics, errorCode)) })
    try {
      context.broker.groups.ask(
        'commit',
        request.groupId,
        { ...request, topics },
        clientOf(context),
        {
          resolve: (response) => {
            note(request, response, context)
            respond({ topics: merged(checked, response.topics) })
          },
          reject: refusedAll,
        },
      )
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refusedAll(error)
    }
  },
  failure: ({ topics }, errorCode) => ({ topics: refused(topics, errorCode) }),
})

function note({ topics }: Request, answered: Response, { broker }: RequestContext): void {
  const { offsetMetadata } = broker.traffic
  for (const { partitions } of answered.topics)
    for (const { errorCode } of partitions)
      if (errorCode === ErrorCode.OFFSET_METADATA_TOO_LARGE) offsetMetadata.refused++
  for (const { partitions } of topics)
    for (const { committedMetadata } of partitions) {
      const { length } = committedMetadata ?? ''
      if (length <= offsetMetadata.max) offsetMetadata.took(length)
    }
}

const refused = (topics: readonly Topic[], errorCode: number): Response['topics'] =>
  topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))

/** What may be committed of a topic, and the answer for what does not exist. */
interface Checked {
  readonly known: Topic
  readonly refused: Response['topics'][number] | undefined
}

/** The answers of the group, and in front of them what was not asked of it. */
function merged(checked: readonly Checked[], answered: Response['topics']): Response['topics'] {
  if (checked.every(({ refused }) => refused === undefined)) return answered
  let next = 0
  return checked.map(({ known, refused }) => {
    const committed = known.partitions.length > 0 ? answered[next++] : undefined
    if (!refused) return committed ?? { ...known, partitions: [] }
    const { name, topicId, partitions } = refused
    return { name, topicId, partitions: [...partitions, ...(committed?.partitions ?? [])] }
  })
}

function check(topic: Topic, { broker, apiVersion }: RequestContext): Checked {
  const byId = apiVersion >= topicIdsSince
  const { topics } = broker.groups
  const found = byId ? topics.byId(topic.topicId) : topics.byName(topic.name)
  const name = found?.name ?? topic.name
  const topicId = found?.topicId ?? (byId ? topic.topicId : noId)
  const exists = ({ partitionIndex: index }: Topic['partitions'][number]) =>
    found !== undefined && index >= 0 && index < found.partitionCount
  const { partitions } = topic
  if (partitions.every(exists)) return { known: { name, topicId, partitions }, refused: undefined }
  const unknown = byId && !found ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return {
    known: { name, topicId, partitions: partitions.filter(exists) },
    refused: {
      name,
      topicId,
      partitions: partitions
        .filter((partition) => !exists(partition))
        .map(({ partitionIndex }) => ({ partitionIndex, errorCode: unknown })),
    },
  }
}
