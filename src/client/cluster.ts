/**
 * A cluster as a client sees it: brokers by id, one connection for each purpose, metadata, and
 * where the coordinators of groups and transactions are.
 *
 * A long poll would hold up what is asked behind it on the same connection. So fetching has
 * connections of its own, and so have groups.
 */
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import type { Api, Decoded, Encodable, Fields } from '../../protocol/schema.ts'
import type { Env } from '../env/env.ts'
import { backoffMs, retrying } from './backoff.ts'
import { type ClientOptions, clientDefaults, type Endpoint } from './client-options.ts'
import { BrokerConnection, nameOf, type SendOptions, silenceMs } from './connection.ts'
import { brokerError, checkError, KafkaError, localError } from './kafka-error.ts'
import { MetadataCache, type TopicInfo } from './metadata.ts'

const purposes = ['general', 'fetch', 'group'] as const
export type Purpose = (typeof purposes)[number]

interface Slot {
  opening: Promise<BrokerConnection> | undefined
  connection: BrokerConnection | undefined
  failures: number
  notBeforeMs: number
  /** Ends the pause before the next attempt. */
  hurry: (() => void) | undefined
}

export class Cluster {
  readonly env: Env
  readonly options: ClientOptions
  readonly metadata = new MetadataCache()
  readonly #slots = new Map<string, Slot>()
  readonly #coordinators = new Map<string, number>()
  #bootstrap: BrokerConnection | undefined
  #bootstrapping: Promise<BrokerConnection> | undefined
  /** Silent ones that were replaced; they end with their requests. */
  readonly #retired: BrokerConnection[] = []
  #closed = false

  constructor(env: Env, options: ClientOptions) {
    this.env = env
    this.options = options
  }

  get closed(): boolean {
    return this.#closed
  }

  /** What `retrying` needs for an operation of this cluster. */
  get retryOptions() {
    const { operationTimeoutMs, retryBackoffMs, retryBackoffMsMax } = this.options
    return {
      timeoutMs: operationTimeoutMs ?? clientDefaults.operationTimeoutMs,
      firstMs: retryBackoffMs ?? clientDefaults.retryBackoffMs,
      lastMs: retryBackoffMsMax ?? clientDefaults.retryBackoffMsMax,
    }
  }

