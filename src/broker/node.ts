/**
 * One process of a cluster: a broker, a coordinator, or both, as `process.roles` says.
 *
 * The order of the start is the order of trust: the data directories are locked and checked first,
 * then the ports are bound (their numbers are told to the coordinator), the session stands, the
 * logs are open, and only then is the first request read. The stop goes backwards.
 */

import { Coordinator } from '../coordinator/coordinator.ts'
import { Journal } from '../coordinator/journal.ts'
import { Standby } from '../coordinator/standby.ts'
import type { Env } from '../env/env.ts'
import { journalDirectory } from '../log/file-names.ts'
import { LogManager } from '../log/log-manager.ts'
import { clusterIdOf } from '../log/meta-properties.ts'
import { Broker } from './broker.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { cleanerOptions } from './config/cleaner-options.ts'
import { configRules } from './config/config-rules.ts'
import { type ConfigImage, EffectiveConfig } from './config/effective-config.ts'
import type { Endpoint } from './config/listeners.ts'
import { logIntervals } from './config/log-intervals.ts'
import { sharedConfigs } from './config/shared-configs.ts'
import { topicLogConfig } from './config/topic-log-config.ts'
import { initialFeatures, supportedFeatures } from './features.ts'
import { MetricsEndpoint, type MetricsSources } from './metrics/metrics-endpoint.ts'
import { refuseOrphanedLogs } from './orphaned-logs.ts'
import { clusterIdAt } from './session/cluster-id-at.ts'
import { CoordinatorClient } from './session/coordinator-client.ts'
import type { Dial } from './session/link.ts'
import type { SessionOptions } from './session/session.ts'

/** Kafka's numbers for security protocols. */
const securityProtocols = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const
/** The coordinator's journal, within the first data directory. */
const noImage: ConfigImage = { configs: () => new Map<string, string>() }

interface NodeParts {
  readonly logs: LogManager
  readonly coordinator: Coordinator | undefined
  readonly standby: Standby | undefined
  readonly broker: Broker | undefined
  readonly metrics: MetricsEndpoint | undefined
  readonly advertised: readonly Endpoint[]
  readonly clusterId: string
}

export class Node {
  readonly broker: Broker | undefined
  /** What clients are told to connect to, with the ports that were bound. */
  readonly advertised: readonly Endpoint[]
  readonly clusterId: string
  /** While it runs in this process. */
  readonly coordinator: Coordinator | undefined
  /** Where metrics are told, with the port that was bound. */
  readonly metrics: MetricsEndpoint | undefined
  readonly #standby: Standby | undefined
  readonly #logs: LogManager

  constructor(parts: NodeParts) {
    this.#standby = parts.standby
    this.#logs = parts.logs
    this.coordinator = parts.coordinator
    this.broker = parts.broker
    this.metrics = parts.metrics
    this.advertised = parts.advertised
    this.clusterId = parts.clusterId
  }

  /** Resolves when clients are served; rejects with one clear sentence, and leaves nothing open. */
  static async start(
    env: Env,
    config: BrokerConfig,
    /** The coordinator's disk failed: nothing can be decided any more until a restart. */
    onFatal: (error: Error) => void = () => {},
  ): Promise<Node> {
    const open: (() => Promise<void> | void)[] = []
    try {
      return await start(env, config, open, onFatal)
    } catch (error) {
      for (const close of open.reverse()) await close()
      throw error
    }
  }

  /** Hands leaderships over, answers what is under way, closes the logs cleanly. */
  async stop(): Promise<void> {
    await this.broker?.leave()
    await this.#logs.close(this.broker?.session.brokerEpoch)
    await this.#standby?.close()
    await this.coordinator?.close()
    await this.metrics?.close()
  }

  /** What is going on, for people. */
  describe(): object {
    return { clusterId: this.clusterId, advertised: this.advertised, ...this.broker?.describe() }
  }
}

