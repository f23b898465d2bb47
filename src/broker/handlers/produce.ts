/**
 * Produce 3–13: appends batches to the partitions that this broker leads (rules P-1 to P-15).
 *
 * A request only stages its batches. All that one read of the socket brought is then written at
 * once, and the answer is made when enough is durable or replicated for its `acks`. Batches whose
 * records take long to look at are staged later, and hold up what their client sent behind them.
 */
import { codecs } from '../../../protocol/compression.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { Produce } from '../../../protocol/messages/produce.ts'
import { batchHeaderBytes, codecOf, isTransactional } from '../../../protocol/record-batch.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import { isInternalTopic } from '../../core/cluster/internal-topics.ts'
import type { AppendOutcome } from '../../log/append-outcome.ts'
import type { RecordCheck } from '../../log/check-records.ts'
import { type RequestContext, RequestError, type Respond, streamingHandler } from '../handler.ts'
import type { Partition } from '../partition.ts'
import { type Waiter, Waiting } from '../waiting.ts'

type Request = RequestOf<typeof Produce>
type Response = ResponseOf<typeof Produce>
type PartitionResponse = Response['responses'][number]['partitionResponses'][number]

/** The client that may write to internal topics (Kafka's own tools). */
const adminClientId = '__admin_client'
const noId = 'A'.repeat(22)
/** Clients before know neither zstd (KIP-110) … */
const zstdVersion = 7
/** … nor errors of single records (KIP-467). */
const recordErrorsVersion = 8

/** One partition of a request. `outcome` is what was staged, or why nothing was. */
interface Result {
  readonly index: number
  readonly partition: Partition | undefined
  /** When it was staged. */
  leaderEpoch: number
  outcome: AppendOutcome
  /** What has to be done before it can be staged; the outcome is not known then. */
  check?: RecordCheck | undefined
}

/** Refusals with which Kafka does not tell the start of the log (P-10). */
const withoutLogStart: ReadonlySet<number> = new Set([
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.CORRUPT_MESSAGE,
])

type Appended = Result & { readonly partition: Partition }

interface TopicResults {
  readonly name: string
  readonly topicId: string
  readonly results: Result[]
}

export const produce = streamingHandler(Produce, {
  namesPartitions: true,
  overlaps: true,
  begin(request, context, respond) {
    refuseUnownedTransactions(request)
    return new ProduceOperation(request, context, respond).begin()
  },
  failure(request, errorCode, errorMessage) {
    return {
      responses: request.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => ({
          index,
          errorCode,
          baseOffset: -1,
          errorMessage,
        })),
      })),
    }
  },
})

function refuseUnownedTransactions({ transactionalId, topicData }: Request): void {
  if (transactionalId !== null) return
  for (const { partitionData } of topicData)
    for (const { records } of partitionData)
      if (records !== null && records.length >= batchHeaderBytes && isTransactional(records, 0))
        throw new RequestError(
          ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
          'Transactional records need a transactional id in the request',
        )
}

function isZstd(records: Buffer): boolean {
  return records.length >= batchHeaderBytes && codecOf(records, 0) === codecs.zstd
}

function stageTopic(
  request: Request,
  topic: Request['topicData'][number],
  context: RequestContext,
): TopicResults {
  const byId = context.apiVersion >= 13
  const image = byId ? context.broker.image.topicById(topic.topicId) : undefined
  const name = byId ? (image?.name ?? '') : topic.name
  const results = lastOfEach(topic.partitionData).map(({ index, records }): Result => {
    if (byId && image === undefined) return refused(index, ErrorCode.UNKNOWN_TOPIC_ID)
    return stagePartition(request, name, index, records, context)
  })
  return { name: topic.name, topicId: byId ? topic.topicId : noId, results }
}

type PartitionData = Request['topicData'][number]['partitionData']

/** The same partition twice: the last one counts (P-13). */
function lastOfEach(partitions: PartitionData): PartitionData {
  if (partitions.length === 1) return partitions
  return [...new Map(partitions.map((each) => [each.index, each])).values()]
}

function stagePartition(
  { acks }: Request,
  topic: string,
  index: number,
  records: Buffer | null,
  { broker, apiVersion, clientId }: RequestContext,
): Result {
  if (acks !== -1 && acks !== 0 && acks !== 1)
    return refused(index, ErrorCode.INVALID_REQUIRED_ACKS, `acks must be -1, 0 or 1, not ${acks}`)
  const partition = broker.partitions.find(topic, index)
  if (typeof partition === 'number') return refused(index, partition)
  if (isInternalTopic(topic) && clientId !== adminClientId)
    return refused(
      index,
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `Clients may not write to the internal topic ${topic}`,
    )
  const unready = refusalOfState(index, partition, acks)
  if (unready !== undefined) return unready
  if (records === null || records.length === 0)
    return refused(
      index,
      ErrorCode.INVALID_RECORD,
      `Produce requests with version ${apiVersion} must have at least one record batch per partition`,
    )
  if (apiVersion < zstdVersion && isZstd(records))
    return refused(
      index,
      ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
      `Produce requests with version ${apiVersion} are not allowed to use ZStandard compression`,
    )
  const staged = partition.stage(records)
  if ('batch' in staged) return { ...refused(index, ErrorCode.NONE), partition, check: staged }
  return resultOf(index, partition, staged)
}

