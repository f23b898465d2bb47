/**
 * Copies partitions from one leader: one connection, one Fetch at a time for all of them.
 *
 * An answer counts only for the question that is out: a partition whose epoch or end has changed
 * meanwhile ignores it (a late answer of an abandoned fetch once cut committed records off). When
 * a partition comes while a fetch waits at the leader, that fetch is abandoned with its
 * connection: a new leader's followers must not wait half a second for it.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { Fetch } from '../../../protocol/messages/fetch.ts'
import type { Decoded, IncomingResponseOf } from '../../../protocol/schema.ts'
import { BrokerConnection } from '../../client/connection.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import { applyFetched, type FetchedData, truncateDiverged } from './follower-log.ts'
import { findEnds } from './leader-ends.ts'

type Topics = IncomingResponseOf<typeof Fetch>['responses']
export type PartitionData = Topics[number]['partitions'][number]

/** After an error that passes by itself: much less than a fetch waits (LEASES §4.4). */
const retryMs = 20
const reconnectMaxMs = 500
/** A leader that does not answer is no leader; reconnect rather than wait for TCP. */
const silenceMs = 2000

interface Question {
  readonly partition: Partition
  readonly leaderEpoch: number
  readonly fetchOffset: number
}

export class ReplicaFetcher {
  readonly leaderId: number
  readonly #broker: Broker
  /** With when it may be asked for next, on the monotonic clock. */
  readonly #partitions = new Map<Partition, number>()
  #connection: BrokerConnection | undefined
  #running = false
  #waitsAtLeader = false
  #failures = 0
  #closed = false

  constructor(broker: Broker, leaderId: number) {
    this.#broker = broker
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
    if (this.#waitsAtLeader) this.#connection?.close()
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

  /** Undefined when the leader has no address now. */
  async #connected(): Promise<BrokerConnection | undefined> {
    if (this.#connection !== undefined && !this.#connection.closed) return this.#connection
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
        clientId: `broker-${this.#broker.nodeId}-fetcher`,
        connectTimeoutMs: silenceMs,
      },
    )
    return this.#connection
  }

  async #round(connection: BrokerConnection): Promise<void> {
    const nowMs = this.#broker.env.clock.monotonicMs()
    const questions: Question[] = []
    let nextMs = Infinity
    for (const [partition, notBeforeMs] of this.#partitions) {
      if (partition.log === undefined) continue
      nextMs = Math.min(nextMs, notBeforeMs)
      if (notBeforeMs > nowMs) continue
      const { leaderEpoch } = partition
      questions.push({ partition, leaderEpoch, fetchOffset: partition.log.logEndOffset })
    }
    if (questions.length === 0) {
      await this.#pause(Math.min(reconnectMaxMs, Math.max(1, nextMs - nowMs)))
      return
    }
    // One that waits for its turn must not wait for the others' data.
    const waitMs = Math.min(
      this.#broker.config.get('replica.fetch.wait.max.ms'),
      nextMs === Infinity || nextMs <= nowMs ? Infinity : nextMs - nowMs,
    )
    this.#waitsAtLeader = true
    const answer = await connection
      .send(Fetch, this.#request(questions, Math.max(1, Math.round(waitMs))), {
        timeoutMs: waitMs + silenceMs,
      })
      .finally(() => {
        this.#waitsAtLeader = false
      })
    if (answer.errorCode !== ErrorCode.NONE) {
      await this.#pause(retryMs)
      return
    }
    const asked = new Map(
      questions.map((question) => [
        keyOf(question.partition.topicId, question.partition.index),
        question,
      ]),
    )
    for (const { topicId, partitions } of answer.responses)
      for (const data of partitions) {
        const question = asked.get(keyOf(topicId, data.partitionIndex))
        if (question !== undefined) await this.#take(question, data, connection)
      }
  }

  #request(questions: readonly Question[], maxWaitMs: number) {
    const { config, nodeId, session } = this.#broker
    const byTopic = new Map<string, Question[]>()
    for (const question of questions) {
      const { topicId } = question.partition
      const group = byTopic.get(topicId)
      if (group) group.push(question)
      else byTopic.set(topicId, [question])
    }
    return {
      replicaState: { replicaId: nodeId, replicaEpoch: session.brokerEpoch },
      maxWaitMs,
      minBytes: 1,
      maxBytes: config.get('replica.fetch.response.max.bytes'),
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [...byTopic].map(([topicId, group]) => ({
        topicId,
        partitions: group.map(({ partition, leaderEpoch, fetchOffset }) => ({
          partition: partition.index,
          currentLeaderEpoch: leaderEpoch,
          fetchOffset,
          lastFetchedEpoch: partition.log?.leaderEpochs.latest ?? -1,
          logStartOffset: partition.log?.logStartOffset ?? 0,
          partitionMaxBytes: config.get('replica.fetch.max.bytes'),
          highWatermark: partition.log?.highWatermark ?? 0,
        })),
      })),
      forgottenTopicsData: [],
      rackId: '',
    }
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
      } else if (data.errorCode !== ErrorCode.NONE) this.#delay(partition)
      else if (data.divergingEpoch.epoch >= 0 || data.divergingEpoch.endOffset >= 0)
        truncateDiverged(partition, data.divergingEpoch)
      else applyFetched(partition, data as Decoded<any> as FetchedData)
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

function keyOf(topicId: string, index: number): string {
  return `${topicId}/${index}`
}
