/** Groups: list, describe, delete, at all their coordinators. */
import { ConsumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import { DeleteGroups } from '../../../protocol/messages/delete-groups.ts'
import { DescribeGroups } from '../../../protocol/messages/describe-groups.ts'
import { ListGroups } from '../../../protocol/messages/list-groups.ts'
import { OffsetDelete } from '../../../protocol/messages/offset-delete.ts'
import type { TopicPartition } from '../assignors.ts'
import { decodeAssignment } from '../classic-membership.ts'
import type { Cluster } from '../cluster.ts'
import { groupBy } from '../group-by.ts'
import { atGroupCoordinator } from '../group-offsets.ts'
import { brokerError, checkError, type KafkaError } from '../kafka-error.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  /** Empty at brokers older than 2.6. */
  readonly state: string
  /** Classic, Consumer, Share, Streams; empty at brokers older than 3.7. */
  readonly type: string
  readonly coordinator: number
}

export async function listGroups(
  cluster: Cluster,
  filter: { states?: readonly string[]; types?: readonly string[] } = {},
): Promise<ListedGroup[]> {
  await cluster.refresh([])
  const lists = await Promise.all(
    [...cluster.metadata.brokers.keys()].map(async (nodeId) => {
      const answer = await cluster.send(nodeId, ListGroups, {
        statesFilter: filter.states ?? [],
        typesFilter: filter.types ?? [],
      })
      checkError(answer.errorCode, `Listing the groups of broker ${nodeId}`)
      return answer.groups.map(({ groupId, protocolType, groupState, groupType }) => ({
        groupId,
        protocolType,
        state: groupState,
        type: groupType,
        coordinator: nodeId,
      }))
    }),
  )
  return lists.flat().sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

export interface DescribedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly host: string
  readonly assigned: readonly TopicPartition[]
  /** KIP-848 only. */
  readonly epoch?: number | undefined
  readonly target?: readonly TopicPartition[] | undefined
}

export interface DescribedGroup {
  readonly groupId: string
  readonly type: 'classic' | 'consumer'
  readonly state: string
  readonly assignor: string
  readonly coordinator: number
  readonly epoch?: number | undefined
  readonly members: readonly DescribedMember[]
}

const groupIdNotFound = 69
const unsupportedVersion = 35

/** A group of either protocol; one that nobody knows is "Dead", as in Kafka's tools. */
export async function describeGroup(cluster: Cluster, groupId: string): Promise<DescribedGroup> {
  await cluster.refresh([])
  return atGroupCoordinator(cluster, groupId, async (nodeId) => {
    const connection = await cluster.connection(nodeId)
    if (connection.version(ConsumerGroupDescribe) !== undefined) {
      const found = await describeConsumerGroup(cluster, nodeId, groupId)
      if (found) return found
    }
    const answer = await cluster.send(nodeId, DescribeGroups, { groups: [groupId] })
    const group = answer.groups[0]!
    if (group.errorCode !== groupIdNotFound)
      checkError(group.errorCode, `Group ${groupId}`, group.errorMessage)
    const isConsumer = group.protocolType === 'consumer' || group.protocolType === ''
    return {
      groupId,
      type: 'classic',
      state: group.groupState || 'Dead',
      assignor: group.protocolData,
      coordinator: nodeId,
      members: group.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        host: member.clientHost,
        assigned: isConsumer ? decodeAssignment(member.memberAssignment) : [],
      })),
    }
  })
}

async function describeConsumerGroup(
  cluster: Cluster,
  nodeId: number,
  groupId: string,
): Promise<DescribedGroup | undefined> {
  const answer = await cluster.send(nodeId, ConsumerGroupDescribe, {
    groupIds: [groupId],
    includeAuthorizedOperations: false,
  })
  const group = answer.groups[0]!
  if (group.errorCode === groupIdNotFound || group.errorCode === unsupportedVersion)
    return undefined
  checkError(group.errorCode, `Group ${groupId}`, group.errorMessage)
  const flat = (assignment: (typeof group.members)[number]['assignment']) =>
    assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
      partitions.map((partition) => ({ topic: topicName, partition })),
    )
  return {
    groupId,
    type: 'consumer',
    state: group.groupState,
    assignor: group.assignorName,
    coordinator: nodeId,
    epoch: group.groupEpoch,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      host: member.clientHost,
      assigned: flat(member.assignment),
      epoch: member.memberEpoch,
      target: flat(member.targetAssignment),
    })),
  }
}

export async function deleteGroups(
  cluster: Cluster,
  groupIds: readonly string[],
): Promise<Outcome[]> {
  await cluster.refresh([])
  return Promise.all(
    groupIds.map((groupId) =>
      atGroupCoordinator(cluster, groupId, async (nodeId) => {
        const answer = await cluster.send(nodeId, DeleteGroups, { groupsNames: [groupId] })
        const error = answer.results[0]?.errorCode ?? 0
        const outcome = outcomeOf(groupId, error, `Deleting group ${groupId}`)
        if (outcome.error?.retriable) throw outcome.error
        return outcome
      }),
    ),
  )
}

export interface DeletedOffset extends TopicPartition {
  readonly error?: KafkaError | undefined
}

export async function deleteOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<DeletedOffset[]> {
  await cluster.refresh([])
  return atGroupCoordinator(cluster, groupId, async (nodeId) => {
    const answer = await cluster.send(nodeId, OffsetDelete, {
      groupId,
      topics: [...groupBy(partitions, ({ topic }) => topic)].map(([name, items]) => ({
        name,
        partitions: items.map(({ partition }) => ({ partitionIndex: partition })),
      })),
    })
    checkError(answer.errorCode, `Deleting offsets of group ${groupId}`)
    return answer.topics.flatMap(({ name, partitions: theirs }) =>
      theirs.map(({ partitionIndex, errorCode }) => {
        const what = `Offset of ${name}-${partitionIndex} in group ${groupId}`
        const error = errorCode === 0 ? undefined : brokerError(errorCode, what)
        return { topic: name, partition: partitionIndex, error }
      }),
    )
  })
}
