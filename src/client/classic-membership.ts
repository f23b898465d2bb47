/**
 * Membership by the classic protocol: join, one member assigns, all sync, then heartbeats until
 * the next rebalance. Eager: everything is given back before joining again. Cooperative (KIP-429),
 * when every assignor of the member is: it keeps what it has, gives back what moves, joins again.
 */

import { Reader, Writer } from '../../protocol/bytes.ts'
import { Heartbeat } from '../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../protocol/messages/leave-group.ts'
import { SyncGroup } from '../../protocol/messages/sync-group.ts'
import type { IncomingResponseOf } from '../../protocol/schema.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../protocol/stored/consumer-protocol.ts'
import {
  assignors,
  type GroupMemberTopics,
  isCooperative,
  type TopicPartition,
} from './assignors.ts'
import { sleep } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import { groupBy } from './group-by.ts'
import { atGroupCoordinator } from './group-offsets.ts'
import { brokerError, isRetriable, KafkaError } from './kafka-error.ts'
import {
  type Membership,
  type MembershipEvents,
  type MembershipOptions,
  membershipDefaults,
} from './membership.ts'

const illegalGeneration = 22
const unknownMemberId = 25
const rebalanceInProgress = 27
const memberIdRequired = 79
/** What starts a new try to join, as somebody else or in a new generation. */
const rejoinErrors = new Set([illegalGeneration, unknownMemberId, rebalanceInProgress])
const protocolType = 'consumer'

