/** What one fetch reads of one partition: checks, limits, bytes, and the form of the answer. */
import { ErrorCode } from '../../protocol/errors.ts'
import type { Fetch } from '../../protocol/messages/fetch.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import type { Chunk } from '../../protocol/slab.ts'
import type { FetchedPartition } from '../core/fetch/session.ts'
import type { Log } from '../log/log.ts'
import type { LogRead } from '../log/read.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'
import type { Partition } from './partition.ts'
import { preferredReplica } from './preferred-replica.ts'

type PartitionResponse = ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]

export interface ReadLimits {
  /** -1: a consumer. */
  readonly replicaId: number
  /** Of the replica's incarnation (KIP-903); -1 from one that does not say. */
  readonly replicaEpoch: number
  readonly readCommitted: boolean
  readonly rackId: string
  readonly maxBytes: number
  readonly atLeastOneBatch: boolean
}

const empty = Buffer.alloc(0)

export class PartitionRead {
  readonly asked: FetchedPartition
  readonly partition: Partition | undefined
  errorCode: number = ErrorCode.NONE
  bytes: Chunk = empty
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  preferredReadReplica = -1
  divergingEpoch: { epoch: number; endOffset: number } | undefined
  aborted: { producerId: number; firstOffset: number }[] | null = []
  /** The end of what could be read, and the epoch, when it was. */
  upTo = -1
  leaderEpoch = -1
  #read: LogRead<Chunk> | undefined
  readonly #replicaId: number

  constructor(asked: FetchedPartition, partition: Partition | undefined, replicaId: number) {
    this.asked = asked
    this.partition = partition
    this.#replicaId = replicaId
  }

  static failed(
    asked: FetchedPartition,
    partition: Partition | undefined,
    errorCode: number,
  ): PartitionRead {
    const read = new PartitionRead(asked, partition, -1)
    read.errorCode = errorCode
    // As Kafka has it: a list where there is no such partition, null where the log was asked (RC-2).
    read.aborted = partition === undefined ? [] : null
    return read
  }

  take(read: LogRead<Chunk>): void {
    this.#read = read
    this.bytes = read.records
  }

  release(): void {
    this.#read?.release()
    this.#read = undefined
  }

  /** More would not be read if it waited. */
  get isPartial(): boolean {
    return this.#read?.isPartial === true
  }

  /** Has something to tell that must not wait. */
  get urgent(): boolean {
    return (
      this.errorCode !== ErrorCode.NONE ||
      this.divergingEpoch !== undefined ||
      this.preferredReadReplica !== -1
    )
  }

