/**
 * One broker: its parts, and what the handlers ask of the cluster.
 *
 * Start: the data directories are opened, the session with the coordinator stands, the logs are
 * loaded as the metadata says, then the broker is ready, and only then does it answer clients.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { type ClusterImage, resourceTypes } from '../core/cluster/image.ts'
import { FetchSessions } from '../core/fetch/session.ts'
import type { Env } from '../env/env.ts'
import type { LogConfig } from '../log/log-config.ts'
import type { LogManager } from '../log/log-manager.ts'
import { Appends } from './appends.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { listenersInForce } from './config/dynamic-listeners.ts'
import { EffectiveConfig } from './config/effective-config.ts'
import { topicLogConfig } from './config/topic-log-config.ts'
import { FailedReplicas } from './failed-replicas.ts'
import { followMetadata, startGroups } from './group/broker-groups.ts'
import type { GroupCoordinator } from './group/group-coordinator.ts'
import { Input } from './input.ts'
import { Output } from './output.ts'
import { ParkedFetches } from './parked-fetches.ts'
import { Partitions } from './partitions.ts'
import { ProducerIds } from './producer-ids.ts'
import { RecordChecks } from './record-checks.ts'
import { Replication } from './replication/replication.ts'
import { Server } from './server.ts'
import type { CoordinatorClient } from './session/coordinator-client.ts'
import { Traffic } from './traffic.ts'
import { Waiting } from './waiting.ts'

/** How an address of a broker is told to a client. */
export interface BrokerEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
}

/** `queued.max.response.bytes`: answers that clients have not read yet, over all connections. */
const outputBytesMax = 256 * 1024 * 1024

/** In a line of the log: a client may ask for tens of thousands. */
const namesShownMax = 10

/** How long a stop waits for others to take over what this broker leads. */
const drainMaxMs = 10_000

/** How long it waits before that for what it has acknowledged to be everywhere: milliseconds, unless a replica is stuck. */
const copiedMaxMs = 2000

export class Broker {
  readonly env: Env
  readonly config: BrokerConfig
  /** The values in force now: what was set while the cluster runs, over `config`. */
  readonly effective: EffectiveConfig
  readonly nodeId: number
  readonly logs: LogManager
  readonly appends: Appends
  readonly recordChecks: RecordChecks
  readonly traffic: Traffic
  readonly input: Input
  readonly output = new Output(outputBytesMax)
  readonly fetchSessions: FetchSessions
  readonly parkedFetches = new ParkedFetches()
  readonly partitions: Partitions
  readonly replication: Replication
  readonly failedReplicas: FailedReplicas
  readonly server: Server
  #session: CoordinatorClient | undefined
  #producerIds: ProducerIds | undefined
  #groups: GroupCoordinator | undefined
  #leaving = false

  constructor(env: Env, config: BrokerConfig, logs: LogManager) {
    this.env = env
    this.config = config
    this.effective = new EffectiveConfig(config, {
      configs: (type, name) => this.#session?.image.configs(type, name) ?? new Map(),
    })
    this.nodeId = config.nodeId
    this.logs = logs
    this.appends = new Appends(env)
    this.traffic = new Traffic(config)
    this.input = new Input(config.get('queued.max.request.bytes'))
    this.recordChecks = new RecordChecks(env, this.input.bytesMax)
    this.fetchSessions = new FetchSessions(config.get('max.incremental.fetch.session.cache.slots'))
    this.partitions = new Partitions(this)
    this.replication = new Replication(this)
    this.failedReplicas = new FailedReplicas(this)
    this.server = new Server(this)
  }

  /** Takes its place in the cluster: every log is open and every role taken when this resolves. */
  async join(session: CoordinatorClient): Promise<void> {
    this.#session = session
    this.#producerIds = new ProducerIds(session, this.nodeId)
    this.partitions.load()
    const groups = startGroups(this)
    this.#groups = groups
    session.onChange((change) => {
      this.partitions.apply(change)
      followMetadata(this, groups, change)
      if (change.configs.some(({ resourceType }) => resourceType === resourceTypes.broker))
        this.#configure()
    })
    session.onLease(() => {
      this.partitions.wakeAll()
    })
    await session.ready()
  }

