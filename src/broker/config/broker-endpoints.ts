/** What a broker's listeners, advertised addresses and coordinator are, from the values together. */
import type { BrokerConfig } from './broker-config.ts'
import {
  type Endpoint,
  parseListeners,
  parseProtocolMap,
  type SecurityProtocol,
} from './listeners.ts'
import { ConfigError } from './value.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface BrokerEndpoints {
  /** For clients and other brokers. */
  readonly listeners: readonly Endpoint[]
  /** Of those in `controller.listener.names`; Ottla's coordinator listens there when it serves others. */
  readonly controllerListeners: readonly Endpoint[]
  /** In the order of `advertised.listeners`; port 0 stands for the port that was bound. */
  readonly advertised: readonly Endpoint[]
  readonly interBrokerListenerName: string
  /** Where the coordinator is; empty when it runs in this process. */
  readonly coordinatorServers: readonly Address[]
  /** Where metrics are told over HTTP. */
  readonly metrics: Address | undefined
}

const secured: readonly string[] = ['SSL', 'SASL_SSL', 'SASL_PLAINTEXT']

export function brokerEndpoints(config: BrokerConfig, hostName: string): BrokerEndpoints {
  const protocols = protocolsOf(config)
  const controllerNames = config.get('controller.listener.names').map((name) => name.toUpperCase())
  const all = parseListeners(config.get('listeners'), protocols, { distinctPorts: true })
  const forController = (endpoint: Endpoint) => controllerNames.includes(endpoint.listenerName)
  const listeners = all.filter((endpoint) => !forController(endpoint))
  const advertisedTexts = config.get('advertised.listeners')
  const advertised = (
    advertisedTexts
      ? parseListeners(advertisedTexts, protocols, { distinctPorts: false })
      : listeners
  ).filter((endpoint) => !forController(endpoint))
  checkRoles(config, all.length, listeners.length)
  const endpoints = {
    listeners,
    controllerListeners: all.filter(forController),
    advertised: advertised.map((endpoint) => ({ ...endpoint, host: endpoint.host || hostName })),
    interBrokerListenerName: interBrokerListenerName(config, protocols),
    coordinatorServers: coordinatorServers(config, all.filter(forController), hostName),
    metrics: metricsAddress(config),
  }
  if (config.isBroker) checkAdvertised(endpoints, all)
  return endpoints
}

/** Kafka lets listeners of the controller be PLAINTEXT unsaid, as long as nothing is secured. */
function protocolsOf(config: BrokerConfig): Map<string, SecurityProtocol> {
  const map = parseProtocolMap(config.get('listener.security.protocol.map'))
  const controllerNames = config.get('controller.listener.names').map((name) => name.toUpperCase())
  const names = [
    ...config.get('listeners').map((text) => text.split(':')[0] ?? ''),
    ...controllerNames,
  ]
  if (config.has('listener.security.protocol.map') || names.some((name) => secured.includes(name)))
    return map
  for (const name of controllerNames) if (!map.has(name)) map.set(name, 'PLAINTEXT')
  return map
}

function checkRoles(config: BrokerConfig, all: number, forBrokers: number): void {
  if (!config.isBroker && forBrokers > 0)
    throw new ConfigError(
      'The listeners config must only contain KRaft controller listeners from controller.listener.names when process.roles=controller',
    )
  if (!config.isController && all > forBrokers)
    throw new ConfigError(
      "controller.listener.names must not contain a value appearing in the 'listeners' configuration when running KRaft with just the broker role",
    )
}

function checkAdvertised(endpoints: BrokerEndpoints, all: readonly Endpoint[]): void {
  const names = (of: readonly Endpoint[]) => of.map((endpoint) => endpoint.listenerName).join(',')
  const { advertised, interBrokerListenerName: inter } = endpoints
  if (advertised.length === 0)
    throw new ConfigError(
      'There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?',
    )
  if (advertised.some((endpoint) => endpoint.host === '0.0.0.0'))
    throw new ConfigError(
      'advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.',
    )
  if (!advertised.some((endpoint) => endpoint.listenerName === inter))
    throw new ConfigError(
      `inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on currently configured listeners are ${names(advertised)}`,
    )
  if (advertised.some((one) => !all.some((other) => other.listenerName === one.listenerName)))
    throw new ConfigError(
      `advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found ${names(advertised)}. The valid options based on the current configuration are ${names(all)}`,
    )
}

