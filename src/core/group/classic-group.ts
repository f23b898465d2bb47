/**
 * One group of the classic protocol: members join, the leader among them assigns, all sync.
 *
 * Of this only what a sync wrote survives a restart: generation, protocol, leader and the members
 * with subscription and assignment. Who waits for an answer and whose session ends when is volatile.
 */

import { ErrorCode } from '../../../protocol/errors.ts'
import type { JoinGroup } from '../../../protocol/messages/join-group.ts'
import type { ResponseOf } from '../../../protocol/schema.ts'
import { subscribedTopics } from './consumer-protocol.ts'
import { hashMapOrder, javaStringHash } from './java-hash-order.ts'
import type { GroupRecord } from './record.ts'
import { Refusal } from './refusal.ts'

export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'
export type JoinedMember = NonNullable<ResponseOf<typeof JoinGroup>['members']>[number]

export interface ClassicProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface ClassicMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  protocols: readonly ClassicProtocol[]
  assignment: Buffer
  /** Not yet part of a generation: its session can end while it waits for the first one. */
  isNew: boolean
  /** The request of each kind that waits for its answer. */
  waitingJoin: number | undefined
  waitingSync: number | undefined
}

export const emptyAssignment = Buffer.alloc(0)
/** The protocol type of consumers: the coordinator reads their subscriptions to expire offsets. */
export const consumerProtocolType = 'consumer'

export class ClassicGroup {
  readonly type = 'classic'
  readonly groupId: string
  generationId = 0
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  /** -1: not known. */
  stateSinceMs: number
  readonly members = new Map<string, ClassicMember>()
  /** Invariant: instance id to the id of a member that has it. */
  readonly staticMembers = new Map<string, string>()
  /** Ids that were given out with MEMBER_ID_REQUIRED and have not joined yet. */
  readonly pendingJoins = new Set<string>()
  /** Members of this generation that have not synced yet. */
  readonly pendingSyncs = new Set<string>()
  /** A member came while the first rebalance waited for more. */
  newMemberAdded = false
  /** `null`: not known, the group is not of consumers or their subscriptions cannot be read. */
  subscribed: ReadonlySet<string> | null = null
  #state: ClassicState = 'Empty'
  #previousState: ClassicState = 'Empty'
  #waitingJoins = 0
  #metadataBytes = 0
  /** How many members support each protocol. */
  readonly #supported = new Map<string, number>()

  constructor(groupId: string, nowMs: number) {
    this.groupId = groupId
    this.stateSinceMs = nowMs
  }

  get state(): ClassicState {
    return this.#state
  }

  get previousState(): ClassicState {
    return this.#previousState
  }

  get waitingJoins(): number {
    return this.#waitingJoins
  }

  /** Of all protocols of all members. */
  get metadataBytes(): number {
    return this.#metadataBytes
  }

  get isEmpty(): boolean {
    return this.#state === 'Empty'
  }

  /** Only offsets are here: nobody ever joined. */
  get isSimple(): boolean {
    return this.protocolType === null && this.isEmpty && this.pendingJoins.size === 0
  }

