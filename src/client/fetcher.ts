/**
 * Reads partitions: one Fetch in flight to each broker, for all partitions it leads, while what
 * came before is being used. Memory is bounded: a broker is asked again only when less than
 * `bufferBytesMax` waits to be taken.
 *
 * Sessions of fetches (KIP-227) are not used: they pay with hundreds of partitions, not here.
 */
import { Fetch } from '../../protocol/messages/fetch.ts'
import type { IncomingResponseOf } from '../../protocol/schema.ts'
import type { Cluster } from './cluster.ts'
import { endOfBatches, type Fetched } from './fetched-records.ts'
import { groupBy } from './group-by.ts'
import { brokerError, isRetriable, KafkaError, localError } from './kafka-error.ts'
import { earliest, latest, listOffsets } from './list-offsets.ts'
import { watchLeader } from './silent-leader.ts'
import { zeroUuid } from './zero-uuid.ts'

export interface FetcherOptions {
  readonly isolation?: 'read_uncommitted' | 'read_committed' | undefined
  readonly waitMsMax?: number | undefined
  readonly bytesMin?: number | undefined
  readonly bytesMax?: number | undefined
  readonly partitionBytesMax?: number | undefined
  readonly bufferBytesMax?: number | undefined
  /** Where to go on when an offset is out of range. */
  readonly offsetReset?: 'earliest' | 'latest' | 'error' | undefined
  readonly rack?: string | undefined
}

const defaults = {
  waitMsMax: 500,
  bytesMin: 1,
  bytesMax: 50 * 1024 * 1024,
  partitionBytesMax: 1024 * 1024,
  bufferBytesMax: 16 * 1024 * 1024,
} as const

interface Position {
  readonly topic: string
  readonly partition: number
  offset: number
  /** Not before: the pause after a failure. */
  notBeforeMs: number
  paused: boolean
}

const offsetOutOfRange = 1
const topicIdVersion = 13

