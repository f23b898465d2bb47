/**
 * Fetch 4–18: whole batches as they lie in the log (rules F-1 to F-14, sessions FS-1 to FS-8).
 *
 * What can be answered now is; else the request waits for its partitions and is looked at again
 * when one of them changes. Bytes appended since are counted, not read, until there are enough.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { Fetch } from '../../../protocol/messages/fetch.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type {
  FetchContext,
  FetchedPartition,
  FetchSessionRequest,
} from '../../core/fetch/session.ts'
import type { Log } from '../../log/log.ts'
import { type PartitionRead, readPartition, releaseReads } from '../fetch-read.ts'
import { type RequestContext, type Respond, streamingHandler } from '../handler.ts'
import { claimError } from '../replication/replica-claim.ts'
import { Waiting } from '../waiting.ts'

type Request = RequestOf<typeof Fetch>
type Response = ResponseOf<typeof Fetch>

const noId = 'A'.repeat(22)
const empty = Buffer.alloc(0)
const readCommitted = 1
const topicIdsVersion = 13
/** Partitions looked at before others have their turn: some milliseconds. */
const partitionsPerTurn = 2000

export const fetch = streamingHandler(Fetch, {
  namesPartitions: true,
  overlaps: false,
  begin(request, context, respond) {
    if (request.isolationLevel !== 0 && request.isolationLevel !== readCommitted) {
      respond(refusal(request, ErrorCode.INVALID_REQUEST))
      return
    }
    const claimed = context.apiVersion >= 15 ? request.replicaState.replicaId : request.replicaId
    if (claimed >= 0) {
      // Before version 15 a replica cannot say which incarnation it is (KIP-903).
      const { replicaEpoch } = request.replicaState ?? { replicaEpoch: -1 }
      const claim = { replicaId: claimed, replicaEpoch }
      const refused = claimError(context.broker, context.clientId, claim)
      if (refused !== ErrorCode.NONE) {
        const isNobody = !context.broker.image.brokers.has(claimed)
        respond(isNobody ? strangerRefusal(request) : refusal(request, refused))
        return
      }
    }
    const session = begin(request, context)
    if (session.errorCode !== ErrorCode.NONE) {
      respond({ errorCode: session.errorCode, responses: [] })
      return
    }
    new FetchOperation(request, context, session, respond).start()
  },
  failure: (request, errorCode) => refusal(request, errorCode),
})

function refusal(request: Request, errorCode: number): Response {
  return {
    errorCode,
    responses: request.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode,
        highWatermark: -1,
        abortedTransactions: [],
        records: empty,
      })),
    })),
  }
}

