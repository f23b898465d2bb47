/**
 * What the members of a consumer group are subscribed to: topics by name and by regular expression,
 * counted, so that a change of one member costs no look at the others.
 */
import type { ConsumerMember } from './consumer-member.ts'

/** What a regular expression matched when it was resolved last. */
export interface ResolvedRegex {
  readonly topics: ReadonlySet<string>
  /** `topics.version` then. */
  readonly version: number
  readonly resolvedAtMs: number
}

interface TopicCount {
  /** Members that name the topic. */
  readonly byName: number
  /** Regular expressions that match it. */
  readonly byRegex: number
}

export class Subscriptions {
  #topics = new Map<string, TopicCount>()
  #regexes = new Map<string, number>()
  readonly #resolved = new Map<string, ResolvedRegex>()

  get topics(): ReadonlyMap<string, TopicCount> {
    return this.#topics
  }

  /** Regular expressions to the number of members that use them. */
  get regexes(): ReadonlyMap<string, number> {
    return this.#regexes
  }

  get resolved(): ReadonlyMap<string, ResolvedRegex> {
    return this.#resolved
  }

  /** When, and against which version of the topics, regular expressions were resolved last. */
  get lastResolved(): ResolvedRegex | undefined {
    return this.#resolved.values().next().value
  }

  /** A copy to see what a change would do. */
  copy(): Subscriptions {
    const copy = new Subscriptions()
    copy.#topics = new Map(this.#topics)
    copy.#regexes = new Map(this.#regexes)
    for (const [regex, resolved] of this.#resolved) copy.#resolved.set(regex, resolved)
    return copy
  }

  change(before: ConsumerMember | undefined, after: ConsumerMember | undefined): void {
    if (before?.topicNames !== after?.topicNames) {
      for (const topic of before?.topicNames ?? []) this.#count(topic, -1, 0)
      for (const topic of after?.topicNames ?? []) this.#count(topic, 1, 0)
    }
    if (before?.topicRegex !== after?.topicRegex) {
      if (before?.topicRegex) this.#countRegex(before.topicRegex, -1)
      if (after?.topicRegex) this.#countRegex(after.topicRegex, 1)
    }
  }

  resolve(regex: string, resolved: ResolvedRegex): void {
    this.forget(regex)
    this.#resolved.set(regex, resolved)
    for (const topic of resolved.topics) this.#count(topic, 0, 1)
  }

  forget(regex: string): void {
    const resolved = this.#resolved.get(regex)
    if (!resolved) return
    this.#resolved.delete(regex)
    for (const topic of resolved.topics) this.#count(topic, 0, -1)
  }

  /** The topics that a member is subscribed to. */
  of({ topicNames, topicRegex }: ConsumerMember): ReadonlySet<string> {
    const matched = topicRegex === '' ? undefined : this.#resolved.get(topicRegex)?.topics
    if (!matched || matched.size === 0) return topicNames
    return topicNames.size === 0 ? matched : new Set([...topicNames, ...matched])
  }

  /** Whether all members are subscribed to the same topics. */
  isHomogeneous(members: number): boolean {
    if (this.#regexes.size === 0) return this.#every(({ byName }) => byName === members)
    const [users] = this.#regexes.values()
    if (users !== members) return false
    return this.#every(({ byName, byRegex }) => byRegex === 1 && byName === 0)
  }

  #every(holds: (count: TopicCount) => boolean): boolean {
    for (const count of this.#topics.values()) if (!holds(count)) return false
    return true
  }

  #count(topic: string, names: number, regexes: number): void {
    const { byName = 0, byRegex = 0 } = this.#topics.get(topic) ?? {}
    const next = { byName: byName + names, byRegex: byRegex + regexes }
    if (next.byName === 0 && next.byRegex === 0) this.#topics.delete(topic)
    else this.#topics.set(topic, next)
  }

  #countRegex(regex: string, by: number): void {
    const next = (this.#regexes.get(regex) ?? 0) + by
    if (next === 0) this.#regexes.delete(regex)
    else this.#regexes.set(regex, next)
  }
}