async function start(
  env: Env,
  config: BrokerConfig,
  open: (() => Promise<void> | void)[],
  onFatal: (error: Error) => void,
): Promise<Node> {
  const { endpoints, nodeId } = config
  const directories = config.logDirs
  const embedded = config.isController && endpoints.coordinatorServers.length === 0
  const coordinator = embedded ? await startCoordinator(env, config, onFatal) : undefined
  if (coordinator !== undefined) open.push(() => coordinator.close())
  const standby = config.isController && !embedded ? await startStandby(env, config) : undefined
  if (standby !== undefined) open.push(() => standby.close())
  if (embedded && config.get('controller.quorum.voters').length > 1)
    env.log.info(notAvailable, { coordinator: nodeId })
  const dial: Dial = coordinator?.dial ?? dialOver(env, config)
  // Before it waits for anybody: whoever watches processes must see that this one lives.
  const sources: MetricsSources = {
    isBroker: config.isBroker,
    broker: undefined,
    coordinator,
    standby,
  }
  const metrics = endpoints.metrics
    ? await MetricsEndpoint.start(env, endpoints.metrics, sources)
    : undefined
  if (metrics !== undefined) open.push(() => metrics.close())
  const clusterId = coordinator?.clusterId ?? (await clusterIdAt(env, dial, nodeId))
  let broker: Broker | undefined
  const logs = await LogManager.open(env, {
    directories,
    clusterId,
    nodeId,
    configOf: (topic) =>
      topicLogConfig(
        config,
        broker?.joined ? broker.image : (coordinator?.image ?? noImage),
        topic,
      ),
    onDirectoryFailure: (_path, error) => {
      broker?.partitions.wakeAll()
      broker?.failedReplicas.report()
      // While they are opened, a directory that fails is left out, or keeps the start from going on.
      if (broker === undefined) return
      if (logs.directories.every(({ disk }) => disk.failure !== undefined)) onFatal(error)
    },
    cordonedDirectories: () =>
      (broker?.effective ?? new EffectiveConfig(config)).get('cordoned.log.dirs'),
    intervals: logIntervals(config),
    cleaner: cleanerOptions(new EffectiveConfig(config)),
  })
  open.push(() => logs.close())
  if (coordinator !== undefined)
    for (const { host, port } of endpoints.controllerListeners)
      await coordinator.listen({ host: host || '::', port })
  if (config.isBroker) broker = new Broker(env, config, logs)
  sources.broker = broker
  const node = { logs, coordinator, standby, metrics, clusterId }
  if (broker === undefined) return new Node({ ...node, broker, advertised: [] })
  const { server, partitions } = broker
  open.push(() => server.close())
  await server.bind(endpoints.listeners)
  const advertised = withBoundPorts(endpoints.advertised, server.ports)
  const session = await CoordinatorClient.start(env, {
    ...sessionOptions(env, config, logs, advertised),
    logEnds: (asked) => partitions.logEnds(asked),
    dial,
    clusterId,
    onRefused: onFatal,
  })
  open.push(() => session.close())
  await broker.join(session)
  server.open()
  return new Node({ ...node, broker, advertised })
}

