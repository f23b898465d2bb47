/**
 * `listeners` and `listener.security.protocol.map` of a broker that runs. What is advertised does not
 * change with them, as in Kafka: clients are told of a new listener only after the next start.
 */
import type { BrokerConfig } from './broker-config.ts'
import type { EffectiveConfig } from './effective-config.ts'
import { type Endpoint, parseProtocolMap, printEndpoint } from './listeners.ts'
import { ConfigError } from './value.ts'

const names = ['listeners', 'listener.security.protocol.map'] as const

/** One change of a value; an operation of Kafka's, 0 to 3. */
export interface ListenerChange {
  readonly name: string
  readonly value: string | null
  readonly configOperation?: number
}

/** Where the broker listens now. */
export function listenersInForce(effective: EffectiveConfig): readonly Endpoint[] {
  try {
    return changed(effective.config, dynamicOf(effective)).endpoints.listeners
  } catch (error) {
    if (error instanceof ConfigError) return effective.config.endpoints.listeners
    throw error
  }
}

/** Why the broker cannot listen as it then should, in Kafka's words. */
export function listenersFault(
  effective: EffectiveConfig,
  changes: readonly ListenerChange[],
): string | undefined {
  const relevant = changes.filter(({ name }) => names.some((known) => known === name))
  if (relevant.length === 0) return undefined
  const values = dynamicOf(effective)
  for (const { name, value, configOperation = 0 } of relevant) {
    const before = values.get(name) ?? effective.config.givenText(name) ?? ''
    if (configOperation === 1) values.delete(name)
    else values.set(name, combined(before, value ?? '', configOperation))
  }
  try {
    const map = values.get('listener.security.protocol.map')
    const protocols = map === undefined ? undefined : parseProtocolMap(map)
    const moved = listenersInForce(effective).find(
      ({ listenerName, securityProtocol }) =>
        (protocols?.get(listenerName) ?? securityProtocol) !== securityProtocol,
    )
    if (moved !== undefined)
      return `Invalid value org.apache.kafka.common.config.ConfigException: Security protocol cannot be updated for existing listener ListenerName(${moved.listenerName}) for configuration Invalid dynamic configuration`
    changed(effective.config, values)
    return undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { message } = error
    return /^advertised\.listeners|^controller\.|^inter\./.test(message)
      ? `requirement failed: ${message}`
      : message
  }
}

function combined(before: string, value: string, operation: number): string {
  if (operation < 2) return value
  const [old, given] = [before, value].map((text) => text.split(',').filter((each) => each !== ''))
  const kept = old!.filter((each) => !given!.includes(each))
  return (operation === 2 ? [...kept, ...given!] : kept).join(',')
}

function dynamicOf(effective: EffectiveConfig): Map<string, string> {
  const values = new Map<string, string>()
  for (const name of names) {
    const value = effective.ofBroker.get(name)
    if (value !== undefined) values.set(name, value)
  }
  return values
}

function changed(config: BrokerConfig, values: ReadonlyMap<string, string>): BrokerConfig {
  if (values.size === 0) return config
  const advertised = config.endpoints.advertised.map(printEndpoint).join(',')
  return config.with(new Map([...values, ['advertised.listeners', advertised]]))
}
