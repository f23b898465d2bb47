/**
 * What a leader knows of its followers, and what follows from it: the high watermark, and who is in
 * sync (LEASES §4.5, §4.6).
 *
 * A change of the ISR is proposed to the coordinator and counts before it is decided in one way
 * only: the high watermark waits for everybody who is in the ISR or may be by now (the maximal
 * ISR). A new member counts at once, one that shall leave until the coordinator has said so.
 */
import type { PartitionImage } from '../cluster/image.ts'

interface Follower {
  readonly brokerId: number
  /** The incarnation that fetched: what an earlier one had may be gone. */
  brokerEpoch: number
  /** -1 until it fetched in this leader epoch. */
  logEndOffset: number
  /** -1 until it said so in this leader epoch. */
  logStartOffset: number
  lastCaughtUpMs: number
  lastFetchMs: number
  leaderEndAtLastFetch: number
}

export interface IsrProposal {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly newIsr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[]
}

export interface ReplicationRules {
  /** replica.lag.time.max.ms */
  readonly lagMaxMs: number
  /** The epoch of a broker that may join an ISR now; undefined for one that may not. */
  eligibleEpoch(brokerId: number): number | undefined
}

const nobody: readonly Follower[] = []

export class LeaderReplication {
  readonly #selfId: number
  /** A few at most, and none of a partition with one replica: in a list they are found as fast as in a map, and take less. */
  #followers: readonly Follower[] = nobody
  /** Where this leader epoch began: a follower below it may miss what earlier leaders acknowledged. */
  readonly leaderStartOffset: number
  #state: PartitionImage
  #proposal: IsrProposal | undefined

  /** The broker was elected; its log ends at `logEndOffset`. */
  constructor(state: PartitionImage, selfId: number, logEndOffset: number, nowMs: number) {
    this.#state = state
    this.#selfId = selfId
    this.leaderStartOffset = logEndOffset
    for (const brokerId of state.replicas) this.#track(brokerId, nowMs)
  }

  get proposal(): IsrProposal | undefined {
    return this.#proposal
  }

  /** As it was decided last. */
  get isr(): readonly number[] {
    return this.#state.isr
  }

