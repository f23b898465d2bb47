/** DeleteTopics (behaviours A-4): by name, or by id from version 6 on. */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { repeated } from '../repeated.ts'
import { type Fault, fault, fine, isFault } from './fault.ts'
import type { ClusterImage, TopicImage } from './image.ts'

const zeroUuid = 'A'.repeat(22)

type Asked = { readonly name: string | null; readonly topicId: string }

export function deleteTopics(
  image: ClusterImage,
  request: RequestOf<typeof DeleteTopics>,
  apiVersion: number,
): Decision<ResponseOf<typeof DeleteTopics>, ClusterRecord> {
  const asked: readonly Asked[] =
    apiVersion >= 6
      ? request.topics
      : request.topicNames.map((name) => ({ name, topicId: zeroUuid }))
  const records: ClusterRecord[] = []
  const keyOf = ({ name, topicId }: Asked) => `${name}/${topicId}`
  const twice = repeated(asked.map(keyOf))
  const answered = new Set<string>()
  const responses = asked.flatMap((item) => {
    const { name, topicId } = item
    const key = keyOf(item)
    if (answered.has(key)) return []
    answered.add(key)
    const found = twice.has(key)
      ? fault(errors.INVALID_REQUEST, `Duplicate topic ${name === null ? 'id' : 'name'}.`)
      : find(image, item, apiVersion)
    if (isFault(found)) return [{ name, topicId, ...found }]
    records.push({ kind: 'removeTopic', topicId: found.topicId })
    return [{ name: found.name, topicId: found.topicId, ...fine }]
  })
  return { records, reply: { responses } }
}

function find(
  image: ClusterImage,
  { name, topicId }: Asked,
  apiVersion: number,
): Fault | TopicImage {
  if (image.staticConfigs.get('delete.topic.enable') === 'false')
    return fault(apiVersion >= 3 ? errors.TOPIC_DELETION_DISABLED : errors.INVALID_REQUEST, null)
  if (name === null && topicId === zeroUuid)
    return fault(errors.INVALID_REQUEST, 'Neither topic name nor id were specified.')
  if (name !== null && topicId !== zeroUuid)
    return fault(errors.INVALID_REQUEST, 'You may not specify both topic name and topic id.')
  if (name === null)
    return (
      image.topicById(topicId) ??
      fault(errors.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.')
    )
  return (
    image.topic(name) ??
    fault(errors.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.')
  )
}
