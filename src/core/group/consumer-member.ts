/** A member of a consumer group (KIP-848). Never changed in place. */
import { type Assignment, noPartitions } from './assignment.ts'
import type { ValueOf } from './record.ts'

/** What the member does about its target assignment; the numbers are stored. */
export const memberStates = { stable: 0, unrevoked: 1, unreleased: 2, unknown: 127 } as const
export type MemberState = (typeof memberStates)[keyof typeof memberStates]

/** Topic id to partition to the member epoch at which the partition was given. */
export type OwnedPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>
export type ClassicMetadata = NonNullable<ValueOf<'member'>['classicMemberMetadata']>

export interface ConsumerMember {
  readonly memberId: string
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: MemberState
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly clientId: string
  readonly clientHost: string
  readonly topicNames: ReadonlySet<string>
  /** '' for none. */
  readonly topicRegex: string
  readonly serverAssignor: string | null
  readonly assigned: OwnedPartitions
  /** Taken from the member, which has not confirmed it yet. */
  readonly revoking: OwnedPartitions
  /** Set when the member speaks the classic protocol. */
  readonly classic: ClassicMetadata | null
}

/** Epochs in a heartbeat that say something else. */
export const joinEpoch = 0
export const leaveEpoch = -1
export const staticLeaveEpoch = -2

export const noOwned: OwnedPartitions = new Map()

export const newMember = (memberId: string): ConsumerMember => ({
  memberId,
  memberEpoch: 0,
  previousMemberEpoch: -1,
  state: memberStates.stable,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  clientId: '',
  clientHost: '',
  topicNames: new Set(),
  topicRegex: '',
  serverAssignor: null,
  assigned: noOwned,
  revoking: noOwned,
  classic: null,
})

export const isReconciledTo = ({ state, memberEpoch }: ConsumerMember, epoch: number) =>
  state === memberStates.stable && memberEpoch === epoch

export function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const name of a) if (!b.has(name)) return false
  return true
}

export function sameOwned(a: OwnedPartitions, b: OwnedPartitions): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others === partitions) continue
    if (others?.size !== partitions.size) return false
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false
  }
  return true
}

/** The member's own description of itself is the same. */
export function sameSubscription(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.memberId === b.memberId &&
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    sameNames(a.topicNames, b.topicNames) &&
    a.topicRegex === b.topicRegex &&
    a.serverAssignor === b.serverAssignor &&
    sameClassic(a.classic, b.classic)
  )
}

function sameClassic(a: ClassicMetadata | null, b: ClassicMetadata | null): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  return (
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.supportedProtocols.length === b.supportedProtocols.length &&
    a.supportedProtocols.every(
      ({ name, metadata }, i) =>
        name === b.supportedProtocols[i]!.name &&
        metadata.equals(b.supportedProtocols[i]!.metadata),
    )
  )
}

/** Where the member stands with its partitions is the same. */
export function sameProgress(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.memberEpoch === b.memberEpoch &&
    a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state &&
    sameOwned(a.assigned, b.assigned) &&
    sameOwned(a.revoking, b.revoking)
  )
}

export function withEpoch(assignment: Assignment, epoch: number): OwnedPartitions {
  return new Map(
    [...assignment].map(([topicId, partitions]) => [
      topicId,
      new Map(partitions.map((partition) => [partition, epoch])),
    ]),
  )
}

export function withoutEpochs(owned: OwnedPartitions): Assignment {
  if (owned.size === 0) return noPartitions
  return new Map(
    [...owned].map(([topicId, partitions]) => [
      topicId,
      [...partitions.keys()].sort((a, b) => a - b),
    ]),
  )
}
