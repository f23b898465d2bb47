/**
 * One consumer group of KIP-848. The coordinator assigns: each change of members, subscriptions or
 * topics makes a new group epoch, for which a target assignment is computed, and each member moves
 * to it by itself, giving up first what it shall lose.
 */
import { type Assignment, noPartitions } from './assignment.ts'
import {
  type ConsumerMember,
  isReconciledTo,
  memberStates,
  type OwnedPartitions,
} from './consumer-member.ts'
import { type AssignorName, assignorNames } from './settings.ts'
import { Subscriptions } from './subscriptions.ts'

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

export class ConsumerGroup {
  readonly type = 'consumer'
  readonly groupId: string
  groupEpoch = 1
  metadataHash = 0n
  /** The epoch of the target assignment; -1 when it was deleted. */
  assignmentEpoch = 1
  assignedAtMs = 0
  /** When a target was computed in pieces last, written or not. */
  computedAtMs = 0
  readonly members = new Map<string, ConsumerMember>()
  readonly staticMembers = new Map<string, string>()
  readonly target = new Map<string, Assignment>()
  readonly subscriptions = new Subscriptions()
  /** A record of before Kafka 4.1 that is to be deleted. */
  hasPartitionsRecord = false
  /** A topic that the group reads may have changed since its hash was computed. */
  topicsChanged = true
  /**
   * It was classic until now: what its leader assigned last may be out of date, and whoever joins and
   * reads nothing would leave it at that.
   */
  isUnassigned = false
  /** Topic id to partition to the epoch of the member that holds it, whether to use or to revoke. */
  readonly #holders = new Map<string, Map<number, number>>()
  readonly #assignors = new Map<string, number>()
  readonly #classicProtocols = new Map<string, number>()
  #classicMembers = 0

  constructor(groupId: string) {
    this.groupId = groupId
  }

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  get state(): ConsumerGroupState {
    if (this.isEmpty) return 'Empty'
    if (this.groupEpoch > this.assignmentEpoch) return 'Assigning'
    for (const member of this.members.values())
      if (!isReconciledTo(member, this.assignmentEpoch)) return 'Reconciling'
    return 'Stable'
  }

  get classicMembers(): number {
    return this.#classicMembers
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscriptions.topics.has(topic)
  }

  staticMember(instanceId: string | null): ConsumerMember | undefined {
    const memberId = instanceId === null ? undefined : this.staticMembers.get(instanceId)
    return memberId === undefined ? undefined : this.members.get(memberId)
  }

  targetOf(memberId: string): Assignment {
    return this.target.get(memberId) ?? noPartitions
  }

  /** A static member that comes back inherits the target of the one it replaces. */
  inheritedTarget({ memberId, instanceId }: ConsumerMember): Assignment {
    if (instanceId === null) return this.targetOf(memberId)
    const previous = this.staticMembers.get(instanceId)
    return previous === undefined ? noPartitions : this.targetOf(previous)
  }

  /** -1 when no member holds the partition. */
  holderEpoch(topicId: string, partition: number): number {
    return this.#holders.get(topicId)?.get(partition) ?? -1
  }

  /**
   * The assignor that most members ask for: as they are, or with this change. One that only a Kafka knows,
   * which wrote it into its log, is nobody's choice here.
   */
  preferredAssignor(change?: {
    before: ConsumerMember
    after: ConsumerMember
  }): AssignorName | undefined {
    const votes = new Map(this.#assignors)
    const [from, to] = [change?.before.serverAssignor, change?.after.serverAssignor]
    // Of equals the one that Java's maps give first: they keep these two in this order, and take whoever is
    // asked for by nobody else in front.
    let names = assignorNames.filter((name) => votes.has(name))
    if (from != null && votes.has(from)) count(votes, from, -1)
    names = names.filter((name) => votes.has(name))
    count(votes, to, 1)
    const added = assignorNames.filter((name) => votes.has(name) && !names.includes(name))
    let best: AssignorName | undefined
    for (const name of [...added, ...names])
      if (best === undefined || votes.get(name)! > votes.get(best)!) best = name
    return best
  }

  set(member: ConsumerMember): void {
    const before = this.members.get(member.memberId)
    this.members.set(member.memberId, member)
    this.#change(before, member)
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.memberId)
  }

  delete(memberId: string): void {
    const before = this.members.get(memberId)
    if (!before) return
    this.members.delete(memberId)
    this.#change(before, undefined)
    if (before.instanceId !== null && this.staticMembers.get(before.instanceId) === memberId)
      this.staticMembers.delete(before.instanceId)
  }

  supportsClassic(protocols: readonly { readonly name: string }[]): boolean {
    return protocols.some(
      ({ name }) => (this.#classicProtocols.get(name) ?? 0) === this.#classicMembers,
    )
  }

  /** Whether only members with the classic protocol would be left. */
  isClassicWithout(leaving: readonly ConsumerMember[]): boolean {
    const classic = leaving.filter((member) => member.classic !== null).length
    return this.#classicMembers - classic === this.members.size - leaving.length
  }

  /** Whether the member waits for partitions that others still hold. */
  waitsForOthers(member: ConsumerMember): boolean {
    if (member.state !== memberStates.unreleased) return false
    for (const [topicId, partitions] of this.targetOf(member.memberId)) {
      const assigned = member.assigned.get(topicId)
      for (const partition of partitions)
        if (!assigned?.has(partition) && this.holderEpoch(topicId, partition) !== -1) return true
    }
    return false
  }

  #change(before: ConsumerMember | undefined, after: ConsumerMember | undefined): void {
    this.subscriptions.change(before, after)
    count(this.#assignors, before?.serverAssignor, -1)
    count(this.#assignors, after?.serverAssignor, 1)
    for (const { name } of before?.classic?.supportedProtocols ?? [])
      count(this.#classicProtocols, name, -1)
    for (const { name } of after?.classic?.supportedProtocols ?? [])
      count(this.#classicProtocols, name, 1)
    this.#classicMembers += Number(after?.classic != null) - Number(before?.classic != null)
    if (before) {
      this.#release(before.assigned, before.memberEpoch)
      this.#release(before.revoking, before.memberEpoch)
    }
    if (after) {
      this.#hold(after.assigned, after.memberEpoch)
      this.#hold(after.revoking, after.memberEpoch)
    }
  }

  #hold(owned: OwnedPartitions, epoch: number): void {
    for (const [topicId, partitions] of owned) {
      const holders = this.#holders.get(topicId) ?? new Map<number, number>()
      for (const partition of partitions.keys())
        holders.set(partition, Math.max(epoch, holders.get(partition) ?? epoch))
      this.#holders.set(topicId, holders)
    }
  }

  #release(owned: OwnedPartitions, epoch: number): void {
    for (const [topicId, partitions] of owned) {
      const holders = this.#holders.get(topicId)
      if (!holders) continue
      // Held at another epoch: by a member that got it since.
      for (const partition of partitions.keys())
        if (holders.get(partition) === epoch) holders.delete(partition)
      if (holders.size === 0) this.#holders.delete(topicId)
    }
  }
}

function count(counts: Map<string, number>, name: string | null | undefined, by: number): void {
  if (name == null) return
  const next = (counts.get(name) ?? 0) + by
  if (next === 0) counts.delete(name)
  else counts.set(name, next)
}
