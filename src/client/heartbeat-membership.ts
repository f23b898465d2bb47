/**
 * Membership by the new protocol (KIP-848): the group coordinator assigns, and everything is said
 * in heartbeats. What is to be given back is given back first, and told; then the rest is taken.
 */
import { ConsumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import type { IncomingResponseOf } from '../../protocol/schema.ts'
import type { TopicPartition } from './assignors.ts'
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

const unknownMemberId = 25
const fencedMemberEpoch = 110
/** The group is gone with what its group coordinator has lost; who joins makes it anew. */
const groupIdNotFound = 69
const joinsAgain: ReadonlySet<number> = new Set([
  unknownMemberId,
  fencedMemberEpoch,
  groupIdNotFound,
])
const leaveEpoch = -1
const leaveForAWhileEpoch = -2

type Answer = IncomingResponseOf<typeof ConsumerGroupHeartbeat>

export class HeartbeatMembership implements Membership {
  memberId: string
  generationId = 0
  readonly #cluster: Cluster
  readonly #options: MembershipOptions
  readonly #events: MembershipEvents
  #topics: readonly string[]
  #owned: TopicPartition[] = []
  #intervalMs: number = membershipDefaults.heartbeatIntervalMs
  #tellAll = true
  #leaving = false
  #running: Promise<void> | undefined
  #wake: (() => void) | undefined
  #listening: (() => void)[] = []

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
    this.memberId = cluster.env.random.bytes(16).toString('base64url')
  }

  start(): void {
    this.#running = this.#run()
      .catch((error) => this.#events.onFailed(error))
      .finally(() => {
        this.#running = undefined
        this.#tell()
      })
  }

  topicsChanged(topics: readonly string[]): void {
    this.#topics = topics
    this.#tellAll = true
    this.#wake?.()
  }

  heard(): Promise<void> {
    if (this.#running === undefined) return Promise.resolve()
    const heard = new Promise<void>((resolve) => this.#listening.push(resolve))
    this.#wake?.()
    return heard
  }

  #tell(): void {
    for (const resolve of this.#listening.splice(0)) resolve()
  }

  async leave(): Promise<void> {
    this.#leaving = true
    this.#wake?.()
    await this.#running
    if (this.generationId <= 0) return
    await this.#giveBack(this.#owned, false)
    const isStatic = this.#options.groupInstanceId !== undefined
    this.generationId = isStatic ? leaveForAWhileEpoch : leaveEpoch
    await this.#heartbeat(false).catch((error) => {
      // The group has put it out already.
      if (!(error instanceof KafkaError && joinsAgain.has(error.code))) throw error
    })
  }

  async #run(): Promise<void> {
    while (!this.#leaving) {
      try {
        const joining = this.generationId === 0
        const all = this.#tellAll || joining
        this.#tellAll = false
        const answer = await this.#heartbeat(all)
        this.generationId = answer.memberEpoch
        this.#intervalMs = answer.heartbeatIntervalMs
        this.#tell()
        if (answer.assignment) await this.#reconcile(answer.assignment)
        // What changed is told at once, not with the next heartbeat.
        if (!this.#tellAll && !this.#leaving) await this.#pause(this.#intervalMs)
      } catch (error) {
        await this.#onError(error)
      }
    }
  }

  async #onError(error: unknown): Promise<void> {
    const code = error instanceof KafkaError ? error.code : 0
    if (joinsAgain.has(code)) {
      this.generationId = 0
      await this.#giveBack(this.#owned, true)
      this.#tell()
      return
    }
    if (!isRetriable(error)) throw error
    // The answer that is lost may have had an assignment, which comes again for those alone who tell all.
    this.#tellAll = true
    this.#cluster.forgetCoordinator('group', this.#options.groupId)
    await sleep(this.#cluster.env, this.#cluster.retryOptions.lastMs)
  }

  async #heartbeat(tellAll: boolean): Promise<Answer> {
    const { groupId, groupInstanceId, rack, serverAssignor, rebalanceTimeoutMs } = this.#options
    const leaving = this.generationId < 0
    let isFirst = true
    return atGroupCoordinator(this.#cluster, groupId, async (nodeId) => {
      const all = tellAll || !isFirst
      isFirst = false
      const answer = await this.#cluster.send(
        nodeId,
        ConsumerGroupHeartbeat,
        {
          groupId,
          memberId: this.memberId,
          memberEpoch: this.generationId,
          instanceId: groupInstanceId ?? null,
          rackId: all ? (rack ?? null) : null,
          rebalanceTimeoutMs: all
            ? (rebalanceTimeoutMs ?? membershipDefaults.rebalanceTimeoutMs)
            : -1,
          subscribedTopicNames: all ? this.#topics : null,
          serverAssignor: all ? (serverAssignor ?? null) : null,
          topicPartitions: all && !leaving ? this.#ownedById() : null,
        },
        { purpose: 'group' },
      )
      if (answer.errorCode !== 0)
        throw brokerError(answer.errorCode, `Heartbeat in group ${groupId}`, answer.errorMessage)
      return answer
    })
  }

  #ownedById() {
    const topics = [...groupBy(this.#owned, ({ topic }) => topic)]
    return topics.flatMap(([topic, items]) => {
      const topicId = this.#cluster.metadata.topics.get(topic)?.topicId
      return topicId ? [{ topicId, partitions: items.map(({ partition }) => partition) }] : []
    })
  }

  async #reconcile(assignment: NonNullable<Answer['assignment']>): Promise<void> {
    const target = await this.#named(assignment)
    const same = (a: TopicPartition) => (b: TopicPartition) =>
      a.topic === b.topic && a.partition === b.partition
    const revoked = this.#owned.filter((item) => !target.some(same(item)))
    const added = target.filter((item) => !this.#owned.some(same(item)))
    if (revoked.length > 0) await this.#giveBack(revoked, false)
    if (added.length > 0) {
      this.#owned.push(...added)
      await this.#events.onAssigned(added)
    }
    if (revoked.length > 0 || added.length > 0) this.#tellAll = true
  }

  /** Assignments carry topic ids only. */
  async #named(assignment: NonNullable<Answer['assignment']>): Promise<TopicPartition[]> {
    const names = () =>
      new Map(
        [...this.#cluster.metadata.topics.values()].map((topic) => [topic.topicId, topic.name]),
      )
    let known = names()
    if (assignment.topicPartitions.some(({ topicId }) => !known.has(topicId))) {
      await this.#cluster.refresh(this.#topics)
      known = names()
    }
    return assignment.topicPartitions.flatMap(({ topicId, partitions }) => {
      const topic = known.get(topicId)
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }))
    })
  }

  async #giveBack(partitions: readonly TopicPartition[], lost: boolean): Promise<void> {
    if (partitions.length === 0) return
    const gone = new Set(partitions)
    this.#owned = this.#owned.filter((item) => !gone.has(item))
    await this.#events.onRevoked([...gone], lost)
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
