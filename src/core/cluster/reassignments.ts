/**
 * AlterPartitionReassignments and ListPartitionReassignments (behaviours A-8).
 *
 * While it runs, a partition has the replicas that it shall have and those that it shall lose.
 * It completes with the ISR change after which all that join are in sync (partition-change.ts).
 */
import { errors } from '../../../protocol/errors.ts'
import type { AlterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import type { ListPartitionReassignments } from '../../../protocol/messages/list-partition-reassignments.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { type Fault, fault, fine, isFault } from './fault.ts'
import type { ClusterImage, PartitionImage } from './image.ts'
import { changePartition, electorate } from './partition-change.ts'
import { assignmentFault } from './replica-assignment.ts'

export function alterReassignments(
  image: ClusterImage,
  request: RequestOf<typeof AlterPartitionReassignments>,
): Decision<ResponseOf<typeof AlterPartitionReassignments>, PartitionImage> {
  const { allowReplicationFactorChange } = request
  const records: PartitionImage[] = []
  const done = new Set<string>()
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => {
      const before = image.topic(name)?.partitions[partitionIndex]
      const key = `${name}/${partitionIndex}`
      const changed = done.has(key)
        ? fault(errors.INVALID_REQUEST, 'Duplicate partition.')
        : before === undefined
          ? unknown(image, name, partitionIndex)
          : replicas === null
            ? cancel(image, before)
            : reassign(image, before, replicas, allowReplicationFactorChange)
      done.add(key)
      if (isFault(changed)) return { partitionIndex, ...changed }
      if (changed !== before) records.push(changed)
      return { partitionIndex, ...fine }
    }),
  }))
  return {
    records,
    reply: { allowReplicationFactorChange, errorCode: 0, errorMessage: null, responses },
  }
}

function unknown(image: ClusterImage, name: string, partition: number): Fault {
  return fault(
    errors.UNKNOWN_TOPIC_OR_PARTITION,
    image.topic(name) === undefined
      ? `Unable to find a topic named ${name}.`
      : `Unable to find partition ${name}:${partition}.`,
  )
}

/** What the partition had before a reassignment began, in its order of preference. */
function originalReplicas({ replicas, addingReplicas }: PartitionImage): number[] {
  return replicas.filter((id) => !addingReplicas.includes(id))
}

function cancel(image: ClusterImage, before: PartitionImage): Fault | PartitionImage {
  if (before.addingReplicas.length === 0 && before.removingReplicas.length === 0)
    return fault(errors.NO_REASSIGNMENT_IN_PROGRESS, null)
  const replicas = originalReplicas(before)
  const isr = before.isr.filter((id) => replicas.includes(id))
  if (isr.length === 0 && !before.elr.some((id) => replicas.includes(id)))
    return fault(
      errors.INVALID_REPLICA_ASSIGNMENT,
      `None of the original replicas [${replicas}] is in sync: cancelling would lose the partition.`,
    )
  const target = { replicas, isr, addingReplicas: [], removingReplicas: [] }
  return changePartition(before, target, electorate(image, before)) ?? before
}

function reassign(
  image: ClusterImage,
  before: PartitionImage,
  wanted: readonly number[],
  allowReplicationFactorChange: boolean,
): Fault | PartitionImage {
  const wrong = assignmentFault(image, wanted)
  if (wrong !== undefined) return wrong
  const original = originalReplicas(before)
  if (!allowReplicationFactorChange && wanted.length !== original.length)
    return fault(
      errors.INVALID_REPLICATION_FACTOR,
      `The replication factor is changed from ${original.length} to ${wanted.length}`,
    )
  const removingReplicas = original.filter((id) => !wanted.includes(id))
  const addingReplicas = wanted.filter((id) => !original.includes(id))
  const replicas = [...wanted, ...removingReplicas]
  // Members of an earlier reassignment that are wanted no more leave at once.
  const isr = before.isr.filter((id) => replicas.includes(id))
  if (isr.length === 0 && !before.elr.some((id) => replicas.includes(id)))
    return fault(
      errors.INVALID_REPLICA_ASSIGNMENT,
      `None of the replicas [${replicas}] is in sync: the partition would be lost.`,
    )
  const target = { replicas, isr, addingReplicas, removingReplicas }
  return changePartition(before, target, electorate(image, before)) ?? before
}

/** Reads the image only: any broker may answer it from its copy. */
export function listReassignments(
  image: ClusterImage,
  { topics }: RequestOf<typeof ListPartitionReassignments>,
): ResponseOf<typeof ListPartitionReassignments> {
  const asked =
    topics ??
    [...image.topics()].map((topic) => ({
      name: topic.name,
      partitionIndexes: topic.partitions.map(({ partition }) => partition),
    }))
  const ongoing = asked.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.flatMap((partitionIndex) => {
      const partition = image.topic(name)?.partitions[partitionIndex]
      if (partition === undefined) return []
      const { replicas, addingReplicas, removingReplicas } = partition
      if (addingReplicas.length === 0 && removingReplicas.length === 0) return []
      return [{ partitionIndex, replicas, addingReplicas, removingReplicas }]
    }),
  }))
  return {
    errorCode: 0,
    errorMessage: null,
    topics: ongoing.filter(({ partitions }) => partitions.length > 0),
  }
}
