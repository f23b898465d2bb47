/**
 * The group coordinator of one broker: one runtime for each partition of `__consumer_offsets` that
 * the broker leads. Groups are spread over the partitions by a hash of their id, the same on every
 * broker. Leadership comes and goes with the partitions; a group is loaded from the log each time.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { ConversationKind, Conversations, ListedGroup } from '../../core/group/command.ts'
import { javaStringHash } from '../../core/group/java-hash-order.ts'
import { GroupMachine } from '../../core/group/machine.ts'
import { Refusal } from '../../core/group/refusal.ts'
import type { GroupSettings } from '../../core/group/settings.ts'
import type { Group } from '../../core/group/state.ts'
import type { GroupTopics } from '../../core/group/topics.ts'
import type { Env, Timer } from '../../env/env.ts'
import { type Asker, type Client, GroupRuntime } from './group-runtime.ts'
import type { Journal } from './journal.ts'
import { steadyClock } from './steady-clock.ts'

/** What the group coordinator needs of its broker. */
export interface GroupServices {
  readonly env: Env
  readonly settings: GroupSettings
  /** `offsets.retention.check.interval.ms` */
  readonly expiryIntervalMs: number
  readonly topics: GroupTopics
  /** `group.coordinator.rebalance.protocols` has `consumer`. */
  readonly servesConsumerProtocol: boolean
  /** Partitions of `__consumer_offsets`; `undefined` before it exists. */
  partitionCount(): number | undefined
}

/** Wait before a log that could not be loaded is tried again. */
const reloadDelayMs = 1_000
/** Groups looked at for expiry in one turn of the event loop. */
const expiriesPerTurn = 500

export interface GroupOffset {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

interface Led {
  readonly leaderEpoch: number
  readonly journal: Journal
  runtime: GroupRuntime
}

export class GroupCoordinator {
  readonly #services: GroupServices
  readonly #nowMs: () => number
  readonly #led = new Map<number, Led>()
  /** Runtimes with something to append at the end of this turn. */
  #flushing: GroupRuntime[] = []
  #expiry: Timer | undefined
  #closed = false

  constructor(services: GroupServices) {
    this.#services = services
    this.#nowMs = steadyClock(services.env.clock)
    this.#expireLater()
  }

  get topics(): GroupTopics {
    return this.#services.topics
  }

  get servesConsumerProtocol(): boolean {
    return this.#services.servesConsumerProtocol
  }

  /** Which partition a group is in: Java's hash of its id, Kafka's way of taking it absolute. */
  static partitionOf(groupId: string, partitionCount: number): number {
    const hash = javaStringHash(groupId)
    return (hash === -(2 ** 31) ? 0 : Math.abs(hash)) % partitionCount
  }

  /** This broker leads the partition from now on; the groups answer once they are loaded. */
  lead(partition: number, leaderEpoch: number, journal: Journal): void {
    const led = this.#led.get(partition)
    if (led && led.leaderEpoch >= leaderEpoch) return
    led?.runtime.end()
    this.#start(partition, leaderEpoch, journal)
  }

  resign(partition: number): void {
    this.#led.get(partition)?.runtime.end()
    this.#led.delete(partition)
  }

  /** What the cluster's metadata changed. */
  topicsChanged(change: {
    readonly changed: Iterable<string>
    readonly deleted: readonly { readonly name: string; readonly topicId: string }[]
    readonly anyCreated: boolean
  }): void {
    const names = new Set([...change.changed, ...change.deleted.map(({ name }) => name)])
    for (const { runtime } of this.#led.values()) {
      runtime.machine.state.topicsChanged(names, change.anyCreated)
      if (change.deleted.length > 0)
        runtime.occur({ kind: 'topicsDeleted', topics: change.deleted })
    }
  }

  /** Rejects with a Refusal, whose code is the answer. */
  async submit<K extends ConversationKind>(
    kind: K,
    groupId: string,
    request: Conversations[K]['request'],
    client: Client,
  ): Promise<Conversations[K]['response']> {
    return this.runtimeOf(groupId).submit(kind, request, client)
  }

  /** As `submit`, without the cost of a promise. */
  ask<K extends ConversationKind>(
    kind: K,
    groupId: string,
    request: Conversations[K]['request'],
    client: Client,
    asker: Asker<K>,
  ): void {
    this.runtimeOf(groupId).ask(kind, request, client, asker)
  }