function refusalOfState(index: number, partition: Partition, acks: number): Result | undefined {
  const leaderError = partition.leaderError()
  if (leaderError !== ErrorCode.NONE) return { ...refused(index, leaderError), partition }
  const { isr } = partition.image
  if (acks !== -1 || isr.length >= partition.minInsyncReplicas) return undefined
  return refused(
    index,
    ErrorCode.NOT_ENOUGH_REPLICAS,
    `${isr.length} replicas are in sync, min.insync.replicas is ${partition.minInsyncReplicas}`,
  )
}

function resultOf(index: number, partition: Partition, outcome: AppendOutcome): Result {
  const { leaderEpoch } = partition
  if (!withoutLogStart.has(outcome.errorCode)) return { index, partition, leaderEpoch, outcome }
  return { index, partition, leaderEpoch, outcome: { ...outcome, logStartOffset: -1 } }
}

/** The partition may have moved, changed or gone meanwhile: the batch is taken as if it had come now. */
async function stageLater(result: Result, { acks }: Request, context: RequestContext) {
  const { appends, recordChecks } = context.broker
  const { index } = result
  const partition = result.partition as Partition
  const checked = await recordChecks.later(result.check as RecordCheck)
  result.check = undefined
  const { leaderEpoch, outcome } =
    refusalOfState(index, partition, acks) ??
    resultOf(index, partition, partition.stageChecked(checked))
  result.leaderEpoch = leaderEpoch
  result.outcome = outcome
  appends.afterWrite(() => noteFailedWrites([result], context))
  appends.write()
}

function refused(index: number, errorCode: number, errorMessage: string | null = null): Result {
  const outcome = {
    errorCode,
    errorMessage,
    recordErrors: [],
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    isDuplicate: false,
  }
  return { index, partition: undefined, leaderEpoch: -1, outcome }
}

/** They are in the log: what waits for disks or replicas must not hold their memory. */
function forgetRecords({ topicData }: Request): void {
  for (const { partitionData } of topicData)
    for (const partition of partitionData as { records: Buffer | null }[]) partition.records = null
}

function noteFailedWrites(results: readonly Result[], { broker }: RequestContext): void {
  for (const result of results)
    if (result.partition !== undefined && broker.appends.failed(result.partition))
      result.outcome = refused(
        result.index,
        ErrorCode.KAFKA_STORAGE_ERROR,
        'The records could not be written to the disk',
      ).outcome
}

/** One produce from its batches to its answer. */
class ProduceOperation implements Waiter {
  readonly #request: Request
  readonly #context: RequestContext
  readonly #respond: Respond<Response>
  readonly #topics: readonly TopicResults[]
  /** Of all topics. */
  readonly #results: readonly Result[]

  constructor(request: Request, context: RequestContext, respond: Respond<Response>) {
    this.#request = request
    this.#context = context
    this.#respond = respond
    this.#topics = request.topicData.map((topic) => stageTopic(request, topic, context))
    // Not by flatMap: it takes as long as all other lists of a request together.
    this.#results = this.#topics.length === 1 ? this.#topics[0]!.results : flat(this.#topics)
  }