/** As Kafka answers an id that is no replica of the partition, here for ids that are no broker. */
function strangerRefusal(request: Request): Response {
  const { responses } = refusal(request, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  return {
    errorCode: ErrorCode.NONE,
    responses: responses.map(({ partitions, ...topic }) => ({
      ...topic,
      partitions: partitions.map((partition) => ({ ...partition, abortedTransactions: null })),
    })),
  }
}

function begin(request: Request, { broker, apiVersion }: RequestContext): FetchContext {
  const usesTopicIds = apiVersion >= topicIdsVersion
  const partitions: FetchedPartition[] = []
  for (const { topic, topicId, partitions: ofTopic } of request.topics) {
    const name = usesTopicIds ? broker.image.topicById(topicId)?.name : topic
    for (const asked of ofTopic)
      partitions.push({
        topic: name,
        topicId: usesTopicIds ? topicId : noId,
        partition: asked.partition,
        // Any negative epoch is none, here and nowhere else.
        currentLeaderEpoch: Math.max(-1, asked.currentLeaderEpoch),
        fetchOffset: asked.fetchOffset,
        lastFetchedEpoch: asked.lastFetchedEpoch,
        logStartOffset: asked.logStartOffset,
        partitionMaxBytes: asked.partitionMaxBytes,
        toldHighWatermark: -1,
        toldLogStartOffset: -1,
      })
  }
  const forgotten: FetchSessionRequest['forgotten'][number][] = []
  for (const { topic, topicId, partitions: ofTopic } of request.forgottenTopicsData)
    for (const partition of ofTopic)
      forgotten.push({ topic, topicId: usesTopicIds ? topicId : noId, partition })
  const { sessionId, sessionEpoch } = request
  return broker.fetchSessions.begin(
    { sessionId, sessionEpoch, usesTopicIds, partitions, forgotten },
    broker.env.clock.monotonicMs(),
    () => broker.env.random.bytes(4).readInt32BE() & 0x7fffffff,
  )
}

/** What a follower should know soon, whether there are records or not. */
function hasMoved(log: Log, read: PartitionRead | undefined): boolean {
  return log.highWatermark !== read?.highWatermark || log.logStartOffset !== read.logStartOffset
}

/** One fetch from its first look at the partitions to its answer. */
class FetchOperation {
  readonly #request: Request
  readonly #context: RequestContext
  readonly #session: FetchContext
  readonly #respond: Respond<Response>
  readonly #asked: FetchedPartition[]
  readonly #replicaId: number
  readonly #maxBytes: number
  readonly #minBytes: number
  #deadlineMs = 0
  /** Bytes that were there at the last look. */
  #seenBytes = 0
  #seenAppended: number[] = []
  /** At the last look something could have been told, and may not be yet. */
  #early = false

  constructor(
    request: Request,
    context: RequestContext,
    session: FetchContext,
    respond: Respond<Response>,
  ) {
    this.#request = request
    this.#context = context
    this.#session = session
    this.#respond = respond
    this.#asked = session.partitions()
    this.#replicaId = context.apiVersion >= 15 ? request.replicaState.replicaId : request.replicaId
    this.#maxBytes = Math.min(request.maxBytes, context.broker.config.get('fetch.max.bytes'))
    this.#minBytes = Math.min(request.minBytes, this.#maxBytes)
  }

  start(): void {
    const { clock } = this.#context.broker.env
    this.#deadlineMs = clock.monotonicMs() + Math.max(0, this.#request.maxWaitMs)
    this.#look(false)
  }

  /** Reads, and answers or waits. `last`: answers whatever there is. */
  #look(last: boolean): void {
    const reads = this.#read(last)
    if (reads instanceof Promise) {
      reads.then(
        (done) => this.#judge(done, last),
        (error: unknown) => this.#fail(error),
      )
    } else {
      this.#judge(reads, last)
    }
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#context.broker.env.log.error('A fetch failed', { message })
    this.#respond(refusal(this.#request, ErrorCode.UNKNOWN_SERVER_ERROR))
  }

  #read(last: boolean): PartitionRead[] | Promise<PartitionRead[]> {
    const { broker } = this.#context
    const reads: PartitionRead[] = []
    const { room, isOver } = broker.output
    let left = Math.min(this.#maxBytes, room)
    const starved = room === 0 && (!last || isOver)
    if (starved) broker.output.refused++
    let any = false
    const asked = this.#asked
    const next = (from: number): PartitionRead[] | Promise<PartitionRead[]> => {
      for (let at = from; at < asked.length; at++) {
        if (at === from + partitionsPerTurn) return this.#nextTurn().then(() => next(at))
        const partition = asked[at] as FetchedPartition
        const read = readPartition(this.#context, partition, {
          replicaId: this.#replicaId,
          replicaEpoch: this.#request.replicaState?.replicaEpoch ?? -1,
          readCommitted: this.#request.isolationLevel === readCommitted,
          rackId: this.#request.rackId,
          maxBytes: Math.max(0, Math.min(partition.partitionMaxBytes, left)),
          // The first partition with data ignores the limits (F-4), or a large batch is never read.
          atLeastOneBatch: !any && !starved,
        })
        const take = (done: PartitionRead) => {
          reads.push(done)
          left -= done.bytes.length
          any ||= done.bytes.length > 0
        }
        if (read instanceof Promise)
          return read.then((done) => {
            take(done)
            return next(at + 1)
          })
        take(read)
      }
      return reads
    }
    return next(0)
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#context.broker.env.timers.soon(resolve))
  }

  #judge(reads: PartitionRead[], last: boolean): void {
    const bytes = reads.reduce((sum, read) => sum + read.bytes.length, 0)
    const remainingMs = this.#deadlineMs - this.#context.broker.env.clock.monotonicMs()
    const urgent = reads.length === 0 || reads.some((read) => read.urgent)
    const enough =
      bytes >= this.#minBytes || (bytes > 0 && reads.some(({ isPartial }) => isPartial))
    this.#early = reads.some((read) => read.early)
    if (last || urgent || (enough && !this.#early) || remainingMs <= 0) this.#answer(reads)
    else this.#wait(reads, bytes, remainingMs)
  }

  #wait(reads: PartitionRead[], bytes: number, remainingMs: number): void {
    const { parkedFetches } = this.#context.broker
    if (!parkedFetches.park(reads.length)) {
      this.#answer(reads)
      return
    }
    releaseReads(reads)
    this.#seenBytes = bytes
    this.#seenAppended = reads.map(({ partition }) => partition?.appendedBytes ?? 0)
    const partitions = reads.flatMap(({ partition }) => partition ?? [])
    let parked = true
    const leave = () => {
      parked = false
      parkedFetches.leave(reads.length)
      forget()
    }
    const lists = partitions.map((partition) => partition.waiting)
    const waiting = new Waiting(this.#context.broker.env.timers, lists, remainingMs, {
      tryFinish: () => {
        // What it reads may wake it again.
        if (!parked) return true
        if (!this.#enough(reads)) return false
        leave()
        this.#look(false)
        return true
      },
      expire: () => {
        leave()
        this.#look(true)
      },
    })
    const forget = this.#context.whenClosed(() => {
      leave()
      waiting.cancel()
    })
  }

  /** Whether a second look is worth it: enough bytes by count, or something else to tell. */
  #enough(reads: PartitionRead[]): boolean {
    let bytes = this.#seenBytes
    for (const [at, { partition, asked, upTo, leaderEpoch }] of reads.entries()) {
      if (partition === undefined) continue
      if (partition.removed || partition.leaderEpoch !== leaderEpoch) return true
      if (
        partition.log === undefined ||
        partition.readableEnd(this.#isolated, this.#replicaId) < upTo
      )
        return true
      const grown = partition.readableEnd(this.#isolated, this.#replicaId) > upTo
      const appended = partition.appendedBytes - (this.#seenAppended[at] ?? 0)
      if (grown) bytes += Math.min(Math.max(1, appended), asked.partitionMaxBytes)
      if (this.#replicaId >= 0 && hasMoved(partition.log, reads[at])) return true
    }
    if (this.#early) return !reads.some((read) => read.early)
    return bytes >= this.#minBytes && bytes > this.#seenBytes
  }

  #count(reads: readonly PartitionRead[]): void {
    const { fetched, replicated } = this.#context.broker.traffic
    let bytes = 0
    for (const read of reads) {
      bytes += read.bytes.length
      if (this.#replicaId < 0 && read.partition)
        read.partition.traffic.bytesOut += read.bytes.length
      if (read.errorCode !== ErrorCode.NONE && this.#replicaId < 0) fetched.failed++
    }
    if (this.#replicaId < 0) fetched.bytes += bytes
    else replicated.bytesOut += bytes
  }

  get #isolated(): boolean {
    return this.#request.isolationLevel === readCommitted
  }

  #answer(reads: PartitionRead[]): void {
    this.#count(reads)
    const leaders = new Set<number>()
    const byTopic = new Map<string, Response['responses'][number] & { partitions: object[] }>()
    for (const read of reads) {
      const late = read.recheck()
      const answered = late ?? read
      const { asked } = read
      const told = this.#session.tell(asked, {
        errorCode: answered.errorCode,
        highWatermark: answered.highWatermark,
        logStartOffset: answered.logStartOffset,
        recordBytes: answered.bytes.length,
        preferredReadReplica: answered.preferredReadReplica,
        diverging: answered.divergingEpoch !== undefined,
      })
      if (!told) continue
      const topic = asked.topic ?? ''
      const key = asked.topicId === noId ? topic : asked.topicId
      let group = byTopic.get(key)
      if (group === undefined) {
        group = { topic, topicId: asked.topicId, partitions: [] }
        byTopic.set(key, group)
      }
      group.partitions.push(answered.response(this.#context.apiVersion, leaders))
    }
    this.#respond(
      {
        errorCode: ErrorCode.NONE,
        sessionId: this.#session.sessionId,
        responses: [...byTopic.values()],
        nodeEndpoints: this.#context.broker.endpointsOf(leaders, this.#context.listenerName),
      },
      { sent: () => releaseReads(reads) },
    )
  }
}
