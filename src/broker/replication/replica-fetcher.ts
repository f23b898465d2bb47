/**
 * Copies partitions from one leader: one connection, one Fetch at a time for all of them.
 *
 * An answer counts only for the question that is out: a partition whose epoch or end has changed
 * meanwhile ignores it (a late answer of an abandoned fetch once cut committed records off). When
 * a partition comes, or a new epoch of it, while a fetch waits at the leader, that fetch is abandoned
 * with its connection: a new leader's followers must not wait half a second for it.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { Fetch } from '../../../protocol/messages/fetch.ts'
import type { Decoded, IncomingResponseOf } from '../../../protocol/schema.ts'
import { BrokerConnection } from '../../client/connection.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import { applyFetched, type FetchedData, truncateDiverged } from './follower-log.ts'
import { findEnds } from './leader-ends.ts'
import { replicaClientId } from './replica-claim.ts'
import { partitionKey, type Question, questionOf, ReplicaSession } from './replica-session.ts'
import type { ReplicationQuota } from './replication-quota.ts'

type Topics = IncomingResponseOf<typeof Fetch>['responses']
export type PartitionData = Topics[number]['partitions'][number]

/** After an error that passes by itself: much less than a fetch waits (LEASES §4.4). */
const retryMs = 20
const reconnectMaxMs = 500
/** A leader that does not answer is no leader; reconnect rather than wait for TCP. */
const silenceMs = 2000

/** A follower that is held up by its quota looks again. */
const throttledMs = 200

export class ReplicaFetcher {
  readonly leaderId: number
  readonly #broker: Broker
  /** With when it may be asked for next, on the monotonic clock. */
  readonly #partitions = new Map<Partition, number>()
  readonly #session: ReplicaSession
  #connection: BrokerConnection | undefined
  /** It tells the incarnation that the connection was made by. */
  #clientId = ''
  #running = false
  /** What the fetch that waits at the leader asks for. */
  #asked: ReadonlyMap<string, Question> | undefined
  #abandoned = false
  #failures = 0
  #closed = false

  constructor(broker: Broker, leaderId: number) {
    this.#broker = broker
    this.#session = new ReplicaSession(broker)
    this.leaderId = leaderId
  }

  get size(): number {
    return this.#partitions.size
  }

  has(partition: Partition): boolean {
    return this.#partitions.has(partition)
  }

  add(partition: Partition): void {
    this.#partitions.set(partition, 0)
    const asked = this.#asked?.get(partitionKey(partition.topicId, partition.index))
    const asksForIt =
      asked?.leaderEpoch === partition.leaderEpoch && this.#clientId === this.#ownClientId
    if (this.#asked !== undefined && !asksForIt) {
      this.#abandoned = true
      this.#connection?.close()
    }
    this.#start()
  }

  remove(partition: Partition): void {
    this.#partitions.delete(partition)
  }

  close(): void {
    this.#closed = true
    this.#partitions.clear()
    this.#connection?.close()
  }