  begin(): Promise<void> | undefined {
    // There was no time to look at their records yet.
    const later = this.#results.filter(({ check }) => check !== undefined)
    this.#context.broker.appends.afterWrite(() => {
      noteFailedWrites(this.#results, this.#context)
      forgetRecords(this.#request)
      if (later.length === 0) this.#acknowledge()
    })
    if (later.length === 0) return undefined
    const staged = later.map((result) => stageLater(result, this.#request, this.#context))
    return Promise.all(staged).then(() => this.#acknowledge())
  }

  #acknowledge(): void {
    if (this.#request.acks === 0) {
      const failed = failures(this.#results)
      this.#context.broker.traffic.produced.failed += failed
      // The end of the connection is the only sign of an error that the client can get (P-3).
      this.#respond(undefined, { close: failed > 0 })
    } else if (!this.tryFinish()) this.#wait()
  }

  #wait(): void {
    const lists = this.#results.filter(isAppended).map(({ partition }) => partition.waiting)
    const waitMs = Math.max(0, this.#request.timeoutMs)
    new Waiting(this.#context.broker.env.timers, lists, waitMs, this)
  }

  /** What it acknowledges while the broker hands over must not depend on this replica alone. */
  #waitsForAll(): boolean {
    return this.#request.acks === -1 || this.#context.broker.leaving
  }

  tryFinish(): boolean {
    for (const result of this.#results)
      if (isAppended(result) && !isSettled(result, this.#request.acks, this.#waitsForAll()))
        return false
    this.#finish()
    return true
  }

  expire(): void {
    for (const result of this.#results)
      if (isAppended(result) && !isSettled(result, this.#request.acks, this.#waitsForAll()))
        result.outcome = refused(
          result.index,
          ErrorCode.REQUEST_TIMED_OUT,
          `Not replicated within ${this.#request.timeoutMs} ms; the records are in the log`,
        ).outcome
    this.#finish()
  }

  #finish(): void {
    this.#context.broker.traffic.produced.failed += failures(this.#results)
    // What is committed may be said by anybody; what one replica has, only by the leader of the moment.
    const recheck = this.#request.acks === 1 ? () => this.#recheck() : undefined
    this.#respond(answer(this.#topics, this.#context), recheck && { recheck })
  }

  #recheck(): Response | undefined {
    let deposed = 0
    for (const result of this.#results) if (isAppended(result) && isDeposed(result)) deposed++
    return deposed > 0 ? answer(this.#topics, this.#context) : undefined
  }
}

function flat(topics: readonly TopicResults[]): Result[] {
  const all: Result[] = []
  for (const { results } of topics) for (const result of results) all.push(result)
  return all
}

/** Something may still be to be waited for. */
function isAppended(result: Result): result is Appended {
  return result.partition !== undefined && result.outcome.errorCode === ErrorCode.NONE
}

function failures(results: readonly Result[]): number {
  let count = 0
  for (const { outcome } of results) if (outcome.errorCode !== ErrorCode.NONE) count++
  return count
}

/** Nothing more is to wait for; an outcome that has turned bad is noted in the result. */
function isSettled(result: Result, acks: number, waitsForAll: boolean): boolean {
  const { leaderEpoch, outcome } = result
  const partition = result.partition as Partition
  if (outcome.errorCode !== ErrorCode.NONE) return true
  const error = partition.leaderEpoch === leaderEpoch ? partition.leaderError() : notLeader
  if (error !== ErrorCode.NONE) {
    result.outcome = refused(result.index, error).outcome
    return true
  }
  const log = partition.log
  const end = waitsForAll ? log?.highWatermark : partition.acknowledgeableEnd
  if ((end ?? -1) <= outcome.lastOffset || !partition.mayAnswer()) return false
  if (acks === -1 && partition.image.isr.length < partition.minInsyncReplicas)
    result.outcome = refused(result.index, ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND).outcome
  return true
}

/** Between its answer and the moment when that leaves; noted in the result. */
function isDeposed(result: Result): boolean {
  const { partition, leaderEpoch, outcome } = result
  if (outcome.errorCode !== ErrorCode.NONE) return false
  if (partition?.leaderEpoch === leaderEpoch && partition.mayAnswer()) return false
  result.outcome = refused(result.index, notLeader).outcome
  return true
}

const notLeader = ErrorCode.NOT_LEADER_OR_FOLLOWER

function answer(topics: readonly TopicResults[], context: RequestContext): Response {
  const responses = topics.map(({ name, topicId, results }) => ({
    name,
    topicId,
    partitionResponses: results.map((result) => partitionResponse(result, context)),
  }))
  const leaders = leadersElsewhere(topics)
  return { responses, nodeEndpoints: context.broker.endpointsOf(leaders, context.listenerName) }
}

/** KIP-951: clients move on to them without asking for metadata. */
function leadersElsewhere(topics: readonly TopicResults[]): ReadonlySet<number> | undefined {
  let leaders: Set<number> | undefined
  for (const { results } of topics)
    for (const { partition, outcome } of results)
      if (outcome.errorCode === notLeader && partition !== undefined && partition.image.leader >= 0)
        leaders = (leaders ?? new Set()).add(partition.image.leader)
  return leaders
}

function partitionResponse(
  { index, partition, outcome }: Result,
  { apiVersion }: RequestContext,
): PartitionResponse {
  const { errorCode, logStartOffset } = outcome
  if (errorCode === ErrorCode.NONE) {
    const { baseOffset, logAppendTimeMs } = outcome
    return { index, errorCode, baseOffset, logAppendTimeMs, logStartOffset }
  }
  const response = {
    index,
    errorCode,
    baseOffset: -1,
    logStartOffset,
    errorMessage: outcome.errorMessage,
    recordErrors: apiVersion >= recordErrorsVersion ? outcome.recordErrors : [],
  }
  if (errorCode !== notLeader || partition === undefined) return response
  const { leader, leaderEpoch } = partition.image
  return { ...response, currentLeader: { leaderId: leader, leaderEpoch } }
}
