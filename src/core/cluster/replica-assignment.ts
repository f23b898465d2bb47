/** Lists of replicas that people give, and the first state of a partition on such a list. */
import { errors } from '../../../protocol/errors.ts'
import { type Fault, fault } from './fault.ts'
import type { ClusterImage, PartitionImage } from './image.ts'

/** `expected`: the number of replicas that other partitions of the topic have. */
export function assignmentFault(
  image: ClusterImage,
  brokerIds: readonly number[],
  expected?: number,
): Fault | undefined {
  const bad = (message: string) => fault(errors.INVALID_REPLICA_ASSIGNMENT, message)
  if (brokerIds.length === 0)
    return bad('The manual partition assignment includes an empty replica list.')
  const sorted = [...brokerIds].sort((a, b) => a - b)
  for (const [i, brokerId] of sorted.entries()) {
    if (brokerId === sorted[i - 1])
      return bad(`The manual partition assignment includes the broker ${brokerId} more than once.`)
    if (!image.brokers.has(brokerId))
      return bad(
        `The manual partition assignment includes broker ${brokerId}, but no such broker is registered.`,
      )
  }
  if (expected !== undefined && expected !== brokerIds.length)
    return bad(
      `The manual partition assignment includes a partition with ${brokerIds.length} replica(s), but this is not consistent with previous partitions, which have ${expected} replica(s).`,
    )
  return undefined
}

/** In sync: those of the replicas that are active. The first of them leads. */
export function newPartition(
  image: ClusterImage,
  topicId: string,
  partition: number,
  replicas: readonly number[],
): Fault | PartitionImage {
  const isr = replicas.filter((id) => image.isActive(id))
  const leader = isr[0]
  if (leader === undefined)
    return fault(
      errors.INVALID_REPLICA_ASSIGNMENT,
      `All brokers specified in the manual partition assignment for partition ${partition} are fenced or in controlled shutdown.`,
    )
  return {
    kind: 'partition',
    topicId,
    partition,
    replicas: [...replicas],
    isr,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader,
    leaderEpoch: 0,
    leaderBrokerEpoch: image.brokers.get(leader)?.brokerEpoch ?? 0,
    partitionEpoch: 0,
    unclean: false,
    uncleanEpoch: -1,
  }
}