  get ofConsumers(): boolean {
    return this.protocolType === consumerProtocolType
  }

  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.members.values())
      longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  get allJoined(): boolean {
    return this.members.size === this.#waitingJoins && this.pendingJoins.size === 0
  }

  moveTo(state: ClassicState, nowMs: number): void {
    this.#previousState = this.#state
    this.#state = state
    this.stateSinceMs = nowMs
  }

  /** As it was read from the log. */
  restore(state: 'Empty' | 'Stable', stateSinceMs: number): void {
    this.#state = state
    this.stateSinceMs = stateSinceMs
    this.subscribed = subscribedTopics(this)
  }

  /** What the leader assigned is written. */
  becomeStable(): void {
    this.#previousState = this.#state
    this.#state = 'Stable'
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribed === null ? this.ofConsumers : this.subscribed.has(topic)
  }

  add(member: ClassicMember): void {
    if (member.groupInstanceId !== null)
      this.staticMembers.set(member.groupInstanceId, member.memberId)
    this.leaderId ??= member.memberId
    this.members.set(member.memberId, member)
    this.#count(member.protocols, 1)
    if (member.waitingJoin !== undefined) this.#waitingJoins++
    this.pendingJoins.delete(member.memberId)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (member) {
      this.members.delete(memberId)
      this.#count(member.protocols, -1)
      if (member.waitingJoin !== undefined) this.#waitingJoins--
      if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId)
    }
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null
    this.pendingJoins.delete(memberId)
    this.pendingSyncs.delete(memberId)
  }

  /** A static member came back under another id: it takes the place of the old one. */
  replace(oldMemberId: string, newMemberId: string): ClassicMember {
    const old = this.members.get(oldMemberId)!
    const member: ClassicMember = {
      ...old,
      memberId: newMemberId,
      isNew: false,
      waitingJoin: undefined,
      waitingSync: undefined,
    }
    if (old.waitingJoin !== undefined) this.#waitingJoins--
    this.members.delete(oldMemberId)
    this.members.set(newMemberId, member)
    if (this.leaderId === oldMemberId) this.leaderId = newMemberId
    this.staticMembers.set(old.groupInstanceId!, newMemberId)
    return member
  }

  update(
    member: ClassicMember,
    protocols: readonly ClassicProtocol[],
    rebalanceTimeoutMs: number,
    sessionTimeoutMs: number,
    waitingJoin: number,
  ): void {
    this.#count(member.protocols, -1)
    member.protocols = protocols
    this.#count(protocols, 1)
    member.rebalanceTimeoutMs = rebalanceTimeoutMs
    member.sessionTimeoutMs = sessionTimeoutMs
    if (member.waitingJoin === undefined) this.#waitingJoins++
    member.waitingJoin = waitingJoin
  }

  setProtocols(member: ClassicMember, protocols: readonly ClassicProtocol[]): void {
    this.#count(member.protocols, -1)
    member.protocols = protocols
    this.#count(protocols, 1)
  }

  /** The join that waits, if one does; it no longer waits. */
  takeJoin(member: ClassicMember): number | undefined {
    const requestId = member.waitingJoin
    if (requestId !== undefined) this.#waitingJoins--
    member.waitingJoin = undefined
    return requestId
  }

  supports(protocolType: string, protocols: readonly { readonly name: string }[]): boolean {
    if (this.isEmpty) return protocolType !== '' && protocols.length > 0
    return (
      protocolType === this.protocolType &&
      protocols.some(({ name }) => this.#supported.get(name) === this.members.size)
    )
  }

  /** Each member votes for the first of its protocols that all support; most votes win. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => this.#supported.get(name) === this.members.size)
      if (choice) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
    }
    // Of equals the one that Java's HashMap gives first.
    const names = hashMapOrder([...votes.keys()], javaStringHash)
    return names.reduce((best, name) => (votes.get(name)! > votes.get(best)! ? name : best))
  }

  /** Another leader when the present one did not join again. False when nobody joined. */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false
    if (this.members.get(this.leaderId)!.waitingJoin !== undefined) return true
    for (const member of this.members.values()) {
      if (member.waitingJoin === undefined) continue
      this.leaderId = member.memberId
      return true
    }
    return false
  }

  startGeneration(nowMs: number): void {
    this.generationId = (this.generationId + 1) | 0
    this.protocolName = this.members.size > 0 ? this.selectProtocol() : null
    this.subscribed = subscribedTopics(this)
    this.moveTo(this.members.size > 0 ? 'CompletingRebalance' : 'Empty', nowMs)
    this.pendingSyncs.clear()
    for (const memberId of this.members.keys()) this.pendingSyncs.add(memberId)
  }

  /** What the leader gets to assign from. */
  joinedMembers(): JoinedMember[] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: this.metadataOf(member),
    }))
  }

  metadataOf(member: ClassicMember): Buffer {
    return (
      member.protocols.find(({ name }) => name === this.protocolName)?.metadata ?? emptyAssignment
    )
  }

  /** @throws Refusal 25 or 82 when the request does not come from a member */
  requireMember(memberId: string, groupInstanceId: string | null): ClassicMember {
    if (groupInstanceId !== null) {
      const owner = this.staticMembers.get(groupInstanceId)
      if (owner === undefined)
        throw new Refusal(
          ErrorCode.UNKNOWN_MEMBER_ID,
          `Group ${this.groupId} has no member with the instance id ${groupInstanceId}`,
        )
      if (owner !== memberId)
        throw new Refusal(
          ErrorCode.FENCED_INSTANCE_ID,
          `Instance id ${groupInstanceId} of group ${this.groupId} belongs to member ${owner}, not ${memberId}`,
        )
    }
    const member = this.members.get(memberId)
    if (!member)
      throw new Refusal(
        ErrorCode.UNKNOWN_MEMBER_ID,
        `Group ${this.groupId} has no member ${memberId}`,
      )
    return member
  }

  record(assignmentOf: (member: ClassicMember) => Buffer): GroupRecord {
    return {
      kind: 'classicGroup',
      key: { group: this.groupId },
      value: {
        protocolType: this.protocolType ?? '',
        generation: this.generationId,
        protocol: this.protocolName,
        leader: this.leaderId,
        currentStateTimestamp: this.stateSinceMs,
        members: [...this.members.values()].map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          rebalanceTimeout: member.rebalanceTimeoutMs,
          sessionTimeout: member.sessionTimeoutMs,
          subscription: this.metadataOf(member),
          assignment: assignmentOf(member),
        })),
      },
    }
  }

  #count(protocols: readonly ClassicProtocol[], by: number): void {
    for (const { name, metadata } of protocols) {
      this.#supported.set(name, (this.#supported.get(name) ?? 0) + by)
      this.#metadataBytes += by * metadata.length
    }
  }
}
