/** What one fetch reads of one partition: checks, limits, bytes, and the form of the answer. */
import { ErrorCode } from '../../protocol/errors.ts'
import type { Fetch } from '../../protocol/messages/fetch.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import type { FetchedPartition } from '../core/fetch/session.ts'
import type { Log, LogRead } from '../log/log.ts'
import type { RequestContext } from './handler.ts'
import type { Partition } from './partition.ts'

type PartitionResponse = ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]

export interface ReadLimits {
  /** -1: a consumer. */
  readonly replicaId: number
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
  bytes: Buffer = empty
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  preferredReadReplica = -1
  divergingEpoch: { epoch: number; endOffset: number } | undefined
  aborted: { producerId: number; firstOffset: number }[] | null = []
  /** The end of what could be read, and the epoch, when it was. */
  upTo = -1
  leaderEpoch = -1
  #read: LogRead | undefined
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
    read.aborted = errorCode === ErrorCode.OFFSET_OUT_OF_RANGE ? null : []
    return read
  }

  take(read: LogRead): void {
    this.#read = read
    this.bytes = read.bytes
  }

  release(): void {
    this.#read?.release()
    this.#read = undefined
  }

  /** Has something to tell that must not wait. */
  get urgent(): boolean {
    return (
      this.errorCode !== ErrorCode.NONE ||
      this.divergingEpoch !== undefined ||
      this.preferredReadReplica !== -1
    )
  }

  /** Right before the answer leaves: may this broker (still) give it (LEASES §4.3)? */
  recheck(): PartitionRead | undefined {
    const { partition } = this
    if (partition === undefined || this.errorCode !== ErrorCode.NONE) return undefined
    if (partition.removed)
      return PartitionRead.failed(this.asked, partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if (this.#replicaId >= 0 || partition.role !== 'leader' || partition.mayAnswer())
      return undefined
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
      ...(this.divergingEpoch && { divergingEpoch: this.divergingEpoch }),
    }
    const moved =
      errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH
    if (!moved || partition === undefined) return response
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
  const error = accessError(partition, asked, limits, context.apiVersion)
  if (error !== ErrorCode.NONE) return PartitionRead.failed(asked, partition, error)
  return readLog(partition, partition.log as Log, asked, limits)
}

const noId = 'A'.repeat(22)
/** From here on followers serve consumers too (KIP-392). */
const followerReadsVersion = 11

function accessError(
  partition: Partition,
  { currentLeaderEpoch }: FetchedPartition,
  { replicaId }: ReadLimits,
  apiVersion: number,
): number {
  const error = partition.leaderError(currentLeaderEpoch)
  if (error !== ErrorCode.NOT_LEADER_OR_FOLLOWER || replicaId >= 0) return error
  if (apiVersion < followerReadsVersion || partition.role !== 'follower') return error
  return partition.log === undefined ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE
}

function readLog(
  partition: Partition,
  log: Log,
  asked: FetchedPartition,
  limits: ReadLimits,
): PartitionRead | Promise<PartitionRead> {
  const { fetchOffset, lastFetchedEpoch } = asked
  const read = new PartitionRead(asked, partition, limits.replicaId)
  read.upTo = partition.readableEnd(limits.readCommitted, limits.replicaId)
  read.leaderEpoch = partition.leaderEpoch
  const note = () => {
    read.highWatermark = log.highWatermark
    read.lastStableOffset = log.lastStableOffset
    read.logStartOffset = log.logStartOffset
  }
  note()
  if (lastFetchedEpoch >= 0) {
    const end = log.endOffsetForEpoch(lastFetchedEpoch)
    if (end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset) {
      read.divergingEpoch = { epoch: end.leaderEpoch, endOffset: end.endOffset }
      return read
    }
  }
  if (fetchOffset > log.logEndOffset || fetchOffset < log.logStartOffset)
    return PartitionRead.failed(asked, partition, ErrorCode.OFFSET_OUT_OF_RANGE)
  const finish = (bytes: LogRead): PartitionRead => {
    read.take(bytes)
    read.aborted = limits.readCommitted
      ? log.abortedTransactions(fetchOffset, bytes.endOffset ?? read.upTo)
      : null
    return read
  }
  if (fetchOffset >= read.upTo) {
    read.aborted = limits.readCommitted ? [] : null
    return read
  }
  try {
    const { maxBytes, atLeastOneBatch } = limits
    const bytes = log.read(fetchOffset, maxBytes, { upTo: read.upTo, atLeastOneBatch })
    if (!(bytes instanceof Promise)) return finish(bytes)
    return bytes.then(finish, (error: unknown) => readFailed(partition, asked, error))
  } catch (error) {
    return readFailed(partition, asked, error)
  }
}

/** A damaged batch is answered as such and never served; everything else counts as a failed disk. */
function readFailed(partition: Partition, asked: FetchedPartition, error: unknown): PartitionRead {
  const code = (error as { errorCode?: number }).errorCode
  return PartitionRead.failed(asked, partition, code ?? ErrorCode.KAFKA_STORAGE_ERROR)
}
