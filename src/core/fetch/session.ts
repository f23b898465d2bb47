/**
 * Fetch sessions (KIP-227): a consumer names its partitions once, later requests and answers carry
 * only what changed. Rules FS-1 to FS-8 of Kafka's `FetchManager`.
 *
 * A session that cannot be cached is no error: the answer's session id 0 tells the client to go on
 * with full requests. Sessions are bounded by the partitions in them as well: a session of 100,000
 * takes 30 MB.
 */
import type { Limit } from '../limit.ts'

/** What a fetch asks of one partition; the same object lives in the session between requests. */
export interface FetchedPartition {
  /** Undefined while the id is not known here: the partition stays and is answered with 100. */
  topic: string | undefined
  readonly topicId: string
  readonly partition: number
  currentLeaderEpoch: number
  fetchOffset: number
  lastFetchedEpoch: number
  logStartOffset: number
  partitionMaxBytes: number
  /** What the client was last told; -1 after an error, so that the next answer is sent. */
  toldHighWatermark: number
  toldLogStartOffset: number
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly recordBytes: number
  readonly preferredReadReplica: number
  readonly diverging: boolean
}

export interface FetchSessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  readonly partitions: readonly FetchedPartition[]
  readonly forgotten: readonly { topic: string; topicId: string; partition: number }[]
}

interface Session {
  readonly id: number
  readonly usesTopicIds: boolean
  epoch: number
  lastUsedMs: number
  /** In the order in which they are read: a partition that had data moves to the end (fairness). */
  readonly partitions: Map<string, FetchedPartition>
}

const initialEpoch = 0
const finalEpoch = -1
/** A session may be taken over by a new one once it has been idle for this long. */
const evictAfterIdleMs = 120_000

const FETCH_SESSION_ID_NOT_FOUND = 70
const INVALID_FETCH_SESSION_EPOCH = 71
const FETCH_SESSION_TOPIC_ID_ERROR = 106

/** What one request reads, and which of its partitions the answer has to name. */
export class FetchContext {
  readonly errorCode: number
  readonly sessionId: number
  readonly #partitions: Map<string, FetchedPartition>
  readonly #incremental: boolean

  constructor(
    errorCode: number,
    sessionId: number,
    partitions: Map<string, FetchedPartition>,
    incremental: boolean,
  ) {
    this.errorCode = errorCode
    this.sessionId = sessionId
    this.#partitions = partitions
    this.#incremental = incremental
  }

