/** CreatePartitions (behaviours A-5): a topic grows; it never shrinks. */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { repeated } from '../repeated.ts'
import { partitionsPerRequestMax, place } from './create-topics.ts'
import { type Fault, fault, fine, isFault } from './fault.ts'
import type { ClusterImage, PartitionImage } from './image.ts'
import { assignmentFault, newPartition } from './replica-assignment.ts'

type Request = RequestOf<typeof CreatePartitions>
type Asked = Request['topics'][number]

export function createPartitions(
  image: ClusterImage,
  request: Request,
  draw: number,
): Decision<ResponseOf<typeof CreatePartitions>, ClusterRecord> {
  const records: ClusterRecord[] = []
  const twice = repeated(request.topics.map(({ name }) => name))
  const done = new Set<string>()
  const excessive = partitionsAsked(image, request) > partitionsPerRequestMax
  const results = request.topics.flatMap((asked) => {
    const { name } = asked
    if (done.has(name)) return []
    done.add(name)
    const grown = twice.has(name)
      ? fault(errors.INVALID_REQUEST, 'Duplicate topic name.')
      : excessive
        ? fault(errors.POLICY_VIOLATION, 'Excessively large number of partitions per request.')
        : grow(image, asked, draw)
    if (isFault(grown)) return [{ name, ...grown }]
    if (!request.validateOnly) records.push(...grown)
    return [{ name, ...fine }]
  })
  return { records, reply: { results } }
}

/** How many a request would make of all its topics: the limit is on them together, as it is for new topics. */
export function partitionsAsked(image: ClusterImage, { topics }: Request): number {
  return topics.reduce((sum, { name, count }) => {
    const current = image.topic(name)?.partitions.length
    return current === undefined ? sum : sum + Math.max(0, count - current)
  }, 0)
}

function grow(
  image: ClusterImage,
  { name, count, assignments }: Asked,
  draw: number,
): Fault | PartitionImage[] {
  const topic = image.topic(name)
  if (topic === undefined) return fault(errors.UNKNOWN_TOPIC_OR_PARTITION, null)
  const current = topic.partitions.length
  const bad = (message: string) => fault(errors.INVALID_PARTITIONS, message)
  if (count === current) return bad(`Topic already has ${current} partition(s).`)
  if (count < current)
    return bad(
      `The topic ${name} currently has ${current} partition(s); ${count} would not be an increase.`,
    )
  const additional = count - current
  const factor = topic.partitions[0]?.replicas.length ?? 1
  const replicas =
    assignments === null
      ? place(image, additional, factor, draw, current)
      : assigned(image, assignments, additional, factor)
  if (isFault(replicas)) return replicas
  const created: PartitionImage[] = []
  for (const [i, ids] of replicas.entries()) {
    const partition = newPartition(image, topic.topicId, current + i, ids)
    if (isFault(partition)) return partition
    created.push(partition)
  }
  return created
}

function assigned(
  image: ClusterImage,
  assignments: NonNullable<Asked['assignments']>,
  additional: number,
  factor: number,
): Fault | number[][] {
  if (assignments.length !== additional)
    return fault(
      errors.INVALID_REPLICA_ASSIGNMENT,
      `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    )
  const replicas: number[][] = []
  for (const { brokerIds } of assignments) {
    const wrong = assignmentFault(image, brokerIds, factor)
    if (wrong !== undefined) return wrong
    replicas.push(brokerIds)
  }
  return replicas
}
