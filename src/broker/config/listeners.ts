/**
 * Where a broker listens and what it tells its clients to connect to. Rules and messages are Kafka's
 * (KafkaConfig, SocketServerConfigs).
 */
import { ConfigError } from './value.ts'

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
const securityProtocols: readonly string[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']

export interface Endpoint {
  /** In capitals. */
  readonly listenerName: string
  /** Without brackets; empty: every interface when listened on, this host's name when advertised. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly securityProtocol: SecurityProtocol
}

const endpointText = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)$/

/** `listeners` or `advertised.listeners`. Ports may be shared only by what is advertised. */
export function parseListeners(
  texts: readonly string[],
  protocols: ReadonlyMap<string, SecurityProtocol>,
  { distinctPorts }: { distinctPorts: boolean },
): Endpoint[] {
  const all = `[${texts.join(', ')}]`
  try {
    const endpoints = texts.map((text) => parseEndpoint(text, protocols))
    requireDistinctNames(endpoints, all)
    if (distinctPorts) requireDistinctPorts(endpoints, all)
    return endpoints
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(`Error creating broker listeners from '${all}': ${error.message}`)
  }
}

function parseEndpoint(text: string, protocols: ReadonlyMap<string, SecurityProtocol>): Endpoint {
  const [, name, host = '', portText] = endpointText.exec(text) ?? []
  if (name === undefined) throw new ConfigError(`Unable to parse ${text} to a broker endpoint`)
  const listenerName = name.toUpperCase()
  const port = Number(portText)
  const securityProtocol = protocols.get(listenerName)
  if (!securityProtocol)
    throw new ConfigError(`No security protocol defined for listener ${listenerName}`)
  if (port < 0 || port > 65535)
    throw new ConfigError(`Port ${port} of listener ${listenerName} is not between 0 and 65535`)
  return { listenerName, host, port, securityProtocol }
}

function requireDistinctNames(endpoints: readonly Endpoint[], all: string): void {
  if (new Set(endpoints.map((endpoint) => endpoint.listenerName)).size < endpoints.length)
    throw new ConfigError(`Each listener must have a different name, listeners: ${all}`)
}

/** One port may serve two listeners only when one address is IPv4 and the other IPv6. */
function requireDistinctPorts(endpoints: readonly Endpoint[], all: string): void {
  for (const { port } of endpoints) {
    const sharing = endpoints.filter((endpoint) => endpoint.port === port)
    if (port === 0 || sharing.length === 1) continue
    const versions = sharing.map(({ host }) => addressVersion(host))
    if (versions.includes(undefined))
      throw new ConfigError(`Each listener must have a different port, listeners: ${all}`)
    if (sharing.length > 2)
      throw new ConfigError(
        `Each listener must have a different port unless exactly one listener has an IPv4 address and the other IPv6 address, listeners: ${all}, port: ${port}`,
      )
    if (versions[0] === versions[1])
      throw new ConfigError(
        `If you have two listeners on the same port then one needs to be IPv4 and the other IPv6, listeners: ${all}, port: ${port}`,
      )
  }
}

function addressVersion(host: string): 4 | 6 | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return 4
  return host.includes(':') ? 6 : undefined
}

/** `listener.security.protocol.map`. */
export function parseProtocolMap(text: string): Map<string, SecurityProtocol> {
  const map = new Map<string, SecurityProtocol>()
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue
    const colon = pair.lastIndexOf(':')
    if (colon < 0)
      throw new ConfigError(
        `Error parsing configuration property 'listener.security.protocol.map': '${pair.trim()}' is not NAME:PROTOCOL`,
      )
    const protocol = pair.slice(colon + 1).trim()
    if (!securityProtocols.includes(protocol))
      throw new ConfigError(
        `Invalid security protocol \`${protocol}\` defined in listener.security.protocol.map`,
      )
    map.set(pair.slice(0, colon).trim().toUpperCase(), protocol as SecurityProtocol)
  }
  return map
}

/** The text of an endpoint, as it stands in `listeners`. */
export function printEndpoint({ listenerName, host, port }: Endpoint): string {
  return `${listenerName}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
