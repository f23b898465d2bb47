/**
 * One partition on this broker: its log, the role that the cluster gave it, and who waits for it.
 *
 * Whether it may answer is decided twice: when a request begins, and again before its answer
 * leaves, because the lease may have ended in between (LEASES §4.3).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type { PartitionImage } from '../core/cluster/image.ts'
import { type IsrProposal, LeaderReplication } from '../core/replication/leader-replication.ts'
import type { Timer } from '../env/env.ts'
import type { AppendOutcome, Refusal } from '../log/append-outcome.ts'
import { checkClientBatch } from '../log/check-client-batch.ts'
import type { CheckedBatch, RecordCheck } from '../log/check-records.ts'
import type { Log } from '../log/log.ts'
import type { Broker } from './broker.ts'
import { cutImpossibleEpochs, cutTo } from './replication/follower-log.ts'
import type { LeaderEnds } from './replication/leader-ends.ts'
import type { ReplicationQuota } from './replication/replication-quota.ts'
import type { TopicTraffic } from './topic-traffic.ts'
import { WaitList } from './waiting.ts'

export type Role = 'leader' | 'follower' | 'none'

interface AwaitedSync {
  readonly sync: Promise<void>
  readonly leadership: LeaderReplication | undefined
  end: number
}

export class Partition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  /** Fetches, produces and journals that wait for the high watermark, or for any change of role. */
  readonly waiting = new WaitList()
  /** Of its topic. */
  readonly traffic: TopicTraffic
  readonly #broker: Broker
  #image: PartitionImage
  /** Undefined while the log cannot be used: its directory failed, or its files could not be made. */
  log: Log | undefined
  /** Monotonic: as a new leader no answer leaves before, the old one may still hold a lease. 0 once that is over. */
  #serveFromMs = 0
  /** The log end when it was elected: until the high watermark is there, reads could go back. */
  #leaderStartOffset = 0
  #acknowledgeableEnd = 0
  /** The last sync that acknowledgements of a leadership wait for, and where the log ended when one last began to wait for it. */
  #awaited: AwaitedSync | undefined
  /** While it leads. */
  #replication: LeaderReplication | undefined
  #serveTimer: Timer | undefined
  #removed = false
  /** Bytes staged since the start of this process: what a waiting fetch counts. */
  appendedBytes = 0
  /** Something was staged that `Appends` has not written yet. */
  isStaged = false

  constructor(broker: Broker, topic: string, image: PartitionImage, log: Log | undefined) {
    this.#broker = broker
    this.traffic = broker.traffic.topics.enter(topic)
    this.topic = topic
    this.topicId = image.topicId
    this.index = image.partition
    this.#image = { ...image, leaderEpoch: -1 }
    this.log = log
  }

  get image(): PartitionImage {
    return this.#image
  }

  get leaderEpoch(): number {
    return this.#image.leaderEpoch
  }

  get role(): Role {
    if (this.#removed) return 'none'
    if (this.#broker.session.leads(this.#image)) return 'leader'
    return this.#image.replicas.includes(this.#broker.nodeId) ? 'follower' : 'none'
  }

  /** What it knows of its followers; undefined while it does not lead. To be read only. */
  get followers(): LeaderReplication | undefined {
    return this.#replication
  }

  /** Its log cannot be used: the directory failed, or could not be opened. */
  get isBroken(): boolean {
    return this.log === undefined || this.log.disk.failure !== undefined
  }

  /** Takes the state that the coordinator decided; the caller wakes who waits. Metadata is level-triggered: only the newest counts. */
  become(image: PartitionImage, serveAfterMs: number): void {
    const { nodeId, env } = this.#broker
    const nowMs = env.clock.monotonicMs()
    const elected = image.leaderEpoch > this.#image.leaderEpoch
    const { isr } = this.#image
    this.#image = image
    if (!elected && this.role === 'leader') this.#broker.traffic.isrChanged(isr, image.isr)
    if (this.role !== 'leader' || this.log === undefined) {
      this.#replication = undefined
      if (this.role === 'follower') cutImpossibleEpochs(this, nodeId)
    } else if (elected || this.#replication === undefined) {
      const { logEndOffset } = this.log
      this.log.assignEpoch(image.leaderEpoch)
      this.#leaderStartOffset = logEndOffset
      this.#acknowledgeableEnd = Math.min(this.log.recoveryPoint, logEndOffset)
      this.#replication = new LeaderReplication(image, nodeId, logEndOffset, nowMs)
      this.#serveFrom(nowMs, serveAfterMs)
      // What it wrote before, as a leader or a follower, may still be on its way to the disk.
      this.written()
    } else this.#replication.update(image, nowMs)
    this.advance()
    this.#broker.replication.follow(this)
    this.#broker.replication.isrChanges.consider(this)
    if (this.isBroken) this.#broker.failedReplicas.report()
  }

  /** Answers are held back until then, and then somebody must let them go. */
  #serveFrom(nowMs: number, serveAfterMs: number): void {
    this.#serveTimer?.cancel()
    this.#serveFromMs = serveAfterMs > 0 ? nowMs + serveAfterMs : 0
    if (serveAfterMs > 0) this.#wakeWhenServing(serveAfterMs)
  }

  #wakeWhenServing(delayMs: number): void {
    const { clock, timers } = this.#broker.env
    this.#serveTimer = timers.after(delayMs, () => {
      // A timer of Node may come a fraction of a millisecond early.
      const restMs = this.#serveFromMs - clock.monotonicMs()
      if (restMs > 0) this.#wakeWhenServing(restMs)
      else this.waiting.wake()
    })
  }

  /**
   * As its leader: all before is deleted on every replica that lives or may be elected, as far as they have told. One that
   * is away may be when those in sync are fewer than `min.insync.replicas` (KIP-966), and then has what was deleted.
   */
  get lowWatermark(): number {
    const { brokers } = this.#broker.image
    const { isr, elr } = this.#image
    const counts = (brokerId: number) =>
      brokers.get(brokerId)?.fenced === false || isr.includes(brokerId) || elr.includes(brokerId)
    return this.#replication?.lowWatermark(this.log?.logStartOffset ?? -1, counts) ?? -1
  }

  /**
   * A follower has all from `logStartOffset` to before `fetchOffset`. False when the fetch must not be answered: an older
   * incarnation, or no replica at all.
   */
  followerFetched(
    replicaId: number,
    replicaEpoch: number,
    { fetchOffset, logStartOffset }: { fetchOffset: number; logStartOffset: number },
  ): boolean {
    const { log } = this
    const replication = this.#replication
    if (replication === undefined || log === undefined) return false
    const nowMs = this.#broker.env.clock.monotonicMs()
    const { logEndOffset: end } = log
    const startBefore = replication.logStartOffset(replicaId)
    if (!replication.fetched(replicaId, replicaEpoch, fetchOffset, end, nowMs, logStartOffset))
      return false
    this.advance()
    if (logStartOffset !== startBefore) this.waiting.wake()
    if (!this.#image.isr.includes(replicaId)) this.#broker.replication.isrChanges.consider(this)
    return true
  }

  /** The change of the ISR that is due, or was proposed and is not decided. */
  isrProposal(): IsrProposal | undefined {
    const { log } = this
    if (this.#replication === undefined || log === undefined) return undefined
    const { config, env, image } = this.#broker
    return this.#replication.propose(log.highWatermark, log.logEndOffset, env.clock.monotonicMs(), {
      lagMaxMs: config.get('replica.lag.time.max.ms'),
      eligibleEpoch: (id) => (image.isActive(id) ? image.brokers.get(id)?.brokerEpoch : undefined),
    })
  }

  /** The coordinator's definite answer to the proposal. */
  isrDecided(accepted: boolean, isr: readonly number[], partitionEpoch: number): void {
    this.#replication?.decided(accepted, isr, partitionEpoch)
    this.advance()
  }

  /** As a follower: bytes of the leader were appended. */
  followed(bytes: number): void {
    this.appendedBytes += bytes
    this.#broker.traffic.replicated.bytesIn += bytes
    this.waiting.wake()
  }

  /** As a follower whose end lies outside the leader's log. */
  moveInto({ start, end }: LeaderEnds): void {
    const { log } = this
    if (log === undefined) return
    if (log.logEndOffset > end) cutTo(this, end)
    else if (log.logEndOffset < start) log.truncateFullyAndStartAt(start)
  }

  /** Its log could not be made before, and is there now. As a leader it waits for any lease before its own. */
  opened(log: Log): void {
    this.log = log
    this.become(this.#image, this.#broker.config.get('lease.duration.ms'))
    this.waiting.wake()
  }

  /** The topic is gone, or the replica moved away: whoever waits is answered. */
  remove(): void {
    this.#removed = true
    this.#broker.traffic.topics.leave(this.topic, this.traffic)
    this.#replication = undefined
    this.#serveTimer?.cancel()
    this.#broker.replication.forget(this)
    this.log = undefined
    this.waiting.wake()
  }

  get removed(): boolean {
    return this.#removed
  }

  /** Why this broker may not serve the partition as its leader now; NONE when it may. */
  leaderError(currentLeaderEpoch = -1): number {
    if (this.#removed) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (currentLeaderEpoch !== -1) {
      if (currentLeaderEpoch < this.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH
      if (currentLeaderEpoch > this.leaderEpoch) return ErrorCode.UNKNOWN_LEADER_EPOCH
    }
    if (this.role !== 'leader') return ErrorCode.NOT_LEADER_OR_FOLLOWER
    if (this.log === undefined || this.log.disk.failure !== undefined)
      return ErrorCode.KAFKA_STORAGE_ERROR
    return ErrorCode.NONE
  }

  /** To be asked right before an answer leaves. */
  mayAnswer(): boolean {
    return (
      this.role === 'leader' &&
      // It gives the partition up, and its successor waits for nobody.
      !this.isBroken &&
      this.#broker.session.mayLead() &&
      this.#mayServe()
    )
  }

  #mayServe(): boolean {
    if (this.#serveFromMs === 0) return true
    if (this.#broker.env.clock.monotonicMs() < this.#serveFromMs) return false
    this.#serveFromMs = 0
    return true
  }

  /** As `mayAnswer`, for what tells where the log ends (LEASES §4.3). */
  mayRead(): boolean {
    return this.highWatermarkKnown && this.mayAnswer()
  }

  /** Clients may not see the end of the log go back: a new leader waits for its followers first. */
  get highWatermarkKnown(): boolean {
    return (this.log?.highWatermark ?? 0) >= this.#leaderStartOffset
  }

  /** Stages a client's records; `Appends.write` stores them. What there is no time for now comes back. */
  stage(records: Buffer): AppendOutcome | RecordCheck {
    const { appends, recordChecks } = this.#broker
    const log = this.log as Log
    const checked = checkClientBatch(records, log, appends.wallMs(), recordChecks.budget)
    return 'batch' in checked ? checked : this.stageChecked(checked)
  }

  stageChecked(checked: CheckedBatch | Refusal): AppendOutcome {
    const outcome = (this.log as Log).stageChecked(checked, this.leaderEpoch)
    return this.#staged(outcome, 'bytes' in checked ? checked.bytes.length : 0)
  }

  /** Stages what a group coordinator writes. */
  stageOwn(records: Buffer): AppendOutcome {
    const { leaderEpoch } = this
    const outcome = (this.log as Log).stageAsLeader(records, { leaderEpoch, origin: 'coordinator' })
    return this.#staged(outcome, records.length)
  }

  #staged(outcome: AppendOutcome, bytes: number): AppendOutcome {
    const { appends, traffic } = this.#broker
    if (outcome.errorCode === ErrorCode.NONE) {
      this.appendedBytes += bytes
      appends.add(this)
      traffic.produced.bytes += bytes
      this.traffic.bytesIn += bytes
      if (bytes > 0 && !outcome.isDuplicate) {
        const records = outcome.lastOffset - outcome.baseOffset + 1
        traffic.produced.records += records
        this.traffic.recordsIn += records
      }
      traffic.batchBytes.took(bytes)
    } else if (outcome.errorCode === ErrorCode.MESSAGE_TOO_LARGE) traffic.batchBytes.refused++
    return outcome
  }

  /** As its leader: the end of a follower's log as it told last; -1 when it has not. */
  endOf(brokerId: number): number {
    return this.#replication?.logEndOffset(brokerId) ?? -1
  }

  /** The quota that a replica out of sync is sent under; consumers and replicas in sync have none. */
  throttledFor(replicaId: number): ReplicationQuota | undefined {
    if (replicaId < 0 || this.#image.isr.includes(replicaId)) return undefined
    const { leaderQuota } = this.#broker.replication
    return leaderQuota.throttles(this) ? leaderQuota : undefined
  }

  /** How far a reader may read: consumers to what is committed, replicas to the end. */
  readableEnd(readCommitted: boolean, replicaId: number): number {
    const log = this.log
    if (log === undefined) return -1
    if (replicaId >= 0) return log.logEndOffset
    return readCommitted ? log.lastStableOffset : log.highWatermark
  }

  /** What this replica may acknowledge: all of its log, or what is synced where the topic asks for it. */
  get acknowledgeableEnd(): number {
    return this.#acknowledgeableEnd
  }

  /** After a write: acknowledgements go out now, or when the disk has it. */
  written(): void {
    const { log } = this
    const leadership = this.#replication
    if (log === undefined) return
    const end = log.logEndOffset
    const sync = log.durable()
    if (sync === undefined) this.#acknowledgeable(end)
    // However many writes wait for one sync, who waits for them is woken once.
    else if (this.#awaited?.sync === sync && this.#awaited.leadership === leadership)
      this.#awaited.end = end
    else {
      const awaited = { sync, leadership, end }
      this.#awaited = awaited
      sync.then(
        () => {
          // It may have led again since, after its end was cut off and others came in its place.
          if (this.#replication === leadership) this.#acknowledgeable(awaited.end)
        },
        // The directory is offline now: who waits is told so.
        () => this.waiting.wake(),
      )
    }
  }

  #acknowledgeable(end: number): void {
    if (end <= this.#acknowledgeableEnd) return
    this.#acknowledgeableEnd = end
    this.advance()
    this.waiting.wake()
  }

  /** Moves the high watermark as far as the replicas allow; wakes who waits for it. */
  advance(): void {
    const { log } = this
    if (log === undefined || this.#replication === undefined || this.role !== 'leader') return
    const before = log.highWatermark
    const end = this.#acknowledgeableEnd
    log.highWatermark = this.#replication.highWatermark(before, end, this.minInsyncReplicas)
    if (log.highWatermark > before) this.waiting.wake()
  }

  /** Effective min.insync.replicas. */
  get minInsyncReplicas(): number {
    return this.#broker.image.minInsyncReplicas(this.topic, this.#image.replicas.length)
  }
}