function interBrokerListenerName(
  config: BrokerConfig,
  protocols: ReadonlyMap<string, SecurityProtocol>,
): string {
  const name = config.get('inter.broker.listener.name')?.toUpperCase()
  if (name === undefined) return config.get('security.inter.broker.protocol')
  if (config.has('security.inter.broker.protocol'))
    throw new ConfigError(
      'Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.',
    )
  if (!protocols.has(name))
    throw new ConfigError(
      `Listener with name ${name} defined in inter.broker.listener.name not found in listener.security.protocol.map.`,
    )
  return name
}

/**
 * The coordinator's addresses: Ottla's own key, else Kafka's keys for its quorum. Where a process is
 * controller too, the coordinator runs in it, unless it is not the first of Kafka's voters.
 */
function coordinatorServers(
  config: BrokerConfig,
  own: readonly Endpoint[],
  hostName: string,
): Address[] {
  const given = config.get('coordinator.servers')
  if (given.length > 0) return given.map((text) => address('coordinator.servers', text))
  const voters = config.get('controller.quorum.voters').map(voter)
  const bootstrap = config.get('controller.quorum.bootstrap.servers')
  if (config.isController) {
    const [first] = voters
    if (first !== undefined)
      return first.id !== config.nodeId ? [{ host: first.host, port: first.port }] : []
    // Without ids, the first of several addresses says who it is.
    if (bootstrap.length < 2) return []
    const active = address('controller.quorum.bootstrap.servers', bootstrap[0]!)
    return own.some((endpoint) => isAt(endpoint, active, hostName)) ? [] : [active]
  }
  if (voters.length > 0) return voters.map(({ host, port }) => ({ host, port }))
  if (bootstrap.length > 0)
    return bootstrap.map((text) => address('controller.quorum.bootstrap.servers', text))
  throw new ConfigError(
    'With process.roles=broker, coordinator.servers (or controller.quorum.voters, or controller.quorum.bootstrap.servers) must say where the coordinator is.',
  )
}

function metricsAddress(config: BrokerConfig): Address | undefined {
  const text = config.get('metrics.listener')
  return text === null || text.trim() === '' ? undefined : address('metrics.listener', text.trim())
}

const wildcards = ['', '0.0.0.0', '::']

function isAt({ host, port }: Endpoint, { host: wanted, port: at }: Address, hostName: string) {
  return port === at && (host === wanted || (wildcards.includes(host) && wanted === hostName))
}

function address(name: string, text: string): Address {
  const [, host, port] = /^(?:[A-Za-z_]+:\/\/)?\[?([0-9a-zA-Z\-%._:]+)\]?:(\d+)$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65535)
    throw new ConfigError(`Invalid value ${text} for configuration ${name}: it is not host:port`)
  return { host, port: Number(port) }
}

function voter(text: string): Address & { id: number } {
  const [, id, rest = ''] = /^(\d+)@(.*)$/.exec(text) ?? []
  if (id === undefined)
    throw new ConfigError(
      'Invalid configuration value for controller.quorum.voters. Each entry should be in the form `{id}@{host}:{port}`.',
    )
  const [, host, port] = /^\[?([0-9a-zA-Z\-%._:]+)\]?:(\d+)$/.exec(rest) ?? []
  if (host === undefined)
    throw new ConfigError(
      `Failed to parse host name from entry ${text} for the configuration controller.quorum.voters. Each entry should be in the form \`{id}@{host}:{port}\`.`,
    )
  return { id: Number(id), host, port: Number(port) }
}
