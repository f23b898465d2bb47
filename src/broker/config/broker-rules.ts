/** Which values of a broker may not stand together, and what this version cannot do. Messages are Kafka's. */
import type { BrokerConfig } from './broker-config.ts'
import { retentionMs } from './topic-defaults.ts'
import { ConfigError } from './value.ts'

export function checkBrokerRules(config: BrokerConfig): void {
  checkIds(config)
  checkLogs(config)
  checkReplication(config)
  checkGroups(config)
  checkNetwork(config)
  checkAssignors(config)
  checkSupported(config)
}

function require(holds: boolean, message: string): void {
  if (!holds) throw new ConfigError(message)
}

function checkIds(config: BrokerConfig): void {
  const voters = config.get('controller.quorum.voters').map((text) => Number(text.split('@')[0]))
  if (voters.length === 0) return
  const listed = `controller.quorum.voters=Set(${voters.join(', ')})`
  const included = voters.includes(config.nodeId)
  require(config.isController ||
    !included, `If process.roles contains just the 'broker' role, the node id ${config.nodeId} must not be included in the set of voters ${listed}`)
  require(!config.isController ||
    included, `If process.roles contains the 'controller' role, the node id ${config.nodeId} must be included in the set of voters ${listed}`)
}

function checkLogs(config: BrokerConfig): void {
  require(retentionMs((name) => config.get(name)) !==
    0, 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1')
  const dirs = config.logDirs
  const cordoned = config.get('cordoned.log.dirs')
  const missing = cordoned.filter((dir) => dir !== '*' && !dirs.includes(dir))
  require(missing.length ===
    0, `All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : ${missing.join(', ')}`)
}

/** Kafka loads any class; these two are all that is known here. */
const replicaSelectors = ['LeaderSelector', 'RackAwareReplicaSelector'].map(
  (name) => `org.apache.kafka.common.replica.${name}`,
)

function checkReplication(config: BrokerConfig): void {
  const selector = config.get('replica.selector.class')
  require(selector === null ||
    replicaSelectors.includes(
      selector,
    ), `replica.selector.class must be one of ${replicaSelectors.join(', ')}, not ${selector}`)
  require(config.get('replica.fetch.wait.max.ms') <=
    config.get(
      'replica.socket.timeout.ms',
    ), 'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts')
  require(config.get('replica.fetch.wait.max.ms') <=
    config.get(
      'replica.lag.time.max.ms',
    ), 'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR')
}

const boundedGroupConfigs = [
  ['group.consumer', 'session.timeout.ms'],
  ['group.consumer', 'heartbeat.interval.ms'],
  ['group.consumer', 'assignment.interval.ms'],
  ['group.share', 'session.timeout.ms'],
  ['group.share', 'heartbeat.interval.ms'],
  ['group.share', 'assignment.interval.ms'],
  ['group.share', 'delivery.count.limit'],
  ['group.share', 'record.lock.duration.ms'],
  ['group.share', 'partition.max.record.locks'],
  ['group.streams', 'session.timeout.ms'],
  ['group.streams', 'heartbeat.interval.ms'],
  ['group.streams', 'assignment.interval.ms'],
] as const

function checkGroups(config: BrokerConfig): void {
  const value = (name: string) => config.get(name as 'group.consumer.session.timeout.ms')
  for (const [kind, name] of boundedGroupConfigs) {
    const [min, max, own] = [`${kind}.min.${name}`, `${kind}.max.${name}`, `${kind}.${name}`]
    require(value(max) >= value(min), `${max} must be greater than or equal to ${min}`)
    require(value(own) >= value(min), `${own} must be greater than or equal to ${min}`)
    require(value(own) <= value(max), `${own} must be less than or equal to ${max}`)
  }
  require(config
    .get('group.coordinator.rebalance.protocols')
    .includes('classic'), "Disabling the 'classic' protocol is not supported.")
  for (const name of [
    'offsets.topic.compression.codec',
    'share.coordinator.state.topic.compression.codec',
  ] as const) {
    const codec = config.get(name)
    require(codec >= 0 && codec <= 4, `Unknown compression type id: ${codec}`)
  }
}

function checkNetwork(config: BrokerConfig): void {
  const queuedBytes = config.get('queued.max.request.bytes')
  require(queuedBytes <= 0 ||
    queuedBytes >=
      config.get(
        'socket.request.max.bytes',
      ), 'queued.max.request.bytes must be larger or equal to socket.request.max.bytes')
  const overrides = config.get('max.connections.per.ip.overrides')
  require(config.get('max.connections.per.ip') > 0 ||
    overrides !==
      '', 'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.')
  for (const pair of overrides.split(',').filter((text) => text.trim() !== ''))
    require(/^.+:\s*\d+$/.test(
      pair.trim(),
    ), `Error parsing configuration property 'max.connections.per.ip.overrides': '${pair.trim()}' is not host:count`)
}

/** A setting that would protect, and that is not there yet, is refused rather than ignored. */
function checkSupported(config: BrokerConfig): void {
  for (const { listenerName, securityProtocol } of config.endpoints.listeners)
    require(securityProtocol ===
      'PLAINTEXT', `Listener ${listenerName} has the security protocol ${securityProtocol}, which this version of Ottla does not serve: only PLAINTEXT`)
  require(config.get('authorizer.class.name') ===
    '', `authorizer.class.name is ${config.get('authorizer.class.name')}, and this version of Ottla has no authorizer: it would let everybody in`)
}

const assignors = ['uniform', 'range']

/** Kafka would load a class of that name. */
function checkAssignors(config: BrokerConfig): void {
  const unknown = config.get('group.consumer.assignors').find((name) => !assignors.includes(name))
  require(unknown ===
    undefined, `group.consumer.assignors has ${unknown}, which this version of Ottla does not have: only ${assignors.join(', ')}`)
}
