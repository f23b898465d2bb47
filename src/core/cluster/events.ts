/**
 * What a decision means to people who ask what happened: leases, elections, in-sync replicas.
 *
 * Made from the command and its records before they are applied. Times and durations are added by
 * who keeps the events (`coordinator/timeline.ts`).
 */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { AlterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import { ElectLeaders } from '../../../protocol/messages/elect-leaders.ts'
import type { Command } from './cluster-machine.ts'
import type { ClusterImage, PartitionImage } from './image.ts'

export type ClusterEvent =
  | {
      readonly kind: 'lease'
      readonly brokerId: number
      readonly held: boolean
      readonly cause: string
    }
  | {
      readonly kind: 'election' | 'isr' | 'reassignment'
      readonly before: PartitionImage
      readonly after: PartitionImage
      readonly cause: string
    }

export function eventsOf(
  image: ClusterImage,
  command: Command,
  records: readonly ClusterRecord[],
): ClusterEvent[] {
  const cause = causeOf(command)
  return records.flatMap((record): ClusterEvent[] => {
    if (record.kind === 'broker' || record.kind === 'brokerState') {
      const { brokerId } = record
      const held = (fenced: boolean | undefined) => fenced === false
      const before = held(image.brokers.get(brokerId)?.fenced)
      const after = held(record.fenced)
      return before === after ? [] : [{ kind: 'lease', brokerId, held: after, cause }]
    }
    if (record.kind !== 'partition') return []
    const before = image.partition(record.topicId, record.partition)
    return before === undefined ? [] : partitionEvents(before, record, cause, command)
  })
}

function partitionEvents(
  before: PartitionImage,
  after: PartitionImage,
  cause: string,
  command: Command,
): ClusterEvent[] {
  const events: ClusterEvent[] = []
  const moves = ({ addingReplicas, removingReplicas }: PartitionImage) =>
    addingReplicas.length + removingReplicas.length > 0
  if (before.leader !== after.leader || before.leaderBrokerEpoch !== after.leaderBrokerEpoch)
    events.push({ kind: 'election', before, after, cause })
  if (before.isr.join() !== after.isr.join())
    events.push({ kind: 'isr', before, after, cause: isrCause(before, after, cause, command) })
  if (moves(before) !== moves(after) || before.replicas.join() !== after.replicas.join())
    events.push({ kind: 'reassignment', before, after, cause })
  return events
}

function isrCause(
  before: PartitionImage,
  after: PartitionImage,
  cause: string,
  command: Command,
): string {
  if (command.kind !== 'alterIsr') return cause
  const left = before.isr.filter((id) => !after.isr.includes(id))
  const joined = after.isr.filter((id) => !before.isr.includes(id))
  return [
    ...(joined.length > 0 ? [`${joined} caught up`] : []),
    ...(left.length > 0 ? [`${left} lags or left`] : []),
  ].join(', ')
}

function causeOf(command: Command): string {
  switch (command.kind) {
    case 'register':
      return `broker ${command.broker.brokerId} started anew`
    case 'activate':
      return `broker ${command.brokerId} is ready`
    case 'fence':
      return `broker ${command.brokerId}: ${command.cause ?? 'fenced'}`
    case 'drain':
      return `broker ${command.brokerId} stops`
    case 'cordon':
      return `broker ${command.brokerId} cordons directories`
    case 'relinquish':
      return `broker ${command.brokerId} gave it back`
    case 'alterIsr':
      return `broker ${command.brokerId} asked for it`
    case 'balance':
      return 'preferred leader'
    case 'electLongest':
      return 'unclean election: the longest log'
    case 'kafka':
      if (command.apiKey === ElectLeaders.key) return 'election asked for'
      if (command.apiKey === AlterPartitionReassignments.key) return 'reassignment asked for'
      return 'asked for'
  }
}
