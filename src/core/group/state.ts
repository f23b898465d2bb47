/** The groups of one partition of `__consumer_offsets`, and what their decisions share. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { ClassicGroup } from './classic-group.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { Deadlines } from './deadlines.ts'
import type { Due } from './due.ts'
import { OffsetStore } from './offset-store.ts'
import { Refusal } from './refusal.ts'
import type { GroupSettings } from './settings.ts'
import type { GroupTopics } from './topics.ts'
import { TopicHashes } from './topics-hash.ts'

export type Group = ClassicGroup | ConsumerGroup

export class GroupState {
  settings: GroupSettings
  topics: GroupTopics
  readonly groups = new Map<string, Group>()
  readonly offsets = new OffsetStore()
  readonly deadlines = new Deadlines<Due>()
  readonly hashes: TopicHashes
  /** `topics.version` when topics were created last: regular expressions may match them. */
  topicsCreatedVersion = -1
  /** Topic names to the consumer groups that read them. */
  readonly #readers = new Map<string, Set<string>>()
  /** While the log is read nothing volatile exists: a record is the whole truth about a group. */
  isLoading = true

  constructor(settings: GroupSettings, topics: GroupTopics) {
    this.settings = settings
    this.topics = topics
    this.hashes = new TopicHashes(() => this.topics)
  }

  classicGroup(groupId: string): ClassicGroup | undefined {
    const group = this.groups.get(groupId)
    return group?.type === 'classic' ? group : undefined
  }

  consumerGroup(groupId: string): ConsumerGroup | undefined {
    const group = this.groups.get(groupId)
    return group?.type === 'consumer' ? group : undefined
  }

  /** @throws Refusal GROUP_ID_NOT_FOUND */
  requireGroup(groupId: string): Group {
    const group = this.groups.get(groupId)
    if (!group) throw notFound(groupId)
    return group
  }

  createClassicGroup(groupId: string, nowMs: number): ClassicGroup {
    const group = new ClassicGroup(groupId, nowMs)
    this.groups.set(groupId, group)
    return group
  }

  /** Whoever reads one of these topics looks at it again with the next heartbeat. */
  topicsChanged(names: Iterable<string>, anyCreated: boolean): void {
    if (anyCreated || this.topicsCreatedVersion === -1)
      this.topicsCreatedVersion = this.topics.version
    for (const name of names) {
      this.hashes.forget(name)
      for (const groupId of this.#readers.get(name) ?? []) {
        const group = this.consumerGroup(groupId)
        if (group) group.topicsChanged = true
      }
    }
  }

  /** The subscriptions of a group changed; `before` is what it read until now. */
  reindex(group: ConsumerGroup, before: ReadonlySet<string>): void {
    const { topics } = group.subscriptions
    for (const name of before) {
      if (topics.has(name)) continue
      const readers = this.#readers.get(name)
      readers?.delete(group.groupId)
      if (readers?.size === 0) {
        this.#readers.delete(name)
        this.hashes.forget(name)
      }
    }
    for (const name of topics.keys()) {
      const readers = this.#readers.get(name)
      if (readers) readers.add(group.groupId)
      else this.#readers.set(name, new Set([group.groupId]))
    }
  }

  /** The consumer group that a record speaks of; a classic one in its place gives way. */
  persistedConsumerGroup(groupId: string): ConsumerGroup {
    const known = this.consumerGroup(groupId)
    if (known) return known
    const group = new ConsumerGroup(groupId)
    this.groups.set(groupId, group)
    return group
  }
}

export const notFound = (groupId: string) =>
  new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`)