export class ClassicMembership implements Membership {
  memberId = ''
  generationId = -1
  readonly #cluster: Cluster
  readonly #options: MembershipOptions
  readonly #events: MembershipEvents
  #topics: readonly string[]
  #owned: readonly TopicPartition[] = []
  #leaving = false
  #rejoin = false
  #joinedTopics: readonly string[] = []
  #running: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(
    cluster: Cluster,
    topics: readonly string[],
    options: MembershipOptions,
    events: MembershipEvents,
  ) {
    this.#cluster = cluster
    this.#topics = topics
    this.#options = options
    this.#events = events
  }

  start(): void {
    this.#running = this.#run().catch((error) => this.#events.onFailed(error))
  }

  topicsChanged(topics: readonly string[]): void {
    this.#topics = topics
    this.#rejoin = true
    this.#wake?.()
  }

  /** A generation is known as soon as it counts. */
  heard(): Promise<void> {
    return Promise.resolve()
  }

  async leave(): Promise<void> {
    this.#leaving = true
    this.#wake?.()
    await this.#running
    // A static member that leaves would be rebalanced away: it is only silent for a while (KIP-345).
    if (this.memberId === '' || this.#options.groupInstanceId !== undefined) return
    const nodeId = await this.#cluster.coordinator('group', this.#options.groupId)
    const connection = await this.#cluster.connection(nodeId, 'group')
    const { groupId } = this.#options
    const member = { memberId: this.memberId, groupInstanceId: null }
    const version = connection.requireVersion(LeaveGroup)
    const request = version >= 3 ? { groupId, members: [member] } : { groupId, ...member }
    await connection.send(LeaveGroup, request as { groupId: string; members: [] }, { version })
  }

  async #run(): Promise<void> {
    while (!this.#leaving) {
      try {
        await this.#join()
        await this.#stay()
      } catch (error) {
        await this.#onError(error)
      }
      const lost = this.generationId < 0
      if (!this.#cooperative || lost || this.#leaving) await this.#giveBack(this.#owned, lost)
    }
  }

  get #cooperative(): boolean {
    return this.#assignorNames.every(isCooperative)
  }

  get #assignorNames(): readonly string[] {
    return this.#options.assignors ?? membershipDefaults.assignors
  }

  async #giveBack(partitions: readonly TopicPartition[], lost: boolean): Promise<void> {
    if (partitions.length === 0) return
    const gone = new Set(partitions)
    this.#owned = this.#owned.filter((item) => !gone.has(item))
    await this.#events.onRevoked([...gone], lost)
  }

  async #onError(error: unknown): Promise<void> {
    const code = error instanceof KafkaError ? error.code : 0
    if (code === unknownMemberId) this.memberId = ''
    if (code === unknownMemberId || code === illegalGeneration) this.generationId = -1
    else if (code !== rebalanceInProgress) {
      if (!isRetriable(error)) throw error
      this.#cluster.forgetCoordinator('group', this.#options.groupId)
      await sleep(this.#cluster.env, this.#cluster.retryOptions.lastMs)
    }
  }

  async #join(): Promise<void> {
    this.#rejoin = false
    this.#joinedTopics = this.#topics
    const joined = await this.#sendJoin()
    this.generationId = joined.generationId
    this.memberId = joined.memberId
    const leads = joined.leader === joined.memberId && !joined.skipAssignment
    const assignments = leads ? await this.#assign(joined) : []
    const partitions = await this.#sync(joined.protocolName ?? '', assignments)
    if (this.#leaving) return
    const same = (a: TopicPartition) => (b: TopicPartition) =>
      a.topic === b.topic && a.partition === b.partition
    const kept = this.#owned.filter((item) => partitions.some(same(item)))
    const added = partitions.filter((item) => !kept.some(same(item)))
    const revoked = this.#owned.filter((item) => !kept.includes(item))
    await this.#giveBack(revoked, false)
    this.#owned = [...kept, ...added]
    await this.#events.onAssigned(added)
    // Others wait for what was given back.
    if (revoked.length > 0) this.#rejoin = true
  }

  async #sendJoin(): Promise<IncomingResponseOf<typeof JoinGroup>> {
    const options = { ...membershipDefaults, ...this.#options }
    const sessionTimeoutMs = options.sessionTimeoutMs ?? membershipDefaults.sessionTimeoutMs
    const rebalanceTimeoutMs = options.rebalanceTimeoutMs ?? membershipDefaults.rebalanceTimeoutMs
    const metadata = this.#cooperative
      ? encodeOwning(this.#joinedTopics, this.#owned, this.generationId)
      : encodeSubscription(this.#joinedTopics)
    const names = this.#assignorNames
    return atGroupCoordinator(this.#cluster, options.groupId, async (nodeId) => {
      for (;;) {
        const answer = await this.#cluster.send(
          nodeId,
          JoinGroup,
          {
            groupId: options.groupId,
            sessionTimeoutMs,
            rebalanceTimeoutMs,
            memberId: this.memberId,
            groupInstanceId: options.groupInstanceId ?? null,
            protocolType,
            protocols: names.map((name) => ({ name, metadata })),
          },
          { purpose: 'group', timeoutMs: rebalanceTimeoutMs + 5_000 },
        )
        if (answer.errorCode === 0) return answer
        if (answer.errorCode === unknownMemberId && this.memberId !== '') this.memberId = ''
        else if (answer.errorCode === memberIdRequired) this.memberId = answer.memberId
        else throw brokerError(answer.errorCode, `Joining group ${options.groupId}`)
      }
    })
  }

  /** As the leader: who gets what. */
  async #assign(joined: IncomingResponseOf<typeof JoinGroup>) {
    const members: GroupMemberTopics[] = joined.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      ...decodeSubscription(member.metadata),
    }))
    const topics = [...new Set(members.flatMap((member) => member.topics))]
    const counts = new Map<string, number>()
    for (const topic of await this.#cluster.refresh(topics))
      if (topic.errorCode === 0) counts.set(topic.name, topic.partitions.length)
    const assignor = assignors[joined.protocolName ?? '']
    if (assignor === undefined)
      throw brokerError(23, `Assignor ${joined.protocolName} of group ${this.#options.groupId}`)
    return [...assignor(members, counts)].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeAssignment(partitions),
    }))
  }

  async #sync(
    protocolName: string,
    assignments: { memberId: string; assignment: Buffer }[],
  ): Promise<TopicPartition[]> {
    const { groupId } = this.#options
    const nodeId = await this.#cluster.coordinator('group', groupId)
    const answer = await this.#cluster.send(
      nodeId,
      SyncGroup,
      { ...this.#member, protocolType, protocolName, assignments },
      { purpose: 'group', timeoutMs: membershipDefaults.rebalanceTimeoutMs },
    )
    if (answer.errorCode !== 0) throw brokerError(answer.errorCode, `Syncing group ${groupId}`)
    return decodeAssignment(answer.assignment)
  }

  get #member() {
    return {
      groupId: this.#options.groupId,
      generationId: this.generationId,
      memberId: this.memberId,
      groupInstanceId: this.#options.groupInstanceId ?? null,
    }
  }

  /** Heartbeats until a rebalance, an error, or the end. */
  async #stay(): Promise<void> {
    const intervalMs = this.#options.heartbeatIntervalMs ?? membershipDefaults.heartbeatIntervalMs
    while (!this.#leaving && !this.#rejoin) {
      await this.#pause(intervalMs)
      if (this.#leaving || this.#rejoin) return
      await atGroupCoordinator(this.#cluster, this.#options.groupId, async (nodeId) => {
        const answer = await this.#cluster.send(nodeId, Heartbeat, this.#member, {
          purpose: 'group',
        })
        if (answer.errorCode === 0) return
        const error = brokerError(answer.errorCode, `Heartbeat in group ${this.#options.groupId}`)
        // Kafka calls a rebalance retriable; here it is news.
        if (!rejoinErrors.has(error.code)) throw error
        throw new KafkaError(error.code, error.name, error.message, false)
      })
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#cluster.env.timers.after(delayMs, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = undefined
        timer.cancel()
        resolve()
      }
    })
  }
}

