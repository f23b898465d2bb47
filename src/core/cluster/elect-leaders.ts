/** ElectLeaders (behaviours A-7), and the balance that gives leaderships back to preferred replicas. */
import { errors } from '../../../protocol/errors.ts'
import type { ElectLeaders } from '../../../protocol/messages/elect-leaders.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { partitionsOf } from './brokers.ts'
import { type Fault, fault, fine, isFault } from './fault.ts'
import type { ClusterImage, PartitionImage } from './image.ts'
import { changePartition, electorate } from './partition-change.ts'

const preferred = 0
const unclean = 1

export function electLeaders(
  image: ClusterImage,
  { electionType, topicPartitions }: RequestOf<typeof ElectLeaders>,
): Decision<ResponseOf<typeof ElectLeaders>, PartitionImage> {
  if (electionType !== preferred && electionType !== unclean)
    return {
      records: [],
      reply: { errorCode: errors.INVALID_REQUEST.code, replicaElectionResults: [] },
    }
  const records: PartitionImage[] = []
  const run = (topic: string, partition: number): Fault => {
    const elected = elect(image, topic, partition, electionType)
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
  const after = changePartition(before, { election }, electorate(image, before))
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

/** Partitions without a leader whose topics may take any replica by now; at most `max` of them. */
export function electUnclean(image: ClusterImage, max: number): PartitionImage[] {
  const records: PartitionImage[] = []
  for (const topic of image.topics())
    for (const before of topic.partitions) {
      if (records.length >= max) return records
      if (before.leader !== -1 || !image.uncleanLeaderElection(topic.name)) continue
      const after = changePartition(before, { election: 'unclean' }, electorate(image, before))
      if (after !== undefined && after.leader !== -1) records.push(after)
    }
  return records
}