  #start(): void {
    if (this.#running || this.#closed) return
    this.#running = true
    // In a later turn: all partitions of one metadata change go into the first fetch.
    this.#broker.env.timers.soon(() => {
      this.#run().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        this.#broker.env.log.error('A replica fetcher failed', { leader: this.leaderId, reason })
      })
    })
  }

  async #run(): Promise<void> {
    while (!this.#closed && this.#partitions.size > 0) {
      try {
        const connection = await this.#connected()
        if (connection === undefined) await this.#pause(retryMs)
        else await this.#round(connection)
        this.#failures = 0
      } catch (error) {
        this.#connection?.close()
        this.#connection = undefined
        if (this.#closed) break
        if (this.#abandoned) {
          this.#abandoned = false
          continue
        }
        const reason = error instanceof Error ? error.message : String(error)
        this.#broker.env.log.debug('A replica fetch failed', { leader: this.leaderId, reason })
        const delay = Math.min(
          reconnectMaxMs,
          this.#failures++ === 0 ? 1 : retryMs * this.#failures,
        )
        await this.#pause(delay)
      }
    }
    this.#running = false
    if (this.#partitions.size > 0) this.#start()
  }

  get #ownClientId(): string {
    return replicaClientId(this.#broker.nodeId, this.#broker.session.incarnation)
  }

  /** Undefined when the leader has no address now. */
  async #connected(): Promise<BrokerConnection | undefined> {
    const clientId = this.#ownClientId
    const open = this.#connection !== undefined && !this.#connection.closed
    if (open && this.#clientId === clientId) return this.#connection
    this.#connection?.close()
    this.#session.reset()
    const { env, config, image } = this.#broker
    const listeners = image.brokers.get(this.leaderId)?.listeners ?? []
    const name = config.endpoints.interBrokerListenerName
    const endpoint = listeners.find((listener) => listener.name === name)
    if (endpoint === undefined) return undefined
    const { host, port } = endpoint
    this.#connection = await BrokerConnection.open(
      env,
      { host, port },
      {
        bootstrap: [],
        clientId,
        connectTimeoutMs: silenceMs,
      },
    )
    this.#clientId = clientId
    return this.#connection
  }

  async #round(connection: BrokerConnection): Promise<void> {
    // The question says what this replica has: where it must be synced for that, it is by then.
    for (let owed = this.#owedSyncs(); owed.length > 0; owed = this.#owedSyncs())
      await Promise.all(owed)
    const nowMs = this.#broker.env.clock.monotonicMs()
    const questions = new Map<string, Question>()
    let nextMs = Infinity
    for (const [partition, notBeforeMs] of this.#partitions) {
      if (this.#throttledBy(partition)?.exceeded) {
        nextMs = Math.min(nextMs, nowMs + throttledMs)
        continue
      }
      const question = questionOf(partition)
      if (question === undefined) continue
      nextMs = Math.min(nextMs, notBeforeMs)
      if (notBeforeMs > nowMs) continue
      questions.set(partitionKey(partition.topicId, partition.index), question)
    }
    if (questions.size === 0) {
      await this.#pause(Math.min(reconnectMaxMs, Math.max(1, nextMs - nowMs)))
      return
    }
    // One that waits for its turn must not wait for the others' data.
    const waitMs = Math.min(
      this.#broker.config.get('replica.fetch.wait.max.ms'),
      nextMs === Infinity || nextMs <= nowMs ? Infinity : nextMs - nowMs,
    )
    this.#asked = questions
    const answer = await connection
      .send(Fetch, this.#session.request(questions, Math.max(1, Math.round(waitMs))), {
        timeoutMs: waitMs + silenceMs,
      })
      .finally(() => {
        this.#asked = undefined
      })
    if (answer.errorCode !== ErrorCode.NONE) {
      // Most often a session that the leader does not know any more: it is begun anew.
      this.#session.reset()
      await this.#pause(retryMs)
      return
    }
    this.#session.answered(answer.sessionId)
    for (const { topicId, partitions } of answer.responses)
      for (const data of partitions) {
        const question = questions.get(partitionKey(topicId, data.partitionIndex))
        if (question !== undefined) await this.#take(question, data, connection)
      }
  }

  #owedSyncs(): Promise<void>[] {
    const owed: Promise<void>[] = []
    for (const { log } of this.#partitions.keys()) {
      const sync = log?.durable()
      if (sync !== undefined) owed.push(sync.catch(() => undefined))
    }
    return owed
  }

  /** The quota that it is copied under, until it is in sync. */
  #throttledBy(partition: Partition): ReplicationQuota | undefined {
    const { followerQuota } = this.#broker.replication
    if (partition.image.isr.includes(this.#broker.nodeId)) return undefined
    return followerQuota.throttles(partition) ? followerQuota : undefined
  }

  /** Still the question that was asked: same epoch, same end, still copied from this leader. */
  #stands({ partition, leaderEpoch, fetchOffset }: Question): boolean {
    return (
      this.#partitions.has(partition) &&
      partition.leaderEpoch === leaderEpoch &&
      partition.log?.logEndOffset === fetchOffset
    )
  }

  async #take(
    question: Question,
    data: PartitionData,
    connection: BrokerConnection,
  ): Promise<void> {
    if (!this.#stands(question)) return
    const { partition } = question
    try {
      if (data.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
        const ends = await findEnds(
          connection,
          partition,
          question.leaderEpoch,
          this.#broker.nodeId,
        )
        if (this.#stands(question)) partition.moveInto(ends)
        // Its end was not what is wrong: until the metadata says what is, nothing new can be asked.
        if (this.#stands(question)) this.#delay(partition)
      } else if (data.errorCode !== ErrorCode.NONE) this.#delay(partition)
      else if (data.divergingEpoch.epoch >= 0 || data.divergingEpoch.endOffset >= 0)
        truncateDiverged(partition, data.divergingEpoch)
      else {
        this.#throttledBy(partition)?.record(data.records?.length ?? 0)
        applyFetched(partition, data as Decoded<any> as FetchedData)
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#broker.env.log.error('A replica cannot follow its leader', {
        partition: `${partition.topic}-${partition.index}`,
        reason,
      })
      this.#delay(partition, reconnectMaxMs)
    }
  }

  #delay(partition: Partition, forMs = retryMs): void {
    if (this.#partitions.has(partition))
      this.#partitions.set(partition, this.#broker.env.clock.monotonicMs() + forMs)
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#broker.env.timers.after(delayMs, resolve)
    })
  }
}