  /** For a consumer at the leader: its lease, or its high watermark, is still to come. */
  get early(): boolean {
    const { partition } = this
    if (partition === undefined || this.#replicaId >= 0 || this.errorCode !== ErrorCode.NONE)
      return false
    return partition.role === 'leader' && !partition.mayRead()
  }

  /** Right before the answer leaves: may this broker (still) give it (LEASES §4.3)? */
  recheck(): PartitionRead | undefined {
    const { partition } = this
    if (partition === undefined || this.errorCode !== ErrorCode.NONE) return undefined
    if (partition.removed)
      return PartitionRead.failed(this.asked, partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    // Of another epoch: what was read may have been cut off, or be behind what the new leader has told.
    if (!this.early && partition.leaderEpoch === this.leaderEpoch) return undefined
    return PartitionRead.failed(this.asked, partition, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  }

  response(apiVersion: number, leaders: Set<number>): PartitionResponse {
    const { errorCode, partition } = this
    const response = {
      partitionIndex: this.asked.partition,
      // Clients before version 6 do not know the storage error (F-10).
      errorCode:
        errorCode === ErrorCode.KAFKA_STORAGE_ERROR && apiVersion <= 5
          ? ErrorCode.NOT_LEADER_OR_FOLLOWER
          : errorCode,
      highWatermark: this.highWatermark,
      lastStableOffset: this.lastStableOffset,
      logStartOffset: this.logStartOffset,
      abortedTransactions: this.aborted,
      preferredReadReplica: this.preferredReadReplica,
      // Never null: librdkafka breaks on it (W-6).
      records: this.bytes,
    }
    if (this.divergingEpoch) return { ...response, divergingEpoch: this.divergingEpoch }
    const moved =
      errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH
    // KIP-951
    if (!moved || partition === undefined || apiVersion < currentLeaderVersion) return response
    const { leader, leaderEpoch } = partition.image
    if (leader >= 0) leaders.add(leader)
    return { ...response, currentLeader: { leaderId: leader, leaderEpoch } }
  }
}

export function releaseReads(reads: readonly PartitionRead[]): void {
  for (const read of reads) read.release()
}

export function readPartition(
  context: RequestContext,
  asked: FetchedPartition,
  limits: ReadLimits,
): PartitionRead | Promise<PartitionRead> {
  const { broker } = context
  const failed = (errorCode: number) => PartitionRead.failed(asked, undefined, errorCode)
  asked.topic ??= broker.image.topicById(asked.topicId)?.name
  if (asked.topic === undefined) return failed(ErrorCode.UNKNOWN_TOPIC_ID)
  const partition = broker.partitions.find(asked.topic, asked.partition)
  if (typeof partition === 'number') return failed(partition)
  if (asked.topicId !== noId && partition.topicId !== asked.topicId)
    return failed(ErrorCode.INCONSISTENT_TOPIC_ID)
  const error = accessError(partition, asked, limits)
  if (error !== ErrorCode.NONE) return PartitionRead.failed(asked, partition, error)
  return readLog(broker, partition, partition.log as Log, asked, limits)
}

const noId = 'A'.repeat(22)
/** From here on a fetch is told the new leader with its error (KIP-951). */
const currentLeaderVersion = 16

/**
 * Followers serve consumers that name their rack (KIP-392), and no others: one that fetches here
 * because this broker led once would be shown an older end, or be told that its offset is out of range.
 */
function accessError(
  partition: Partition,
  { currentLeaderEpoch }: FetchedPartition,
  { replicaId, rackId }: ReadLimits,
): number {
  const error = partition.leaderError(currentLeaderEpoch)
  if (replicaId >= 0 && !partition.image.replicas.includes(replicaId))
    return ErrorCode.NOT_LEADER_OR_FOLLOWER
  if (error !== ErrorCode.NOT_LEADER_OR_FOLLOWER || replicaId >= 0) return error
  if (rackId === '' || partition.role !== 'follower') return error
  return partition.log === undefined ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE
}

function readLog(
  broker: Broker,
  partition: Partition,
  log: Log,
  asked: FetchedPartition,
  limits: ReadLimits,
): PartitionRead | Promise<PartitionRead> {
  const { fetchOffset, lastFetchedEpoch } = asked
  const read = new PartitionRead(asked, partition, limits.replicaId)
  read.upTo = partition.readableEnd(limits.readCommitted, limits.replicaId)
  read.leaderEpoch = partition.leaderEpoch
  read.highWatermark = log.highWatermark
  read.lastStableOffset = log.lastStableOffset
  read.logStartOffset = log.logStartOffset
  read.aborted = limits.readCommitted ? [] : null
  if (lastFetchedEpoch >= 0) {
    const end = log.endOffsetForEpoch(lastFetchedEpoch) ?? { epoch: -1, endOffset: -1 }
    // Who names an epoch that this log has not seen starts anew, as Kafka has it.
    if (end.epoch < 0) return PartitionRead.failed(asked, partition, ErrorCode.OFFSET_OUT_OF_RANGE)
    if (end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset) {
      read.divergingEpoch = end
      return read
    }
  }
  if (fetchOffset > log.logEndOffset || fetchOffset < log.logStartOffset)
    return PartitionRead.failed(asked, partition, ErrorCode.OFFSET_OUT_OF_RANGE)
  if (
    limits.replicaId >= 0 &&
    !partition.followerFetched(limits.replicaId, limits.replicaEpoch, asked)
  )
    return PartitionRead.failed(asked, partition, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  read.highWatermark = log.highWatermark
  if (limits.replicaId < 0 && limits.rackId !== '')
    read.preferredReadReplica = preferredReplica(broker, partition, limits.rackId, fetchOffset)
  if (fetchOffset >= read.upTo || read.preferredReadReplica !== -1) return read
  const quota = partition.throttledFor(limits.replicaId)
  if (quota?.exceeded) return read
  const finish = (bytes: LogRead<Chunk>): PartitionRead => {
    if (bytes.errorCode !== ErrorCode.NONE)
      return PartitionRead.failed(asked, partition, bytes.errorCode)
    read.take(bytes)
    quota?.record(bytes.records.length)
    if (limits.readCommitted) read.aborted = log.abortedTransactions(fetchOffset, read.upTo)
    return read
  }
  const options = { upTo: read.upTo, atLeastOne: limits.atLeastOneBatch }
  try {
    const bytes =
      log.range(fetchOffset, limits.maxBytes, read.upTo) ??
      log.read(fetchOffset, limits.maxBytes, options)
    if (bytes !== undefined) return finish(bytes)
    return log
      .readLater(fetchOffset, limits.maxBytes, options)
      .then(finish, () => storageFailure(partition, asked))
  } catch {
    return storageFailure(partition, asked)
  }
}

function storageFailure(partition: Partition, asked: FetchedPartition): PartitionRead {
  return PartitionRead.failed(asked, partition, ErrorCode.KAFKA_STORAGE_ERROR)
}