const byTopic = (partitions: readonly TopicPartition[]) =>
  [...groupBy(partitions, ({ topic }) => topic)].map(([topic, items]) => ({
    topic,
    partitions: items.map(({ partition }) => partition),
  }))

/** Version 1 is understood by every client that assigns eagerly. */
function encodeSubscription(topics: readonly string[]): Buffer {
  const writer = new Writer()
  writer.int16(1)
  ConsumerProtocolSubscription.codec(1).write(writer, { topics })
  return Buffer.from(writer.finish())
}

/** With what the member keeps; Java before 3.5 looks for the generation in the user data. */
function encodeOwning(
  topics: readonly string[],
  owned: readonly TopicPartition[],
  generationId: number,
): Buffer {
  const writer = new Writer()
  writer.int16(2)
  const userData = Buffer.alloc(4)
  userData.writeInt32BE(generationId)
  const subscription = { topics, userData, ownedPartitions: byTopic(owned), generationId }
  ConsumerProtocolSubscription.codec(2).write(writer, subscription)
  return Buffer.from(writer.finish())
}

function decodeSubscription(bytes: Buffer) {
  const reader = new Reader(bytes)
  const version = Math.max(0, Math.min(3, reader.int16()))
  const read = ConsumerProtocolSubscription.codec(version).read(reader)
  const { topics, ownedPartitions, userData } = read
  const known = read.generationId >= 0 || userData?.length !== 4
  return {
    topics,
    owned: flatten(ownedPartitions),
    generationId: known ? read.generationId : userData.readInt32BE(0),
  }
}

function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const writer = new Writer()
  writer.int16(1)
  ConsumerProtocolAssignment.codec(1).write(writer, { assignedPartitions: byTopic(partitions) })
  return Buffer.from(writer.finish())
}

/** What an assignment says; also for those who look at groups of others. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  const version = Math.max(0, Math.min(3, reader.int16()))
  return flatten(ConsumerProtocolAssignment.codec(version).read(reader).assignedPartitions)
}

const flatten = (topics: readonly { topic: string; partitions: readonly number[] }[]) =>
  topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