export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: FetcherOptions
  readonly #positions = new Map<string, Position>()
  readonly #busy = new Set<number>()
  readonly #queue: (Fetched | KafkaError)[] = []
  #bufferedBytes = 0
  #waiter: (() => void) | undefined
  #refreshing = false
  #woken = false
  #closed = false

  constructor(cluster: Cluster, options: FetcherOptions = {}) {
    this.#cluster = cluster
    this.#options = options
  }

  /** Starts reading at an offset (or moves there); `topic` has to be known to the cluster. */
  add(topic: string, partition: number, offset: number): void {
    this.remove(topic, partition)
    const position = { topic, partition, offset, notBeforeMs: 0, paused: false }
    this.#positions.set(`${topic}/${partition}`, position)
    this.#wake()
  }

  /** Stops reading; what has been fetched and not taken is dropped. */
  remove(topic: string, partition: number): void {
    this.#positions.delete(`${topic}/${partition}`)
    for (let i = this.#queue.length - 1; i >= 0; i--) {
      const item = this.#queue[i]!
      if (item instanceof KafkaError || item.topic !== topic || item.partition !== partition)
        continue
      this.#bufferedBytes -= item.records.length
      this.#queue.splice(i, 1)
    }
  }

  /** What came next, in the order it came; `undefined` when nothing is there now. Throws what cannot be mended. */
  take(): Fetched | undefined {
    const item = this.#queue.shift()
    if (item === undefined) return undefined
    if (item instanceof KafkaError) throw item
    this.#bufferedBytes -= item.records.length
    this.#wake()
    return item
  }

  /** Resolves when `take` has something, at the latest after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void> {
    if (this.#queue.length > 0 || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#cluster.env.timers.after(timeoutMs, () => this.#waiter?.())
      this.#waiter = () => {
        this.#waiter = undefined
        timer.cancel()
        resolve()
      }
    })
  }

  /** Ends a `wait` early. */
  interrupt(): void {
    this.#waiter?.()
  }

  close(): void {
    this.#closed = true
    this.#positions.clear()
    this.#waiter?.()
  }

  #wake(): void {
    if (this.#woken) return
    this.#woken = true
    this.#cluster.env.timers.soon(() => {
      this.#woken = false
      this.#fetchAll()
    })
  }

  #push(item: Fetched | KafkaError): void {
    this.#queue.push(item)
    this.#waiter?.()
  }

  #fetchAll(): void {
    const bufferBytesMax = this.#options.bufferBytesMax ?? defaults.bufferBytesMax
    if (this.#closed || this.#bufferedBytes >= bufferBytesMax) return
    const nowMs = this.#cluster.env.clock.monotonicMs()
    const ready: Position[] = []
    let pauseMs = Infinity
    for (const position of this.#positions.values()) {
      if (position.paused) continue
      if (position.notBeforeMs <= nowMs) ready.push(position)
      else pauseMs = Math.min(pauseMs, position.notBeforeMs - nowMs)
    }
    if (pauseMs < Infinity) this.#cluster.env.timers.after(pauseMs, () => this.#wake())
    for (const [leader, theirs] of groupBy(ready, (position) => this.#leader(position))) {
      if (leader < 0) this.#refreshLater(theirs)
      else if (!this.#busy.has(leader)) void this.#fetch(leader, theirs)
    }
  }

  #leader({ topic, partition }: Position): number {
    return this.#cluster.metadata.partition(topic, partition)?.leader ?? -1
  }

  async #fetch(leader: number, positions: readonly Position[]): Promise<void> {
    this.#busy.add(leader)
    try {
      const connection = await this.#cluster.connection(leader, 'fetch')
      const ids = new Map(
        positions.map(({ topic }) => [topic, this.#cluster.metadata.topics.get(topic)?.topicId]),
      )
      let version = connection.requireVersion(Fetch)
      if ([...ids.values()].includes(undefined)) version = Math.min(version, topicIdVersion - 1)
      const waitMsMax = this.#options.waitMsMax ?? defaults.waitMsMax
      const asked = positions.map((position) => ({ position, offset: position.offset }))
      const watch = watchLeader(this.#cluster, connection, leader, positions)
      const timeoutMs = waitMsMax + (this.#cluster.options.requestTimeoutMs ?? 30_000)
      const request = this.#request(positions, ids, waitMsMax)
      const answer = await connection
        .send(Fetch, request, { version, timeoutMs })
        .finally(() => watch.cancel())
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode, 'Fetching')
      this.#onAnswer(leader, asked, ids, answer)
    } catch (error) {
      if (this.#closed || this.#cluster.closed) return
      if (isRetriable(error)) this.#backOff(positions)
      else
        this.#push(error instanceof KafkaError ? error : localError('BAD_MSG', `${error}`, error))
    } finally {
      this.#busy.delete(leader)
      if (!this.#closed && !this.#cluster.closed) this.#wake()
    }
  }

  #request(
    positions: readonly Position[],
    ids: ReadonlyMap<string, string | undefined>,
    maxWaitMs: number,
  ) {
    const options = { ...defaults, ...this.#options }
    return {
      replicaId: -1,
      maxWaitMs,
      minBytes: options.bytesMin ?? defaults.bytesMin,
      maxBytes: options.bytesMax ?? defaults.bytesMax,
      isolationLevel: options.isolation === 'read_committed' ? 1 : 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [...groupBy(positions, ({ topic }) => topic)].map(([topic, items]) => ({
        topic,
        topicId: ids.get(topic) ?? zeroUuid,
        partitions: items.map(({ partition, offset }) => ({
          partition,
          currentLeaderEpoch: this.#cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1,
          fetchOffset: offset,
          lastFetchedEpoch: -1,
          logStartOffset: -1,
          partitionMaxBytes: options.partitionBytesMax ?? defaults.partitionBytesMax,
        })),
      })),
      forgottenTopicsData: [],
      rackId: options.rack ?? '',
    }
  }

  #onAnswer(
    nodeId: number,
    asked: readonly { position: Position; offset: number }[],
    ids: ReadonlyMap<string, string | undefined>,
    answer: IncomingResponseOf<typeof Fetch>,
  ): void {
    this.#cluster.metadata.learnBrokers(
      (answer.nodeEndpoints ?? []).map((node) => ({ ...node, rack: node.rack ?? null })),
    )
    for (const theirs of answer.responses) {
      for (const data of theirs.partitions) {
        const found = asked.find(
          ({ position: { topic, partition } }) =>
            partition === data.partitionIndex &&
            (theirs.topic ? theirs.topic === topic : ids.get(topic) === theirs.topicId),
        )
        if (found === undefined) continue
        const { position, offset } = found
        // Moved or removed while the request was on its way: what came is not wanted.
        const current = this.#positions.get(`${position.topic}/${position.partition}`)
        if (current !== position || position.offset !== offset) continue
        if (data.errorCode !== 0) this.#onPartitionError(position, data)
        else this.#onData(nodeId, position, data)
      }
    }
  }

  #onData(nodeId: number, position: Position, data: PartitionAnswer): void {
    const all = data.records ?? Buffer.alloc(0)
    const { nextOffset, wholeBytes } = endOfBatches(all)
    const { topic, partition } = position
    const fetchOffset = position.offset
    position.offset = Math.max(fetchOffset, nextOffset)
    const committed = this.#options.isolation === 'read_committed'
    const lastStableOffset = data.lastStableOffset ?? data.highWatermark
    const end = committed ? lastStableOffset : data.highWatermark
    const atEnd = position.offset >= end
    if (wholeBytes === 0 && !atEnd) {
      // Never the first batch of an answer since KIP-74: something is broken.
      if (all.length > 0)
        this.#push(localError('BAD_MSG', `${topic}-${partition}: no whole batch at ${fetchOffset}`))
      return
    }
    const records = all.subarray(0, wholeBytes)
    this.#bufferedBytes += records.length
    this.#push({
      topic,
      partition,
      nodeId,
      fetchOffset,
      records,
      nextOffset: position.offset,
      highWatermark: data.highWatermark,
      lastStableOffset,
      logStartOffset: data.logStartOffset ?? -1,
      atEnd,
      abortedTransactions: committed ? (data.abortedTransactions ?? []) : undefined,
    })
  }

  #onPartitionError(position: Position, data: PartitionAnswer): void {
    const { topic, partition, offset } = position
    const error = brokerError(data.errorCode, `Fetching ${topic}-${partition} at ${offset}`)
    const leader = data.currentLeader
    if (leader && (leader.leaderId ?? -1) >= 0)
      this.#cluster.metadata.learnLeader(topic, partition, leader.leaderId!, leader.leaderEpoch!)
    if (data.errorCode === offsetOutOfRange) void this.#reset(position, error)
    else if (error.retriable) this.#backOff([position])
    else {
      this.#positions.delete(`${topic}/${partition}`)
      this.#push(error)
    }
  }

  async #reset(position: Position, error: KafkaError): Promise<void> {
    const policy = this.#options.offsetReset ?? 'error'
    const { topic, partition } = position
    position.paused = true
    try {
      if (policy === 'error') throw error
      const timestampMs = policy === 'earliest' ? earliest : latest
      const [found] = await listOffsets(this.#cluster, [{ topic, partition, timestampMs }])
      position.offset = found!.offset
      position.paused = false
      this.#wake()
    } catch (failure) {
      this.#positions.delete(`${topic}/${partition}`)
      this.#push(failure instanceof KafkaError ? failure : error)
    }
  }

  #backOff(positions: readonly Position[]): void {
    const { firstMs } = this.#cluster.retryOptions
    const until = this.#cluster.env.clock.monotonicMs() + firstMs
    for (const position of positions) position.notBeforeMs = until
    this.#refreshLater(positions)
  }

  #refreshLater(positions: readonly Position[]): void {
    if (this.#refreshing) return
    this.#refreshing = true
    const { firstMs, lastMs } = this.#cluster.retryOptions
    const again = () => {
      this.#refreshing = false
      if (!this.#closed && !this.#cluster.closed) this.#wake()
    }
    this.#cluster.refresh([...new Set(positions.map(({ topic }) => topic))]).then(
      () => this.#cluster.env.timers.after(firstMs, again),
      () => this.#cluster.env.timers.after(lastMs, again),
    )
  }
}

type PartitionAnswer = IncomingResponseOf<typeof Fetch>['responses'][number]['partitions'][number]
