/** Clients of both protocols in one group, as far as partitions go. */
import { Writer } from '../../../protocol/bytes.ts'
import { ConsumerProtocolSubscription } from '../../../protocol/stored/consumer-protocol.ts'
import type { Assignment } from '../../../src/core/group/assignment.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
} from '../../../src/core/group/consumer-protocol.ts'
import type { Conversation } from './conversation.ts'

/** What a member reads: names of topics, or a regular expression (of the new protocol alone). */
export interface Reads {
  readonly names: readonly string[]
  readonly regex: string | null
}

export interface Client {
  /** What it thinks that it may read from: topic/partition. */
  readonly owned: ReadonlySet<string>
  readonly reads: Reads
  heardMs: number
  /** A heartbeat, and all that follows from its answer. */
  live(): void
  /** Answers that waited. */
  hear(): boolean
  /** Goes for good; or, as a static member, to come back. */
  leave(): void
  readAnew(reads: Reads): void
  /** The answer to its next request is lost. */
  lose(): void
  /** Commits an offset of a partition as what it believes to be; whether that was taken. */
  commit(key: string, offset: number): boolean
}

function commitAs(
  talk: Conversation,
  who: { memberId: string; groupInstanceId: string | null; generationIdOrMemberEpoch: number },
  key: string,
  committedOffset: number,
): boolean {
  const [name, partition] = key.split('/') as [string, string]
  const topicId = talk.topics.byName(name)?.topicId
  if (topicId === undefined) return false
  const rest = { committedLeaderEpoch: -1, committedMetadata: null }
  const partitions = [{ partitionIndex: Number(partition), committedOffset, ...rest }]
  const topics = [{ name, topicId, partitions }]
  const answer: any = talk.ask('commit', { groupId: 'g', ...who, retentionTimeMs: -1, topics })
  return answer.refused === undefined
}

function byTopicOf(owned: ReadonlySet<string>): Map<string, number[]> {
  const byTopic = new Map<string, number[]>()
  for (const key of owned) {
    const [name, partition] = key.split('/') as [string, string]
    byTopic.set(name, [...(byTopic.get(name) ?? []), Number(partition)])
  }
  return byTopic
}

export class NewClient implements Client {
  owned = new Set<string>()
  heardMs = 0
  reads: Reads
  readonly #talk: Conversation
  readonly #memberId: string
  readonly #instanceId: string | null
  #epoch = 0
  #tellsAll = true

  constructor(talk: Conversation, memberId: string, instanceId: string | null, reads: Reads) {
    this.#talk = talk
    this.#memberId = memberId
    this.#instanceId = instanceId
    this.reads = reads
  }

  live(): void {
    const answer = this.#beat(this.#epoch)
    this.heardMs = this.#talk.nowMs
    this.#tellsAll = false
    if (answer.refused !== undefined) {
      // 111: the one before it with its instance id has not gone yet.
      if (![25, 69, 82, 110, 111].includes(answer.refused)) throw new Error(`${answer.refused}`)
      this.#epoch = 0
      this.#tellsAll = true
      this.owned = new Set()
      return
    }
    this.#epoch = answer.memberEpoch
    if (!answer.assignment) return
    const { topics } = this.#talk
    this.owned = new Set(
      answer.assignment.topicPartitions.flatMap(({ topicId, partitions }: any) =>
        partitions.map((partition: number) => `${topics.byId(topicId)?.name}/${partition}`),
      ),
    )
  }

  hear = () => false

  lose(): void {
    this.#beat(this.#epoch)
    this.#tellsAll = true
  }

  readAnew(reads: Reads): void {
    this.reads = reads
    this.#tellsAll = true
  }

  commit(key: string, offset: number): boolean {
    const [memberId, groupInstanceId] = [this.#memberId, this.#instanceId]
    const who = { memberId, groupInstanceId, generationIdOrMemberEpoch: this.#epoch }
    return commitAs(this.#talk, who, key, offset)
  }

  leave(): void {
    this.#beat(this.#instanceId === null ? -1 : -2)
    this.owned = new Set()
  }

  #beat(memberEpoch: number): any {
    const all = memberEpoch === 0 || (this.#tellsAll && memberEpoch > 0)
    const byTopic = byTopicOf(this.owned)
    return this.#talk.ask('consumerHeartbeat', {
      groupId: 'g',
      memberId: this.#memberId,
      memberEpoch,
      instanceId: this.#instanceId,
      rackId: null,
      rebalanceTimeoutMs: all ? 60_000 : -1,
      subscribedTopicNames: all ? [...this.reads.names] : null,
      subscribedTopicRegex: all ? (this.reads.regex ?? '') : null,
      serverAssignor: null,
      topicPartitions: [...byTopic].flatMap(([name, partitions]) => {
        const topicId = this.#talk.topics.byName(name)?.topicId
        return topicId === undefined ? [] : [{ topicId, partitions }]
      }),
    })
  }
}

export class ClassicClient implements Client {
  owned = new Set<string>()
  heardMs = 0
  reads: Reads
  readonly #talk: Conversation
  readonly #instanceId: string | null
  /** Keeps what it has while it joins again (KIP-429). */
  readonly #isCooperative: boolean
  #memberId = ''
  #generationId = -1
  /** What it reads changed while it waited. */
  #hasToJoin = false
  #waits: { kind: 'join' | 'sync'; requestId: number } | undefined

