/**
 * Reads topics: partitions and offsets of one's own choice (`assign`), or as a member of a group
 * (`subscribe`), which then keeps the offsets.
 *
 * `poll` gives what was fetched for one partition, whole batches at a time; `FetchedRecords`
 * walks over the records. What was given is consumed when the next `poll` comes, unless
 * `consumed` said earlier how far.
 */
import type { TopicPartition } from './assignors.ts'
import { retrying, within } from './backoff.ts'
import { ClassicMembership } from './classic-membership.ts'
import type { Cluster } from './cluster.ts'
import type { Fetched } from './fetched-records.ts'
import { Fetcher, type FetcherOptions } from './fetcher.ts'
import { commitOffsets, fetchCommitted } from './group-offsets.ts'
import { HeartbeatMembership } from './heartbeat-membership.ts'
import { brokerError, KafkaError } from './kafka-error.ts'
import { earliest, latest, listOffsets } from './list-offsets.ts'
import type { Membership, MembershipOptions } from './membership.ts'

export interface ConsumerOptions extends FetcherOptions {
  readonly group?: MembershipOptions | undefined
  /** `consumer` is KIP-848's. */
  readonly groupProtocol?: 'classic' | 'consumer' | undefined
  /** 0: only `commit` and `close` commit. */
  readonly autoCommitIntervalMs?: number | undefined
  readonly commitOnClose?: boolean | undefined
  /** Where to start a partition of which the group has no offset; `undefined` follows offsetReset. */
  readonly startOffset?: ((partition: TopicPartition) => Promise<number> | number) | undefined
  readonly onAssigned?: ((partitions: readonly TopicPartition[]) => void) | undefined
  readonly onRevoked?: ((partitions: readonly TopicPartition[]) => void) | undefined
}

const autoCommitIntervalMs = 5_000
const lastCommitTimeoutMs = 5_000
const staleMemberEpoch = 113
/** As librdkafka's topic.metadata.refresh.interval.ms. */
const topicsRefreshMs = 300_000

export class Consumer {
  readonly cluster: Cluster
  readonly #options: ConsumerOptions
  readonly #fetcher: Fetcher
  readonly #positions = new Map<string, { topic: string; partition: number; offset: number }>()
  readonly #committed = new Map<string, number>()
  #membership: Membership | undefined
  #given: Fetched | undefined
  #failure: Error | undefined
  #lastCommitMs: number
  #patterns: RegExp[] = []
  #names: readonly string[] = []
  #topicsLearnedMs = 0
  #closing = false

  constructor(cluster: Cluster, options: ConsumerOptions = {}) {
    this.cluster = cluster
    this.#options = options
    this.#fetcher = new Fetcher(cluster, options)
    this.#lastCommitMs = cluster.env.clock.monotonicMs()
  }

  get memberId(): string {
    return this.#membership?.memberId ?? ''
  }

  /** Starts to read a partition at an offset, besides those read already. */
  async assign(topic: string, partition: number, offset: number): Promise<void> {
    await this.cluster.topic(topic)
    this.#fetcher.add(topic, partition, offset)
  }

  unassign(topic: string, partition: number): void {
    this.#fetcher.remove(topic, partition)
    this.#positions.delete(`${topic}/${partition}`)
  }