  get maximalIsr(): readonly number[] {
    const { isr } = this.#state
    if (this.#proposal === undefined) return isr
    return [...new Set([...isr, ...this.#proposal.newIsr.map(({ brokerId }) => brokerId)])]
  }

  /** The end of a follower's log as it told last; -1 when it has not fetched in this epoch. */
  logEndOffset(brokerId: number): number {
    return this.#follower(brokerId)?.logEndOffset ?? -1
  }

  /** A later state of the same leader epoch. A proposal for an older partition epoch is decided by it. */
  update(state: PartitionImage, nowMs: number): void {
    if (state.partitionEpoch < this.#state.partitionEpoch) return
    this.#state = state
    if (this.#proposal && this.#proposal.partitionEpoch < state.partitionEpoch)
      this.#proposal = undefined
    for (const brokerId of state.replicas) this.#track(brokerId, nowMs)
    if (!this.#followers.every(({ brokerId }) => state.replicas.includes(brokerId)))
      this.#followers = this.#followers.filter(({ brokerId }) => state.replicas.includes(brokerId))
  }

  /**
   * A follower asks for what is at `fetchOffset`: it has all before it. False when the fetch is of
   * an incarnation that a later one has replaced, or of no replica.
   */
  fetched(
    brokerId: number,
    brokerEpoch: number,
    fetchOffset: number,
    leaderEnd: number,
    nowMs: number,
    logStartOffset = -1,
  ): boolean {
    const follower = this.#follower(brokerId)
    if (follower === undefined || brokerEpoch < follower.brokerEpoch) return false
    if (brokerEpoch > follower.brokerEpoch) {
      follower.lastCaughtUpMs = 0
      follower.lastFetchMs = 0
      follower.leaderEndAtLastFetch = 0
    }
    follower.brokerEpoch = brokerEpoch
    // Caught up then, if it now has all that there was at its last fetch.
    if (fetchOffset >= leaderEnd) follower.lastCaughtUpMs = nowMs
    else if (fetchOffset >= follower.leaderEndAtLastFetch)
      follower.lastCaughtUpMs = Math.max(follower.lastCaughtUpMs, follower.lastFetchMs)
    follower.logEndOffset = fetchOffset
    follower.logStartOffset = logStartOffset
    follower.lastFetchMs = nowMs
    follower.leaderEndAtLastFetch = leaderEnd
    return true
  }

  /**
   * Up to where every replica that counts has the log. Never below `current`; stands still while the
   * ISR is smaller than min.insync.replicas (KIP-966).
   */
  highWatermark(current: number, ownEnd: number, minInsyncReplicas: number): number {
    if (this.#state.isr.length < minInsyncReplicas) return current
    let lowest = ownEnd
    for (const brokerId of this.maximalIsr)
      if (brokerId !== this.#selfId) lowest = Math.min(lowest, this.logEndOffset(brokerId))
    return Math.max(current, lowest)
  }

  /** Up to where no replica has records any more, of those that count; -1 while one has not said. */
  lowWatermark(ownStart: number, counts: (brokerId: number) => boolean): number {
    let lowest = ownStart
    for (const { brokerId, logStartOffset } of this.#followers)
      if (counts(brokerId)) lowest = Math.min(lowest, logStartOffset)
    return lowest
  }

  /** Where a follower's log begins, as it told last; -1 when it has not. */
  logStartOffset(brokerId: number): number {
    return this.#follower(brokerId)?.logStartOffset ?? -1
  }

  /**
   * The next change of the ISR, if one is due; it stands until `decided`. The same one is given
   * again while it is undecided, to be asked again.
   */
  propose(
    highWatermark: number,
    leaderEnd: number,
    nowMs: number,
    rules: ReplicationRules,
  ): IsrProposal | undefined {
    if (this.#proposal) return this.#proposal
    const { isr, replicas, leaderEpoch, partitionEpoch } = this.#state
    // Who joins must keep up as well, or it would have to leave at once.
    const members = replicas.filter(
      (brokerId) =>
        brokerId === this.#selfId ||
        (this.#keepsUp(brokerId, leaderEnd, nowMs, rules.lagMaxMs) &&
          (isr.includes(brokerId) || this.#mayJoin(brokerId, highWatermark, rules))),
    )
    if (members.length === isr.length && members.every((id) => isr.includes(id))) return undefined
    const newIsr: { brokerId: number; brokerEpoch: number }[] = []
    for (const brokerId of members) {
      const brokerEpoch = rules.eligibleEpoch(brokerId)
      // A member that is not active is the coordinator's to remove; a proposal with it is refused.
      if (brokerEpoch === undefined) return undefined
      newIsr.push({ brokerId, brokerEpoch })
    }
    this.#proposal = { leaderEpoch, partitionEpoch, newIsr }
    return this.#proposal
  }

  /**
   * The coordinator's definite answer to the proposal. Without one (a lost connection) the proposal
   * stands: it may have been accepted.
   */
  decided(accepted: boolean, isr: readonly number[], partitionEpoch: number): void {
    this.#proposal = undefined
    if (accepted && partitionEpoch > this.#state.partitionEpoch)
      this.#state = { ...this.#state, isr: [...isr], partitionEpoch }
  }

  #track(brokerId: number, nowMs: number): void {
    if (brokerId === this.#selfId || this.#follower(brokerId) !== undefined) return
    const follower = {
      brokerId,
      brokerEpoch: -1,
      logEndOffset: -1,
      logStartOffset: -1,
      lastCaughtUpMs: this.#state.isr.includes(brokerId) ? nowMs : 0,
      lastFetchMs: 0,
      leaderEndAtLastFetch: 0,
    }
    this.#followers = [...this.#followers, follower]
  }

  #follower(brokerId: number): Follower | undefined {
    for (const follower of this.#followers) if (follower.brokerId === brokerId) return follower
    return undefined
  }

  #keepsUp(brokerId: number, leaderEnd: number, nowMs: number, lagMaxMs: number): boolean {
    const follower = this.#follower(brokerId)
    if (follower === undefined) return false
    return follower.logEndOffset >= leaderEnd || nowMs - follower.lastCaughtUpMs <= lagMaxMs
  }

  #mayJoin(brokerId: number, highWatermark: number, rules: ReplicationRules): boolean {
    const follower = this.#follower(brokerId)
    return (
      follower !== undefined &&
      follower.logEndOffset >= Math.max(highWatermark, this.leaderStartOffset) &&
      rules.eligibleEpoch(brokerId) === follower.brokerEpoch
    )
  }
}