function sessionOptions(
  env: Env,
  config: BrokerConfig,
  logs: LogManager,
  advertised: readonly Endpoint[],
): Omit<SessionOptions, 'dial' | 'clusterId'> {
  return {
    brokerId: config.nodeId,
    rack: config.get('broker.rack'),
    listeners: advertised.map(({ listenerName, host, port, securityProtocol }) => ({
      name: listenerName,
      host,
      port,
      securityProtocol: securityProtocols[securityProtocol],
    })),
    features: supportedFeatures,
    logDirs: logs.directories.flatMap(({ disk, directoryId }) =>
      disk.failure === undefined ? [directoryId] : [],
    ),
    offlineLogDirs: () =>
      logs.directories.flatMap(({ disk, directoryId }) =>
        disk.failure !== undefined && directoryId !== '' ? [directoryId] : [],
      ),
    cordonedLogDirs: () =>
      logs.directories.flatMap((each) => (logs.isCordoned(each) ? [each.directoryId] : [])),
    cleanShutdown: logs.directories.every(({ wasClean }) => wasClean),
    restored: logs.directories.some(({ isIncomplete, wasClean }) => isIncomplete && !wasClean),
    bootId: bootIdOf(env),
    previousBrokerEpoch: logs.previousBrokerEpoch,
    goesOnWithout: config.get('lease.outage.policy') === 'available',
    registrationMaxMs: config.get('initial.broker.registration.timeout.ms'),
    onRegistered: (brokerEpoch) => logs.noteBrokerEpoch(brokerEpoch),
    durable: config.get('log.flush.interval.messages') === 1,
    defaultPartitions: config.get('num.partitions'),
    defaultReplicationFactor: config.get('default.replication.factor'),
  }
}

const notAvailable =
  'One node of the voters runs the coordinator, the others stand by without its data: the cluster is not highly available yet'

/** A voter that does not run the coordinator: its answer sends brokers to the one that does. */
async function startStandby(env: Env, { endpoints }: BrokerConfig): Promise<Standby> {
  const [active] = endpoints.coordinatorServers
  const standby = new Standby(env, active!)
  for (const { host, port } of endpoints.controllerListeners)
    await standby.listen({ host: host || '::', port })
  env.log.info(notAvailable, { coordinator: `${active!.host}:${active!.port}` })
  return standby
}

async function startCoordinator(
  env: Env,
  config: BrokerConfig,
  onFatal: (error: Error) => void,
): Promise<Coordinator> {
  const journalPath = `${config.logDirs[0]}/${journalDirectory}`
  refuseOrphanedLogs(env, config.logDirs, journalPath)
  // Rules are asked of the metadata as it then is.
  let image: ConfigImage = noImage
  const current: ConfigImage = { configs: (...resource) => image.configs(...resource) }
  const clusterId = config.get('cluster.id') ?? clusterIdOf(env, config.logDirs)
  const coordinator = await Coordinator.start(env, {
    store: new Journal(env, journalPath),
    rules: configRules(config, current),
    ...(clusterId ? { clusterId } : {}),
    staticConfigs: sharedConfigs(config),
    features: initialFeatures,
    leaseMs: config.get('lease.duration.ms'),
    onFailure: onFatal,
    balanceEveryMs: config.get('auto.leader.rebalance.enable')
      ? config.get('leader.imbalance.check.interval.seconds') * 1000
      : 0,
    uncleanElectionEveryMs: config.get('unclean.leader.election.interval.ms'),
    ...(config.has('lease.trust.refused') && { trustRefused: config.get('lease.trust.refused') }),
  })
  image = coordinator.image
  return coordinator
}

/** Goes round the addresses: the first that answers says who is active. */
function dialOver(env: Env, config: BrokerConfig): Dial {
  const servers = config.endpoints.coordinatorServers
  let turn = 0
  return (handler) => {
    const server = servers[turn++ % servers.length] ?? { host: '127.0.0.1', port: 9093 }
    return env.net.connect(server, handler)
  }
}

function withBoundPorts(
  advertised: readonly Endpoint[],
  bound: ReadonlyMap<string, number>,
): Endpoint[] {
  return advertised.map((endpoint) =>
    endpoint.port === 0 ? { ...endpoint, port: bound.get(endpoint.listenerName) ?? 0 } : endpoint,
  )
}

/** Changes with each boot of the machine: a process that died lost nothing that the kernel had taken. */
function bootIdOf(env: Env): string {
  try {
    const text = env.files.readFile('/proc/sys/kernel/random/boot_id').toString('latin1')
    return Buffer.from(text.trim().replaceAll('-', ''), 'hex').toString('base64url')
  } catch {
    return env.random.bytes(16).toString('base64url')
  }
}
