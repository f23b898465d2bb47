/**
 * The configuration a broker starts with: what was given, over Kafka's defaults, checked.
 *
 * `get` has the value with its type, `text` the canonical text, `origin` who gave it. What follows from
 * several values together (listeners, roles, where the coordinator is) is worked out once, at the start.
 */
import {
  type BrokerConfigName,
  brokerConfigs,
  brokerDefinition,
  withoutListener,
} from './broker-configs.ts'
import { type BrokerEndpoints, brokerEndpoints } from './broker-endpoints.ts'
import { checkBrokerRules } from './broker-rules.ts'
import { type Definition, readValue, type ValueOf } from './definition.ts'
import { ConfigError, type ConfigValue, canonicalText, printValue } from './value.ts'

/** One value that somebody gave, before it is parsed. */
export interface GivenConfig {
  readonly name: string
  readonly value: string
  /** Where it stands, for people: a file, a variable, a flag. */
  readonly origin: string
}

/** What Kafka asks everybody to say, and a first start should not need. */
const ownDefaults: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  // Nothing authenticates by default, so nobody else on the network gets in by default.
  listeners: 'PLAINTEXT://127.0.0.1:9092',
  'log.dirs': 'ottla-data',
}

/** One node alone, given no file and no environment: what the apache/kafka image starts with. */
const aloneDefaults: Readonly<Record<string, string>> = {
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
}

export interface BrokerConfigOptions {
  /** Advertised for a listener that names no host. */
  readonly hostName: string
  /** No file and no environment was given. */
  readonly alone?: boolean
}

export class BrokerConfig {
  /** Sentences about what was given and has no effect. */
  readonly warnings: readonly string[]
  readonly endpoints: BrokerEndpoints
  readonly #given: ReadonlyMap<string, GivenConfig>
  readonly #values = new Map<string, ConfigValue>()
  readonly #hostName: string

  /** Of a name given twice the later counts. Throws a `ConfigError` with one sentence. */
  constructor(given: readonly GivenConfig[], { hostName, alone = false }: BrokerConfigOptions) {
    this.#given = complete(given, alone)
    this.#hostName = hostName
    const unknown: string[] = []
    for (const { name, value, origin } of this.#given.values()) {
      const definition = brokerDefinition(name)
      if (definition) this.#values.set(name, readValue(name, definition, value))
      else unknown.push(`${name} (${origin}) is not a configuration of a broker: it has no effect`)
    }
    this.warnings = unknown
    this.endpoints = brokerEndpoints(this, hostName)
    checkBrokerRules(this)
  }

  get<Name extends BrokerConfigName>(name: Name): ValueOf<(typeof brokerConfigs)[Name]> {
    const value = this.#values.get(name) ?? brokerConfigs[name].defaultValue
    if (value === undefined)
      throw new ConfigError(`Missing required configuration "${name}" which has no default value.`)
    return value as ValueOf<(typeof brokerConfigs)[Name]>
  }

  /** As it would be with these values too; throws as the constructor does. */
  with(values: ReadonlyMap<string, string>): BrokerConfig {
    const added = [...values].map(([name, value]) => ({ name, value, origin: 'dynamic' }))
    return new BrokerConfig([...this.#given.values(), ...added], { hostName: this.#hostName })
  }

  /** Whether it was given, by whomever. */
  has(name: string): boolean {
    return this.#given.has(name)
  }

  /** As given and known, or not known at all: its text in one canonical form; undefined when not given. */
  givenText(name: string): string | undefined {
    const given = this.#given.get(name)
    const definition = brokerDefinition(name)
    return given && definition ? canonicalText(name, definition.type, given.value) : given?.value
  }

  /** Names that were given, known or not, listener prefixes included. */
  givenNames(): string[] {
    return [...this.#given.keys()]
  }

  get nodeId(): number {
    return this.get('node.id')
  }

  get isBroker(): boolean {
    return this.get('process.roles').includes('broker')
  }

  get isController(): boolean {
    return this.get('process.roles').includes('controller')
  }

  /** Directories for data, as given: relative ones count from the working directory. */
  get logDirs(): readonly string[] {
    return this.get('log.dirs') ?? this.get('log.dir')
  }

  /** Every known value as the lines of a properties file, under a comment that tells who gave it. */
  print(): string {
    const byOrigin = new Map<string, string[]>()
    const names = new Set([...Object.keys(brokerConfigs), ...this.#given.keys()])
    for (const name of [...names].sort()) {
      const origin = this.#given.get(name)?.origin ?? 'default'
      const line = this.#printLine(name)
      if (line) byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), line])
    }
    const given = [...byOrigin.keys()].filter((origin) => origin !== 'default').sort()
    return [...given, 'default']
      .map((origin) => `# ${origin}\n${byOrigin.get(origin)?.join('\n') ?? ''}\n`)
      .join('\n')
  }

  #printLine(name: string): string | undefined {
    const definition = brokerDefinition(name) as Definition | undefined
    if (!definition) return `${name}=${this.#given.get(name)?.value}   (not known)`
    const fallback = definition.defaultValue ?? null
    const text = this.givenText(name) ?? printValue(definition.type, fallback)
    if (text === null) return undefined
    return `${name}=${definition.type === 'PASSWORD' ? '(hidden)' : text}`
  }
}

function complete(given: readonly GivenConfig[], alone: boolean): Map<string, GivenConfig> {
  const all = new Map(given.map((config) => [config.name, config]))
  const add = (defaults: Readonly<Record<string, string>>, origin: string) => {
    for (const [name, value] of Object.entries(defaults))
      if (!all.has(name)) all.set(name, { name, value, origin })
  }
  sameNodeId(all)
  const standing = { ...ownDefaults }
  if (all.has('log.dir')) delete standing['log.dirs']
  add(standing, "Ottla's default")
  if (alone) add(aloneDefaults, 'a single node')
  sameNodeId(all)
  return all
}

/** `broker.id` is another name of `node.id`; Kafka shows both. */
function sameNodeId(all: Map<string, GivenConfig>): void {
  const [node, broker] = [all.get('node.id'), all.get('broker.id')]
  if (broker && !node) all.set('node.id', { ...broker, name: 'node.id' })
  if (node && !broker) all.set('broker.id', { ...node, name: 'broker.id' })
  if (node && broker && node.value.trim() !== broker.value.trim())
    throw new ConfigError('You must set `node.id` to the same value as `broker.id`.')
}

/** Whether the value of a name must never be shown. */
export function isSensitive(name: string): boolean {
  const definition = brokerDefinition(name)
  return definition === undefined || definition.type === 'PASSWORD' || withoutListener(name) === ''
}