  /** What is kept for a configuration follows it; the rest is asked for when it is needed. */
  #configure(): void {
    this.replication.configure()
    void this.server.follow(listenersInForce(this.effective))
  }

  /** It hands over: what it acknowledges from now on must be with whoever follows. */
  get leaving(): boolean {
    return this.#leaving
  }

  /** Hands over what it leads, then stops answering. */
  async leave(): Promise<void> {
    this.#leaving = true
    await this.#copied()
    // Without a coordinator nobody can take over: the stop must not wait for one for ever.
    await Promise.race([
      // A broker that the coordinator refused has nothing to hand over.
      this.session.drain().catch(() => {}),
      new Promise<void>((resolve) => void this.env.timers.after(drainMaxMs, resolve)),
    ])
    this.#groups?.close()
    this.replication.close()
    await this.server.close()
    this.recordChecks.close()
    this.session.close()
  }

  /** Replicas in sync have all that was acknowledged with acks=1, or the time is over. */
  #copied(): Promise<void> {
    const led = this.partitions
      .all()
      .filter(
        ({ role, image, minInsyncReplicas }) =>
          role === 'leader' && image.isr.length > 1 && image.isr.length >= minInsyncReplicas,
      )
    const ends = led.map(({ log }) => log?.logEndOffset ?? 0)
    const all = () => led.every(({ log }, i) => (log?.highWatermark ?? Infinity) >= ends[i]!)
    if (all()) return Promise.resolve()
    return new Promise((resolve) => {
      const lists = led.map(({ waiting }) => waiting)
      const tryFinish = () => {
        if (!all()) return false
        resolve()
        return true
      }
      new Waiting(this.env.timers, lists, copiedMaxMs, { tryFinish, expire: resolve })
    })
  }

  describe(): object {
    return {
      nodeId: this.nodeId,
      connections: this.server.connectionCount,
      unfinishedFrames: this.server.unfinishedFrames,
      unreadAnswerBytes: this.output.bytes,
      unfinishedRequestBytes: this.input.bytes,
      recordCheckBytes: this.recordChecks.bytes,
      parkedFetchPartitions: this.parkedFetches.partitions,
      fetchSessions: this.fetchSessions.size,
      fetchSessionPartitions: this.fetchSessions.partitions,
      groups: this.#groups?.describe(),
      partitions: [...this.partitions.all()].map(({ topic, index, role, leaderEpoch, log }) => ({
        topic,
        index,
        role,
        leaderEpoch,
        logStartOffset: log?.logStartOffset,
        highWatermark: log?.highWatermark,
        logEndOffset: log?.logEndOffset,
      })),
    }
  }

  get joined(): boolean {
    return this.#session !== undefined
  }

  get session(): CoordinatorClient {
    if (this.#session === undefined) throw new Error('The broker has not joined its cluster yet')
    return this.#session
  }

  get producerIds(): ProducerIds {
    if (this.#producerIds === undefined)
      throw new Error('The broker has not joined its cluster yet')
    return this.#producerIds
  }

  get groups(): GroupCoordinator {
    if (this.#groups === undefined) throw new Error('The broker has not joined its cluster yet')
    return this.#groups
  }

  /** Undefined until it has joined. */
  get serving(): GroupCoordinator | undefined {
    return this.#groups
  }

  get image(): ClusterImage {
    return this.session.image
  }

  /** The configuration of a topic's logs as it is now, from all its sources. */
  topicLogConfig(topic: string): LogConfig {
    return topicLogConfig(this.config, this.image, topic)
  }

  /** A leader or replica that clients of this listener can reach. */
  reachable(brokerId: number, listenerName: string): boolean {
    const broker = this.image.brokers.get(brokerId)
    return (
      broker !== undefined &&
      !broker.fenced &&
      broker.listeners.some(({ name }) => name === listenerName)
    )
  }

  /** The addresses of the brokers, as clients of one listener are told (W-15). */
  endpointsFor(listenerName: string, fencedToo = false): BrokerEndpoint[] {
    const endpoints: BrokerEndpoint[] = []
    for (const { brokerId, fenced, rack, listeners } of this.image.brokers.values()) {
      const listener = listeners.find(({ name }) => name === listenerName)
      if (listener === undefined || (fenced && !fencedToo)) continue
      const { host, port } = listener
      endpoints.push({ nodeId: brokerId, host, port, rack, isFenced: fenced })
    }
    return endpoints
  }

  endpointsOf(brokerIds: ReadonlySet<number> | undefined, listenerName: string): BrokerEndpoint[] {
    if (brokerIds === undefined || brokerIds.size === 0) return []
    return this.endpointsFor(listenerName).filter(({ nodeId }) => brokerIds.has(nodeId))
  }

  /** Every broker takes admin requests and forwards them: this one is as good as any (M-10). */
  someBrokerId(): number {
    return this.nodeId
  }

  /** Makes topics with the defaults; answers the error code of each that could not be made. */
  async autoCreate(names: readonly string[]): Promise<Map<string, number>> {
    const errors = new Map<string, number>()
    const request = {
      topics: names.map((name) => ({
        name,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [],
        configs: [],
      })),
      timeoutMs: this.config.get('request.timeout.ms'),
    }
    try {
      const { topics } = await this.session.requests.submit(CreateTopics, request)
      for (const { name, errorCode } of topics)
        if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS)
          errors.set(name, errorCode)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const shown = { count: names.length, names: names.slice(0, namesShownMax), reason }
      this.env.log.warn('Topics could not be created on first use', shown)
    }
    return errors
  }
}
