/**
 * `uniform`: every member gets the same number of partitions, give or take one, and keeps as many
 * of its own as possible. Gives what Kafka's UniformAssignor gives; this file has the case that all
 * members are subscribed to the same topics, `uniform-mixed-assignor.ts` the other one.
 *
 * Each member has a quota. What it holds beyond that is taken away, then members below their quota
 * are filled with what nobody holds. Time is linear in partitions and members.
 */
import type { Assignment, GroupSpec, Work } from './assignment.ts'
import { hashMapOrder, hashSetOrder, javaUuidHash } from './java-hash-order.ts'
import { assignUniformMixed } from './uniform-mixed-assignor.ts'

export function assignUniform(group: GroupSpec): Work<Map<string, Assignment>> {
  const isUniform = group.homogeneous && group.members.size > 0
  return isUniform ? new Balance(group).assign() : assignUniformMixed(group)
}

class Balance {
  readonly #group: GroupSpec
  readonly #topicIds: ReadonlySet<string>
  readonly #target = new Map<string, Assignment>()
  readonly #unfilled: { memberId: string; quota: number }[] = []
  readonly #unassigned: { topicId: string; partition: number }[] = []
  #minQuota = 0
  #membersWithExtra = 0

  constructor(group: GroupSpec) {
    this.#group = group
    const [first] = group.members.values()
    this.#topicIds = new Set(hashSetOrder([...first!.topicIds], javaUuidHash))
  }

  *assign(): Work<Map<string, Assignment>> {
    if (this.#topicIds.size === 0) return this.#target
    let total = 0
    for (const [topicId, taken] of yield* this.#takenPartitions()) {
      total += taken.length
      for (let partition = 0; partition < taken.length; partition++) {
        if (taken[partition] === 0) this.#unassigned.push({ topicId, partition })
      }
      yield taken.length
    }
    const members = this.#group.members.size
    this.#minQuota = Math.floor(total / members)
    this.#membersWithExtra = total % members
    yield* this.#revoke()
    yield* this.#fill()
    return this.#target
  }

  /** One byte for each partition of the subscribed topics: 1 when a member's target has it. */
  *#takenPartitions(): Work<Map<string, Uint8Array>> {
    const taken = new Map<string, Uint8Array>()
    for (const topicId of this.#topicIds)
      taken.set(topicId, new Uint8Array(this.#group.partitionCount(topicId)))
    for (const { assigned } of this.#group.members.values()) {
      let done = 1
      for (const [topicId, partitions] of assigned) {
        done += partitions.length
        const ofTopic = taken.get(topicId)
        if (ofTopic) for (const partition of partitions) ofTopic[partition] = 1
      }
      yield done
    }
    return taken
  }

  *#revoke(): Work<void> {
    let index = 0
    for (const [memberId, { assigned }] of this.#group.members) {
      let quota = this.#minQuota
      let hasExtra = this.#membersWithExtra > 0
      if (hasExtra) quota++
      const kept = this.#keepUpTo(quota, assigned)
      quota -= kept.count
      // Whoever has the extra partition already keeps it; others get one only when enough are left.
      if (quota > 0 && hasExtra && this.#group.members.size - index > this.#membersWithExtra) {
        quota--
        hasExtra = false
      }
      if (quota > 0) this.#unfilled.push({ memberId, quota })
      if (hasExtra) this.#membersWithExtra--
      this.#target.set(memberId, kept.assignment)
      index++
      yield 1 + kept.count
    }
  }

  #keepUpTo(quota: number, assigned: Assignment): { assignment: Assignment; count: number } {
    const held = this.#countIfAll(assigned)
    if (held !== undefined && held <= quota) return { assignment: assigned, count: held }
    const kept = new Map<string, readonly number[]>()
    let left = quota
    let changed = false
    for (const topicId of hashMapOrder([...assigned.keys()], javaUuidHash)) {
      const partitions = assigned.get(topicId)!
      if (!this.#topicIds.has(topicId)) {
        changed = true
      } else if (partitions.length <= left) {
        kept.set(topicId, partitions)
        left -= partitions.length
      } else {
        changed = true
        const inOrder = hashSetOrder(partitions, (partition) => partition)
        for (const partition of inOrder.slice(left)) this.#unassigned.push({ topicId, partition })
        if (left > 0)
          kept.set(
            topicId,
            inOrder.slice(0, left).sort((a, b) => a - b),
          )
        left = 0
      }
    }
    return { assignment: changed ? kept : assigned, count: quota - left }
  }

  /** How many partitions it has; `undefined` when it has some of a topic that is not subscribed. */
  #countIfAll(assigned: Assignment): number | undefined {
    let count = 0
    for (const [topicId, partitions] of assigned) {
      if (!this.#topicIds.has(topicId)) return undefined
      count += partitions.length
    }
    return count
  }

  *#fill(): Work<void> {
    let next = 0
    for (const { memberId, quota } of this.#unfilled) {
      const end = Math.min(next + quota, this.#unassigned.length)
      if (end === next) continue
      const grown = new Map<string, number[]>()
      for (; next < end; next++) {
        const { topicId, partition } = this.#unassigned[next]!
        const partitions = grown.get(topicId)
        if (partitions) partitions.push(partition)
        else grown.set(topicId, [partition])
      }
      const target = new Map(this.#target.get(memberId))
      for (const [topicId, partitions] of grown) {
        target.set(
          topicId,
          [...(target.get(topicId) ?? []), ...partitions].sort((a, b) => a - b),
        )
      }
      this.#target.set(memberId, target)
      yield quota
    }
  }
}