  partitions(): FetchedPartition[] {
    return [...this.#partitions.values()]
  }

  /** Notes what the client is told of a partition; false when the answer may leave it out. */
  tell(partition: FetchedPartition, answer: FetchAnswer): boolean {
    const changed =
      answer.recordBytes > 0 ||
      answer.errorCode !== 0 ||
      answer.diverging ||
      answer.preferredReadReplica !== -1 ||
      answer.highWatermark !== partition.toldHighWatermark ||
      answer.logStartOffset !== partition.toldLogStartOffset
    partition.toldHighWatermark = answer.errorCode === 0 ? answer.highWatermark : -1
    partition.toldLogStartOffset = answer.logStartOffset
    if (!this.#incremental) return true
    if (answer.recordBytes > 0) {
      const key = keyOf(partition)
      if (this.#partitions.delete(key)) this.#partitions.set(key, partition)
    }
    return changed
  }
}

export class FetchSessions {
  /** `max.incremental.fetch.session.cache.slots`. */
  readonly #slotsMax: number
  /** By id, least recently used first. */
  readonly #sessions = new Map<number, Session>()
  readonly #partitionsMax: number
  /** In all sessions. */
  #partitions = 0
  #sessionsRefused = 0
  #partitionsRefused = 0

  constructor(slotsMax: number, partitionsMax = 1_000_000) {
    this.#slotsMax = slotsMax
    this.#partitionsMax = partitionsMax
  }

  get size(): number {
    return this.#sessions.size
  }

  get partitions(): number {
    return this.#partitions
  }

  get sessionLimit(): Limit {
    return { used: this.size, max: this.#slotsMax, refused: this.#sessionsRefused }
  }

  get partitionLimit(): Limit {
    const { partitions: used } = this
    return { used, max: this.#partitionsMax, refused: this.#partitionsRefused }
  }

  /** `newId`: a random positive int32 should a session be made. */
  begin(request: FetchSessionRequest, nowMs: number, newId: () => number): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      this.#end(sessionId)
      const partitions = new Map(request.partitions.map((each) => [keyOf(each), each]))
      const session =
        sessionEpoch === initialEpoch ? this.#create(request, partitions, nowMs, newId) : undefined
      return new FetchContext(0, session?.id ?? 0, partitions, false)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return failed(FETCH_SESSION_ID_NOT_FOUND)
    if (session.usesTopicIds !== request.usesTopicIds) return failed(FETCH_SESSION_TOPIC_ID_ERROR)
    if (session.epoch !== sessionEpoch) return failed(INVALID_FETCH_SESSION_EPOCH)
    return this.#continue(session, request, nowMs)
  }

  #create(
    request: FetchSessionRequest,
    partitions: Map<string, FetchedPartition>,
    nowMs: number,
    newId: () => number,
  ): Session | undefined {
    if (partitions.size === 0) return undefined
    if (!this.#makeRoom(nowMs)) {
      this.#sessionsRefused++
      return undefined
    }
    if (this.#partitions + partitions.size > this.#partitionsMax) {
      this.#partitionsRefused++
      return undefined
    }
    let id = newId()
    while (id <= 0 || this.#sessions.has(id)) id = newId()
    const { usesTopicIds } = request
    const session = { id, usesTopicIds, epoch: 1, lastUsedMs: nowMs, partitions }
    this.#sessions.set(id, session)
    this.#partitions += partitions.size
    return session
  }

  #makeRoom(nowMs: number): boolean {
    if (this.#sessions.size < this.#slotsMax) return true
    const [oldest] = this.#sessions.values()
    if (oldest === undefined || nowMs - oldest.lastUsedMs <= evictAfterIdleMs) return false
    return this.#end(oldest.id)
  }

  #end(id: number): boolean {
    this.#partitions -= this.#sessions.get(id)?.partitions.size ?? 0
    return this.#sessions.delete(id)
  }

  #continue(session: Session, request: FetchSessionRequest, nowMs: number): FetchContext {
    // Its client begins anew with a full request, which goes on without a session.
    if (this.#partitions + request.partitions.length > this.#partitionsMax) {
      this.#end(session.id)
      this.#partitionsRefused++
      return failed(FETCH_SESSION_ID_NOT_FOUND)
    }
    const before = session.partitions.size
    for (const asked of request.partitions) {
      const key = keyOf(asked)
      const known = session.partitions.get(key)
      if (known === undefined) session.partitions.set(key, asked)
      else update(known, asked)
    }
    for (const gone of request.forgotten) session.partitions.delete(keyOf(gone))
    this.#partitions += session.partitions.size - before
    this.#sessions.delete(session.id)
    if (session.partitions.size === 0) return new FetchContext(0, 0, session.partitions, false)
    session.epoch = session.epoch === 2 ** 31 - 1 ? 1 : session.epoch + 1
    session.lastUsedMs = nowMs
    this.#sessions.set(session.id, session)
    return new FetchContext(0, session.id, session.partitions, true)
  }
}

function update(known: FetchedPartition, asked: FetchedPartition): void {
  known.currentLeaderEpoch = asked.currentLeaderEpoch
  known.fetchOffset = asked.fetchOffset
  known.lastFetchedEpoch = asked.lastFetchedEpoch
  known.logStartOffset = asked.logStartOffset
  known.partitionMaxBytes = asked.partitionMaxBytes
}

function failed(errorCode: number): FetchContext {
  return new FetchContext(errorCode, 0, new Map(), false)
}

const noId = 'A'.repeat(22)

function keyOf(of: { topic: string | undefined; topicId: string; partition: number }): string {
  return of.topicId === noId ? `${of.topic}:${of.partition}` : `${of.topicId}:${of.partition}`
}