  /**
   * The open connection with the fewest requests, unless it is silent; else a new one: to the
   * bootstrap addresses in order, then to brokers that were known before.
   */
  async any(): Promise<BrokerConnection> {
    const open = this.#openConnections().filter(({ silentMs }) => silentMs < silenceMs)
    if (open.length > 0) return open.reduce((a, b) => (b.inFlight < a.inFlight ? b : a))
    this.#bootstrapping ??= this.#openAny().finally(() => {
      this.#bootstrapping = undefined
    })
    return this.#bootstrapping
  }

  /** Those that no long poll holds up. */
  #openConnections(): BrokerConnection[] {
    const all = [...this.#slots].filter(([key]) => key.endsWith('/general'))
    return [...all.map(([, { connection }]) => connection), this.#bootstrap].filter(
      (connection) => connection !== undefined && !connection.closed,
    ) as BrokerConnection[]
  }

  /** Asks one broker, and another one too when that is silent: it may be frozen. The first answer counts. */
  async #askAny<T>(ask: (connection: BrokerConnection) => Promise<T>): Promise<T> {
    const first = await this.any()
    const answer = ask(first).catch((error) => this.#askAgain(error, first, ask))
    const silent = new Promise<'silent'>((resolve) => {
      const timer = this.env.timers.after(silenceMs, () => resolve('silent'))
      answer.catch(() => {}).finally(() => timer.cancel())
    })
    const early = await Promise.race([answer, silent])
    if (early !== 'silent') return early
    const second = await this.any().catch(() => first)
    if (second === first) return answer
    return Promise.any([answer, ask(second)]).catch((error) => {
      throw error.errors[0]
    })
  }

  /** A connection may have been broken before anybody knew: then another one is asked, once. */
  async #askAgain<T>(
    error: unknown,
    broken: BrokerConnection,
    ask: (connection: BrokerConnection) => Promise<T>,
  ): Promise<T> {
    if (!broken.closed || this.#closed) throw error
    const other = await this.any().catch(() => {
      throw error
    })
    return ask(other)
  }

  async #openAny(): Promise<BrokerConnection> {
    const silent = new Set(this.#openConnections().map(({ name }) => name))
    const all: Endpoint[] = [...this.options.bootstrap, ...this.metadata.brokers.values()]
    const others = all.filter((endpoint) => !silent.has(nameOf(endpoint)))
    const endpoints = others.length > 0 ? others : all
    let failure: unknown
    for (const endpoint of endpoints) {
      if (this.#closed) break
      try {
        const connection = await BrokerConnection.open(this.env, endpoint, this.options)
        if (this.#bootstrap && !this.#bootstrap.closed) this.#retired.push(this.#bootstrap)
        this.#bootstrap = connection
        if (this.#closed) connection.close()
        return connection
      } catch (error) {
        // Wrong credentials are wrong everywhere: say so instead of asking the next one.
        if (error instanceof KafkaError && error.name !== 'TRANSPORT') failure = error
        failure ??= error
      }
    }
    throw failure ?? localError('DESTROY', 'The client is closed')
  }

  /** The open connection to a broker; opens one, after a pause when the last attempts failed. */
  async connection(nodeId: number, purpose: Purpose = 'general'): Promise<BrokerConnection> {
    const key = `${nodeId}/${purpose}`
    let slot = this.#slots.get(key)
    if (slot === undefined) {
      slot = {
        opening: undefined,
        connection: undefined,
        failures: 0,
        notBeforeMs: 0,
        hurry: undefined,
      }
      this.#slots.set(key, slot)
    }
    if (slot.connection && !slot.connection.closed) return slot.connection
    // Forgotten in a later turn than it is kept, even when opening ends in this one.
    slot.opening ??= this.#open(nodeId, purpose, slot).finally(() => {
      slot.opening = undefined
    })
    return slot.opening
  }

  /** There is news of a broker: it is connected to at once, however often that failed before. */
  expect(nodeId: number): void {
    for (const purpose of purposes) {
      const slot = this.#slots.get(`${nodeId}/${purpose}`)
      if (slot === undefined) continue
      slot.failures = 0
      slot.notBeforeMs = 0
      slot.hurry?.()
    }
  }

  #patience(slot: Slot, waitMs: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = this.env.timers.after(waitMs, resolve)
      slot.hurry = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  async #open(nodeId: number, purpose: Purpose, slot: Slot): Promise<BrokerConnection> {
    try {
      const waitMs = slot.notBeforeMs - this.env.clock.monotonicMs()
      if (waitMs > 0) await this.#patience(slot, waitMs)
      if (this.#closed) throw localError('DESTROY', 'The client is closed')
      const address = this.metadata.brokers.get(nodeId)
      if (address === undefined) throw localError('TRANSPORT', `Broker ${nodeId} is not known`)
      const connection =
        this.#takeBootstrap(address, purpose) ??
        (await BrokerConnection.open(this.env, address, this.options))
      connection.nodeId = nodeId
      slot.connection = connection
      slot.failures = 0
      if (this.#closed) connection.close()
      return connection
    } catch (error) {
      const { firstMs, lastMs } = this.retryOptions
      const delayMs = backoffMs(this.env, slot.failures++, firstMs, lastMs)
      slot.notBeforeMs = this.env.clock.monotonicMs() + delayMs
      throw error
    }
  }

  /** The bootstrap connection serves on as the broker's own when the address is the same. */
  #takeBootstrap(address: Endpoint, purpose: Purpose): BrokerConnection | undefined {
    const bootstrap = this.#bootstrap
    if (bootstrap === undefined || bootstrap.closed || purpose !== 'general') return undefined
    const { host, port } = bootstrap.endpoint
    if (host !== address.host || port !== address.port) return undefined
    this.#bootstrap = undefined
    return bootstrap
  }

  /** Sends to one broker, to whichever answers first, or to the controller. */
  async send<Request extends Fields, Response extends Fields>(
    to: number | 'any' | 'controller',
    api: Api<Request, Response>,
    request: Encodable<Request>,
    options: SendOptions & { purpose?: Purpose } = {},
  ): Promise<Decoded<Response>> {
    let connection: BrokerConnection
    if (to === 'any') connection = await this.any()
    else if (to === 'controller') connection = await this.#controller()
    else connection = await this.connection(to, options.purpose)
    return connection.send(api, request, options)
  }

  async #controller(): Promise<BrokerConnection> {
    if (this.metadata.controllerId < 0) await this.refresh([])
    const id = this.metadata.controllerId
    return id < 0 || !this.metadata.brokers.has(id) ? this.any() : this.connection(id)
  }

  /** Asks for topics (`'all'`: every one) and keeps what is learnt. Errors of topics are in the result. */
  async refresh(
    topics: readonly string[] | 'all',
    allowAutoTopicCreation = false,
  ): Promise<TopicInfo[]> {
    const everyTopic = topics === 'all'
    const names = everyTopic ? [] : topics.map((name) => ({ name }))
    const answer = await this.#askAny((connection) => {
      const version = connection.requireVersion(Metadata)
      const asked = everyTopic && version > 0 ? null : names
      return connection.send(Metadata, { topics: asked, allowAutoTopicCreation }, { version })
    })
    return this.metadata.update(answer, everyTopic, this.env.clock.monotonicMs())
  }

  /**
   * A topic that has all its leaders, from memory when it is fresh. Waits for a topic that is
   * being created; throws UNKNOWN_TOPIC_OR_PARTITION and the like when it stays away.
   */
  async topic(name: string, options: { create?: boolean; timeoutMs?: number } = {}) {
    const known = this.metadata.topics.get(name)
    const ageMsMax = this.options.metadataAgeMsMax ?? clientDefaults.metadataAgeMsMax
    if (known && this.env.clock.monotonicMs() - known.learnedMs < ageMsMax) return known
    const timeoutMs = options.timeoutMs ?? this.retryOptions.timeoutMs
    return retrying(this.env, { ...this.retryOptions, timeoutMs }, async () => {
      const [topic] = await this.refresh([name], options.create ?? false)
      if (topic === undefined) throw brokerError(3, `Topic ${name}`)
      checkError(topic.errorCode, `Topic ${name}`)
      return topic
    })
  }

  /** The broker that coordinates a group or a transactional id. */
  async coordinator(kind: 'group' | 'transaction', key: string): Promise<number> {
    const known = this.#coordinators.get(`${kind}/${key}`)
    if (known !== undefined) return known
    const keyType = kind === 'group' ? 0 : 1
    const found = await this.#askAny(async (connection) => {
      const version = connection.requireVersion(FindCoordinator)
      const request = version >= 4 ? { keyType, coordinatorKeys: [key] } : { key, keyType }
      const answer = await connection.send(FindCoordinator, request, { version })
      return version >= 4 ? answer.coordinators[0] : answer
    })
    if (found === undefined) throw brokerError(15, `Coordinator of ${kind} ${key}`)
    checkError(found.errorCode, `Coordinator of ${kind} ${key}`, found.errorMessage)
    const { nodeId, host, port } = found
    if (!this.metadata.brokers.has(nodeId))
      this.metadata.learnBrokers([{ nodeId, host, port, rack: null }])
    this.#coordinators.set(`${kind}/${key}`, nodeId)
    return nodeId
  }

  forgetCoordinator(kind: 'group' | 'transaction', key: string): void {
    this.#coordinators.delete(`${kind}/${key}`)
  }

  /** Closes every connection; what waits is rejected with DESTROY. */
  close(): void {
    this.#closed = true
    this.#bootstrap?.close()
    for (const connection of this.#retired) connection.close()
    for (const { connection } of this.#slots.values()) connection?.close()
  }
}