  constructor(talk: Conversation, isCooperative: boolean, instanceId: string | null, reads: Reads) {
    this.#talk = talk
    this.#isCooperative = isCooperative
    this.#instanceId = instanceId
    this.reads = reads
  }

  live(): void {
    this.heardMs = this.#talk.nowMs
    if (this.#waits) return
    if (this.#generationId === -1) {
      this.#join()
      return
    }
    const answer: any = this.#talk.ask('heartbeat', this.#asMember())
    if (answer.refused !== undefined) this.#forget(answer.refused)
    else if (answer.errorCode === 27) this.#join()
  }

  /** What it waits for never comes: it asks again. */
  lose(): void {
    if (this.#waits) this.#forget(0)
    else if (this.#generationId !== -1) this.#talk.ask('heartbeat', this.#asMember())
  }

  readAnew(reads: Reads): void {
    this.reads = reads
    if (this.#waits) this.#hasToJoin = true
    else this.#join()
  }

  leave(): void {
    if (this.#instanceId !== null || this.#memberId === '') return
    const members = [{ memberId: this.#memberId, groupInstanceId: null, reason: null }]
    this.#talk.ask('leave', { groupId: 'g', memberId: '', members })
  }

  commit(key: string, offset: number): boolean {
    const { generationId, ...who } = this.#asMember()
    return commitAs(this.#talk, { ...who, generationIdOrMemberEpoch: generationId }, key, offset)
  }

  hear(): boolean {
    const answer = this.#waits && this.#talk.answer(this.#waits.requestId)
    if (!answer) return false
    const { kind } = this.#waits!
    this.#waits = undefined
    if (answer.refused !== undefined || answer.errorCode !== 0) {
      this.#forget(answer.refused ?? answer.errorCode, answer.memberId)
    } else if (kind === 'join') this.#joined(answer)
    else this.#assigned(answer.assignment)
    return true
  }

  #asMember() {
    const memberId = this.#memberId
    const generationId = this.#generationId
    return { groupId: 'g', generationId, memberId, groupInstanceId: this.#instanceId }
  }

  #join(): void {
    this.#hasToJoin = false
    if (!this.#isCooperative) this.owned = new Set()
    const byTopic = byTopicOf(this.owned)
    const metadata = new Writer()
    metadata.int16(1)
    ConsumerProtocolSubscription.codec(1).write(metadata, {
      topics: [...this.reads.names],
      ownedPartitions: [...byTopic].map(([topic, partitions]) => ({ topic, partitions })),
    })
    const requestId = this.#talk.send('join', {
      groupId: 'g',
      sessionTimeoutMs: 20_000,
      rebalanceTimeoutMs: 20_000,
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: metadata.finish() }],
      reason: null,
    })
    this.#waits = { kind: 'join', requestId }
  }

  #joined(answer: any): void {
    this.#memberId = answer.memberId
    this.#generationId = answer.generationId
    const members = answer.skipAssignment ? [] : answer.members
    const requestId = this.#talk.send('sync', {
      ...this.#asMember(),
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: members.length > 0 ? this.#assign(members) : [],
    })
    this.#waits = { kind: 'sync', requestId }
  }

  /** As a leader: each partition to one of those that read it, but not while another has it. */
  #assign(members: readonly any[]) {
    const readers = members.map(({ memberId, metadata }) => ({
      memberId: memberId as string,
      metadata: metadata as Buffer,
      ...decodeSubscription(metadata),
      given: new Map<string, number[]>(),
    }))
    for (const { name, topicId, partitionCount } of this.#talk.topics.list) {
      const ofTopic = readers.filter(({ topics }) => topics.includes(name))
      for (let partition = 0; partition < partitionCount && ofTopic.length > 0; partition++) {
        const chosen = ofTopic[partition % ofTopic.length]!
        const isTaken = readers.some(
          (other) =>
            other !== chosen &&
            other.ownedPartitions.some(
              (owned) => owned.topic === name && owned.partitions.includes(partition),
            ),
        )
        if (isTaken) continue
        chosen.given.set(topicId, [...(chosen.given.get(topicId) ?? []), partition])
      }
    }
    return readers.map(({ memberId, metadata, given }) => ({
      memberId,
      assignment: encodeAssignment(given as Assignment, metadata, this.#talk.topics),
    }))
  }

  #assigned(assignment: Buffer): void {
    const had = this.owned
    const given = assignment.length > 0 ? decodeAssignment(assignment).assignedPartitions : []
    this.owned = new Set(
      given.flatMap(({ topic, partitions }) => partitions.map((each) => `${topic}/${each}`)),
    )
    // What it has lost others may have once it has said so.
    if (this.#hasToJoin || [...had].some((key) => !this.owned.has(key))) this.#join()
  }

  #forget(errorCode: number, givenId?: string): void {
    this.#generationId = -1
    this.#waits = undefined
    // A rebalance alone takes nothing away.
    if (errorCode !== 27 || !this.#isCooperative) this.owned = new Set()
    if (errorCode === 79) this.#memberId = givenId!
    else if (errorCode === 25 || errorCode === 82) this.#memberId = ''
  }
}