  /**
   * Joins the group for these topics; a RegExp takes in every topic it matches, new ones too. As long as an
   * operation may take, it asks again when nobody answers.
   */
  async subscribe(topics: readonly (string | RegExp)[]): Promise<void> {
    const group = this.#options.group
    if (group === undefined) throw brokerError(24, 'subscribe needs a group id')
    this.#names = topics.filter((topic) => typeof topic === 'string')
    this.#patterns = topics.filter((topic) => topic instanceof RegExp)
    const { env, retryOptions } = this.cluster
    const all = await retrying(env, retryOptions, () => this.#subscribed())
    const Kind =
      this.#options.groupProtocol === 'consumer' ? HeartbeatMembership : ClassicMembership
    this.#membership = new Kind(this.cluster, all, group, {
      onAssigned: (partitions) => this.#onAssigned(partitions),
      onRevoked: (partitions, lost) => this.#onRevoked(partitions, lost),
      onFailed: (error) => {
        this.#failure = error
        this.#fetcher.interrupt()
      },
    })
    this.#membership.start()
  }

  async #subscribed(): Promise<string[]> {
    this.#topicsLearnedMs = this.cluster.env.clock.monotonicMs()
    if (this.#patterns.length === 0) {
      await this.cluster.refresh(this.#names)
      return [...this.#names]
    }
    const everything = await this.cluster.refresh('all')
    const matching = everything
      .filter(({ isInternal, errorCode }) => !isInternal && errorCode === 0)
      .map(({ name }) => name)
      .filter((name) => this.#patterns.some((pattern) => pattern.test(name)))
    return [...new Set([...this.#names, ...matching])].sort()
  }

  /** The next batches of one partition, or `undefined` when nothing came in time. */
  async poll(timeoutMs: number): Promise<Fetched | undefined> {
    this.#markGiven()
    if (this.#failure) throw this.#failure
    await this.#commitWhenDue()
    await this.#refreshTopicsWhenDue()
    let fetched = this.#fetcher.take()
    if (fetched === undefined) {
      await this.#fetcher.wait(timeoutMs)
      if (this.#failure) throw this.#failure
      fetched = this.#fetcher.take()
    }
    this.#given = fetched
    return fetched
  }

  /** Ends a waiting `poll`. */
  interrupt(): void {
    this.#fetcher.interrupt()
  }

  /** `nextOffset` is the first that has not been dealt with. */
  consumed(topic: string, partition: number, nextOffset: number): void {
    this.#given = undefined
    this.#positions.set(`${topic}/${partition}`, { topic, partition, offset: nextOffset })
  }

  #markGiven(): void {
    const given = this.#given
    if (given) this.consumed(given.topic, given.partition, given.nextOffset)
  }

  /** Commits what was consumed. */
  async commit(timeoutMs?: number): Promise<void> {
    const group = this.#options.group
    if (group === undefined) return
    this.#lastCommitMs = this.cluster.env.clock.monotonicMs()
    const open = [...this.#positions].filter(
      ([key, { offset }]) => this.#committed.get(key) !== offset,
    )
    await commitOffsets(
      this.cluster,
      group.groupId,
      open.map(([, position]) => position),
      {
        purpose: 'group',
        memberId: this.#membership?.memberId ?? '',
        generationId: this.#membership?.generationId ?? -1,
        groupInstanceId: group.groupInstanceId ?? null,
        ...(timeoutMs !== undefined && { timeoutMs }),
      },
    )
    for (const [key, { offset }] of open) this.#committed.set(key, offset)
  }

  /** Commits, leaves the group, stops. The cluster stays open. */
  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#markGiven()
    try {
      if (this.#failure === undefined) {
        // Under the new protocol giving the partitions back commits.
        try {
          if (this.#options.commitOnClose ?? true) await this.#commitLast()
        } finally {
          await this.#membership?.leave()
        }
      }
    } finally {
      this.#fetcher.close()
    }
  }

  /**
   * The answer with the member's new epoch may be under way. A member that was put out has nothing to commit any more: what
   * it read last is read again by others.
   */
  async #commitLast(): Promise<void> {
    try {
      await this.commit(lastCommitTimeoutMs)
    } catch (error) {
      if (!(error instanceof KafkaError && error.code === staleMemberEpoch)) throw error
      const heard = this.#membership?.heard() ?? Promise.resolve()
      await within(this.cluster.env, lastCommitTimeoutMs, 'The next heartbeat', heard)
      await this.commit(lastCommitTimeoutMs)
    }
  }

  async #commitWhenDue(): Promise<void> {
    const intervalMs = this.#options.autoCommitIntervalMs ?? autoCommitIntervalMs
    if (this.#membership === undefined || intervalMs === 0) return
    if (this.cluster.env.clock.monotonicMs() - this.#lastCommitMs < intervalMs) return
    try {
      await this.commit(intervalMs)
    } catch (error) {
      // The next commit, or the rebalance that is the reason, puts it right.
      this.cluster.env.log.warn('commit failed', { error: String(error) })
    }
  }

  async #refreshTopicsWhenDue(): Promise<void> {
    if (this.#membership === undefined) return
    if (this.cluster.env.clock.monotonicMs() - this.#topicsLearnedMs < topicsRefreshMs) return
    const counts = () =>
      this.#names.map((name) => this.cluster.metadata.topics.get(name)?.partitions.length)
    const before = `${this.#names}${counts()}`
    let topics: readonly string[]
    try {
      topics = await this.#subscribed()
    } catch (error) {
      // The group goes on with the topics that it knows.
      this.cluster.env.log.warn('topics could not be looked up', { error: String(error) })
      return
    }
    if (`${topics}${counts()}` !== before) this.#membership.topicsChanged(topics)
  }

  async #onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    const group = this.#options.group!
    this.#options.onAssigned?.(partitions)
    if (partitions.length === 0) return
    const isNew = this.#options.groupProtocol === 'consumer'
    const committed = await fetchCommitted(this.cluster, group.groupId, partitions, {
      purpose: 'group',
      ...(isNew && {
        memberId: this.#membership!.memberId,
        memberEpoch: this.#membership!.generationId,
      }),
    })
    for (const { topic, partition } of partitions) {
      const found = committed.find((item) => item.topic === topic && item.partition === partition)
      const offset = await this.#startAt({ topic, partition }, found?.offset ?? -1)
      if (found && found.offset >= 0) this.#committed.set(`${topic}/${partition}`, found.offset)
      await this.assign(topic, partition, offset)
    }
  }

  async #startAt(partition: TopicPartition, committed: number): Promise<number> {
    if (this.#options.startOffset) {
      const offset = await this.#options.startOffset(partition)
      if (offset >= 0) return offset
    }
    if (committed >= 0) return committed
    const policy = this.#options.offsetReset ?? 'latest'
    if (policy === 'error')
      throw brokerError(
        1,
        `Group ${this.#options.group?.groupId} has no offset of ${partition.topic}-${partition.partition}`,
      )
    const timestampMs = policy === 'earliest' ? earliest : latest
    const [found] = await listOffsets(this.cluster, [{ ...partition, timestampMs }])
    return found!.offset
  }

  async #onRevoked(partitions: readonly TopicPartition[], lost: boolean): Promise<void> {
    if (!this.#closing) this.#options.onRevoked?.(partitions)
    for (const { topic, partition } of partitions) this.#fetcher.remove(topic, partition)
    const given = this.#given
    if (given && partitions.some((p) => p.topic === given.topic && p.partition === given.partition))
      this.#markGiven()
    if (!lost && !this.#closing) await this.commit(5_000).catch(() => {})
    for (const { topic, partition } of partitions) {
      this.#positions.delete(`${topic}/${partition}`)
      this.#committed.delete(`${topic}/${partition}`)
    }
  }
}
