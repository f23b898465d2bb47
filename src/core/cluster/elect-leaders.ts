/** ElectLeaders (behaviours A-7), and the balance that gives leaderships back to preferred replicas. */
import { errors } from '../../../protocol/errors.ts'
import type { ElectLeaders } from '../../../protocol/messages/elect-leaders.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { partitionsOf } from './brokers.ts'
import { type Fault, fault, fine, isFault } from './fault.ts'
import type { ClusterImage, PartitionImage } from './image.ts'
import { LogEnds, type LogEndsOf } from './log-ends.ts'
import { changePartition, electorate } from './partition-change.ts'

const preferred = 0
const unclean = 1

export function electLeaders(
  image: ClusterImage,
  { electionType, topicPartitions }: RequestOf<typeof ElectLeaders>,
  logEnds: readonly LogEndsOf[] = [],
): Decision<ResponseOf<typeof ElectLeaders>, PartitionImage> {
  if (electionType !== preferred && electionType !== unclean)
    return {
      records: [],
      reply: { errorCode: errors.INVALID_REQUEST.code, replicaElectionResults: [] },
    }
  const records: PartitionImage[] = []
  const ends = new LogEnds(logEnds)
  const run = (topic: string, partition: number): Fault => {
    const elected = elect(image, topic, partition, electionType, ends)
    if (isFault(elected)) return elected
    records.push(elected)
    return fine
  }
  const all = topicPartitions === null
  const asked =
    topicPartitions ??
    [...image.topics()].map((topic) => ({
      topic: topic.name,
      partitions: topic.partitions.map(({ partition }) => partition),
    }))
  const replicaElectionResults = asked.map(({ topic, partitions }) => ({
    topic,
    partitionResult: [...new Set(partitions)]
      .map((partitionId) => ({ partitionId, ...run(topic, partitionId) }))
      .filter(({ errorCode }) => !(all && errorCode === errors.ELECTION_NOT_NEEDED.code)),
  }))
  return { records, reply: { errorCode: 0, replicaElectionResults } }
}

function elect(
  image: ClusterImage,
  name: string,
  partition: number,
  electionType: number,
  ends: LogEnds,
): Fault | PartitionImage {
  const topic = image.topic(name)
  if (topic === undefined)
    return fault(errors.UNKNOWN_TOPIC_OR_PARTITION, `No such topic as ${name}`)
  const before = topic.partitions[partition]
  if (before === undefined)
    return fault(errors.UNKNOWN_TOPIC_OR_PARTITION, `No such partition as ${name}-${partition}`)
  const needed =
    electionType === preferred ? before.leader !== before.replicas[0] : before.leader === -1
  if (!needed)
    return fault(errors.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.')
  const election = electionType === preferred ? 'preferred' : 'unclean'
  const after = changePartition(before, { election }, electorate(image, before, ends))
  const reached =
    electionType === preferred ? after?.leader === before.replicas[0] : after?.leader !== -1
  if (after !== undefined && reached) return after
  return electionType === preferred
    ? fault(errors.PREFERRED_LEADER_NOT_AVAILABLE, 'The preferred leader was not available.')
    : fault(
        errors.ELIGIBLE_LEADERS_NOT_AVAILABLE,
        'Eligible topic partition leaders are not available.',
      )
}

/** Partitions whose preferred replica is in sync and does not lead; at most `max` of them. */
export function balanceLeaders(image: ClusterImage, max: number): PartitionImage[] {
  const records: PartitionImage[] = []
  for (const before of partitionsOf(image)) {
    if (records.length >= max) break
    if (before.leader === -1 || before.leader === before.replicas[0]) continue
    const after = changePartition(before, { election: 'preferred' }, electorate(image, before))
    if (after !== undefined && after.leader === before.replicas[0]) records.push(after)
  }
  return records
}

/** Whose logs must be asked for before such a request is decided. */
export function uncleanAsked(
  image: ClusterImage,
  { electionType, topicPartitions }: RequestOf<typeof ElectLeaders>,
): PartitionImage[] {
  if (electionType !== unclean) return []
  const asked =
    topicPartitions?.flatMap(({ topic, partitions }) =>
      [...new Set(partitions)].map((partition) => image.topic(topic)?.partitions[partition]),
    ) ?? partitionsOf(image)
  return [...asked].filter((one) => one !== undefined && one.leader === -1) as PartitionImage[]
}

/** Partitions that wait for a leader, and whose topics allow that it lacks something. */
export function* awaitingUnclean(image: ClusterImage): Generator<PartitionImage> {
  for (const topic of image.topics())
    if (image.uncleanLeaderElection(topic.name))
      for (const partition of topic.partitions)
        if (partition.leader === -1 && partition.replicas.some((id) => image.isActive(id)))
          yield partition
}

/** With what was told since they were left without a leader. */
export function electLongest(image: ClusterImage, logEnds: readonly LogEndsOf[]): PartitionImage[] {
  const ends = new LogEnds(logEnds)
  return logEnds.flatMap(({ topicId, partition }) => {
    const before = image.partition(topicId, partition)
    const topic = image.topicById(topicId)
    if (before?.leader !== -1 || !image.uncleanLeaderElection(topic?.name ?? '')) return []
    const voters = electorate(image, before, ends)
    const after = changePartition(before, { election: 'unclean' }, voters)
    return after === undefined || after.leader === -1 ? [] : [after]
  })
}
