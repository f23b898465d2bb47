import type { TopicPartition } from './assignors.ts'

/** What a member of a group tells its owner. Both may wait: nothing goes on until they are done. */
export interface MembershipEvents {
  /** New partitions (all of them under the eager protocol). */
  onAssigned(partitions: readonly TopicPartition[]): Promise<void>
  /** Partitions to give back: the last chance to commit, unless they are `lost` already. */
  onRevoked(partitions: readonly TopicPartition[], lost: boolean): Promise<void>
  /** The membership is over: an error that will not pass. */
  onFailed(error: Error): void
}

export interface MembershipOptions {
  readonly groupId: string
  readonly groupInstanceId?: string | undefined
  readonly sessionTimeoutMs?: number | undefined
  readonly rebalanceTimeoutMs?: number | undefined
  readonly heartbeatIntervalMs?: number | undefined
  /** Names of classic assignors, the preferred first. */
  readonly assignors?: readonly string[] | undefined
  /** Of KIP-848; null lets the group coordinator choose. */
  readonly serverAssignor?: string | null | undefined
  readonly rack?: string | undefined
}

export const membershipDefaults = {
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 300_000,
  heartbeatIntervalMs: 3_000,
  assignors: ['range', 'roundrobin'],
} as const

/** One member of a group, whichever protocol it speaks. */
export interface Membership {
  readonly memberId: string
  /** The generation (classic) or member epoch (KIP-848), for commits; -1 while there is none. */
  readonly generationId: number
  /** Joins, and stays until `leave`. */
  start(): void
  /** Topics may have appeared or grown. */
  topicsChanged(topics: readonly string[]): void
  /** Resolves when the group has told, or refused to tell, which epoch the member has. */
  heard(): Promise<void>
  leave(): Promise<void>
}
