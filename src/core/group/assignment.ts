/**
 * Partitions that a member shall have: topic id to partition numbers, ascending. Never changed in
 * place: whoever holds one may keep it.
 */
export type Assignment = ReadonlyMap<string, readonly number[]>

export const noPartitions: Assignment = new Map()

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others?.length !== partitions.length) return false
    if (others !== partitions && others.some((partition, i) => partition !== partitions[i]))
      return false
  }
  return true
}

/** What an assignor knows of a member. */
export interface MemberSpec {
  readonly instanceId: string | null
  /** Topics it is subscribed to that exist. */
  readonly topicIds: ReadonlySet<string>
  /** The target assignment it has now. */
  readonly assigned: Assignment
}

/** What an assignor knows of a group. `members` are in the order in which Java would have them. */
export interface GroupSpec {
  readonly members: ReadonlyMap<string, MemberSpec>
  /** All members are subscribed to the same topics. */
  readonly homogeneous: boolean
  partitionCount(topicId: string): number
}

/**
 * Work that can be shared out over turns of the event loop. It yields how much it has done since it
 * yielded last, counted in members and partitions that were looked at.
 */
export type Work<Result> = Generator<number, Result>

/** A server-side assignor (KIP-848): the new target of every member. Members left out get nothing. */
export type Assignor = (group: GroupSpec) => Work<Map<string, Assignment>>

/** Does all of it at once. */
export function finish<Result>(work: Work<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
