/**
 * Subscribers of one topic by how many partitions they have: gives the least loaded one after the
 * other, and the most loaded one after the other, while loads change by one at a time. Kafka's
 * MemberAssignmentBalancer: members of equal load are taken in turn.
 */
export class LoadOrder {
  /** Partitions of each member, by member index; changed by the caller. */
  readonly #loads: readonly number[]
  #members: number[] = []
  /** The first members, up to here exclusive, have the lowest load. */
  #leastEnd = 0
  #leastLoad = -1
  #nextLeast = 0
  /** The members from start to end exclusive have the highest load; those behind are excluded. */
  #mostStart = 0
  #mostEnd = 0
  #mostLoad = 1
  #nextMost = -1

  constructor(loads: readonly number[]) {
    this.#loads = loads
  }

  /** Returns the difference between the highest and the lowest load. */
  start(members: readonly number[]): number {
    this.#members = [...members].sort((a, b) => this.#load(a) - this.#load(b) || a - b)
    const lowest = this.#load(this.#members[0]!)
    const highest = this.#load(this.#members.at(-1)!)
    this.#leastEnd = 0
    this.#leastLoad = lowest - 1
    this.#nextLeast = 0
    this.#mostStart = this.#members.length
    this.#mostEnd = this.#members.length
    this.#mostLoad = highest + 1
    this.#nextMost = this.#members.length - 1
    return highest - lowest
  }

  nextLeastLoaded(): number {
    if (this.#nextLeast >= this.#leastEnd) {
      this.#leastLoad++
      while (
        this.#leastEnd < this.#members.length &&
        this.#load(this.#members[this.#leastEnd]!) === this.#leastLoad
      )
        this.#leastEnd++
      this.#nextLeast = 0
    }
    return this.#members[this.#nextLeast++]!
  }

  /** -1 when no member is left. */
  nextMostLoaded(): number {
    if (this.#nextMost < this.#mostStart) {
      if (this.#mostEnd <= this.#mostStart && this.#mostStart > 0)
        this.#mostLoad = this.#load(this.#members[this.#mostStart - 1]!)
      else this.#mostLoad--
      while (
        this.#mostStart > 0 &&
        this.#load(this.#members[this.#mostStart - 1]!) === this.#mostLoad
      )
        this.#mostStart--
      this.#nextMost = this.#mostEnd - 1
    }
    if (this.#nextMost < 0) return -1
    return this.#members[this.#nextMost--]!
  }

  /** Takes the member that `nextMostLoaded` gave last out of the order. */
  excludeMostLoaded(): void {
    const at = this.#nextMost + 1
    const excluded = this.#members[at]!
    this.#members[at] = this.#members[this.#mostEnd - 1]!
    this.#members[this.#mostEnd - 1] = excluded
    this.#mostEnd--
  }

  isBalanced(): boolean {
    return this.#mostLoad - this.#leastLoad <= 1
  }

  #load(member: number): number {
    return this.#loads[member]!
  }
}