  /** @throws Refusal NOT_COORDINATOR */
  runtimeOf(groupId: string): GroupRuntime {
    const count = this.#services.partitionCount()
    const led =
      count === undefined ? undefined : this.#led.get(GroupCoordinator.partitionOf(groupId, count))
    if (!led || this.#closed)
      throw new Refusal(
        this.#closed ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.NOT_COORDINATOR,
        `This broker does not coordinate group ${groupId}`,
      )
    return led.runtime
  }

  /** The groups of all partitions led here. Rejects with 14 while one of them is loading. */
  async list(request: Conversations['list']['request'], client: Client): Promise<ListedGroup[]> {
    const lists = await Promise.all(
      [...this.#led.values()].map(({ runtime }) =>
        runtime.submit('list', request, client).catch((error) => {
          if (error instanceof Refusal && error.errorCode === ErrorCode.NOT_COORDINATOR) return []
          throw error
        }),
      ),
    )
    return lists.flat()
  }

  /** Members of the group that has most. */
  largest(type: 'classic' | 'consumer'): number {
    let members = 0
    for (const { runtime } of this.#led.values())
      for (const group of runtime.machine.state.groups.values())
        if (group.type === type && group.members.size > members) members = group.members.size
    return members
  }

  /** Those that are loaded. */
  *groups(): Generator<Group> {
    for (const { runtime } of this.#led.values())
      if (runtime.isServing) yield* runtime.machine.state.groups.values()
  }

  *offsets(): Generator<GroupOffset> {
    for (const { runtime } of this.#led.values()) {
      if (!runtime.isServing) continue
      const { groups, offsets } = runtime.machine.state
      for (const groupId of groups.keys())
        for (const [topic, partitions] of offsets.ofGroup(groupId))
          for (const [partition, { offset }] of partitions)
            yield { groupId, topic, partition, offset }
    }
  }

  describe(): { readonly partitions: number; readonly groups: number; readonly waiting: number } {
    let groups = 0
    let waiting = 0
    for (const { runtime } of this.#led.values()) {
      groups += runtime.machine.state.groups.size
      waiting += runtime.waitingRequests
    }
    return { partitions: this.#led.size, groups, waiting }
  }

  close(): void {
    this.#closed = true
    this.#expiry?.cancel()
    for (const { runtime } of this.#led.values()) runtime.end(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    this.#led.clear()
  }

  #start(partition: number, leaderEpoch: number, journal: Journal): void {
    const { env, settings, topics } = this.#services
    const runtime = new GroupRuntime(
      new GroupMachine(settings, topics),
      journal,
      env,
      this.#nowMs,
      {
        flushIsDue: (due) => this.#flushSoon(due),
        failed: (errorCode) => this.#restart(partition, runtime, { errorCode }),
      },
    )
    const failed = this.#led.get(partition)?.runtime
    this.#led.set(partition, { leaderEpoch, journal, runtime })
    for (const occurrence of failed?.missed ?? []) runtime.occur(occurrence)
    runtime.load().catch((error) => {
      const reason = error instanceof Error ? error.message : String(error)
      runtime.end(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
      this.#restart(partition, runtime, { reason })
    })
  }

  /** All partitions in one go: answers to one connection can then leave in one write. */
  #flushSoon(runtime: GroupRuntime): void {
    this.#flushing.push(runtime)
    if (this.#flushing.length > 1) return
    this.#services.env.timers.soon(() => {
      const flushing = this.#flushing
      this.#flushing = []
      for (const each of flushing) each.flush()
    })
  }

  /** While the broker still leads the partition, what the log says counts again. */
  #restart(partition: number, failed: GroupRuntime, why: object): void {
    const { env } = this.#services
    env.log.warn('Groups are loaded again', { partition, ...why })
    env.timers.after(reloadDelayMs, () => {
      const led = this.#led.get(partition)
      if (led?.runtime === failed && !this.#closed)
        this.#start(partition, led.leaderEpoch, led.journal)
    })
  }

  #expireLater(): void {
    const { env, expiryIntervalMs } = this.#services
    this.#expiry = env.timers.after(expiryIntervalMs, () => {
      for (const { runtime } of this.#led.values())
        this.#expire(runtime, runtime.machine.groupIds())
      this.#expireLater()
    })
  }

  #expire(runtime: GroupRuntime, groupIds: string[]): void {
    if (!runtime.isServing) return
    for (const groupId of groupIds.slice(0, expiriesPerTurn))
      runtime.occur({ kind: 'expire', groupId })
    const rest = groupIds.slice(expiriesPerTurn)
    if (rest.length > 0) this.#services.env.timers.soon(() => this.#expire(runtime, rest))
  }
}
