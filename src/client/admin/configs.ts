/** Configurations of topics, brokers, groups. */
import { AlterConfigs } from '../../../protocol/messages/alter-configs.ts'
import { DescribeConfigs } from '../../../protocol/messages/describe-configs.ts'
import { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import { ListConfigResources } from '../../../protocol/messages/list-config-resources.ts'
import type { Cluster } from '../cluster.ts'
import { groupBy } from '../group-by.ts'
import { checkError, localError } from '../kafka-error.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

export const resourceTypes = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
} as const
export type ResourceType = keyof typeof resourceTypes

export interface Resource {
  readonly type: ResourceType
  /** A broker's id, or empty for all brokers. */
  readonly name: string
}

export const sourceNames: Readonly<Record<number, string>> = {
  [1]: 'DYNAMIC_TOPIC_CONFIG',
  [2]: 'DYNAMIC_BROKER_CONFIG',
  [3]: 'DYNAMIC_DEFAULT_BROKER_CONFIG',
  [4]: 'STATIC_BROKER_CONFIG',
  [5]: 'DEFAULT_CONFIG',
  [6]: 'DYNAMIC_BROKER_LOGGER_CONFIG',
  [7]: 'DYNAMIC_CLIENT_METRICS_CONFIG',
  [8]: 'DYNAMIC_GROUP_CONFIG',
}

const typeNames = [
  'UNKNOWN',
  'BOOLEAN',
  'STRING',
  'INT',
  'SHORT',
  'LONG',
  'DOUBLE',
  'LIST',
  'CLASS',
  'PASSWORD',
]

export interface ConfigEntry {
  readonly name: string
  /** Null when it is sensitive or not set. */
  readonly value: string | null
  readonly source: string
  readonly readOnly: boolean
  readonly sensitive: boolean
  readonly type: string
  readonly documentation: string | null
  readonly synonyms: readonly { name: string; value: string | null; source: string }[]
}

export interface DescribeOptions {
  /** All when left out. */
  readonly keys?: readonly string[]
  readonly documentation?: boolean
  readonly synonyms?: boolean
}

export async function describeConfigs(
  cluster: Cluster,
  resource: Resource,
  options?: DescribeOptions,
): Promise<ConfigEntry[]> {
  const [entries] = await describeAllConfigs(cluster, [resource], options)
  return entries!
}

/** With documentation a topic takes some 10 KB of the answer. */
const resourcesAtOnce = 200

/** Those of each, in the order of the resources. A broker is asked for its own, any for the rest of them: many at once. */
export async function describeAllConfigs(
  cluster: Cluster,
  resources: readonly Resource[],
  options: DescribeOptions = {},
): Promise<ConfigEntry[][]> {
  if (resources.some(ofOneBroker)) await cluster.refresh([])
  const found = new Map<Resource, ConfigEntry[]>()
  const at = (resource: Resource) => (ofOneBroker(resource) ? Number(resource.name) : 'any')
  const ask = async ([to, all]: [number | 'any', Resource[]]) => {
    for (let i = 0; i < all.length; i += resourcesAtOnce) {
      const some = all.slice(i, i + resourcesAtOnce)
      const answered = await describeAt(cluster, to, some, options)
      for (const [j, entries] of answered.entries()) found.set(some[j]!, entries)
    }
  }
  await Promise.all([...groupBy(resources, at)].map(ask))
  return resources.map((resource) => found.get(resource)!)
}

const ofOneBroker = ({ type, name }: Resource) =>
  (type === 'broker' || type === 'broker-logger') && name !== ''

async function describeAt(
  cluster: Cluster,
  to: number | 'any',
  resources: readonly Resource[],
  { keys, documentation, synonyms }: DescribeOptions,
): Promise<ConfigEntry[][]> {
  const answer = await cluster.send(to, DescribeConfigs, {
    resources: resources.map(({ type, name }) => ({
      resourceType: resourceTypes[type],
      resourceName: name,
      configurationKeys: keys ?? null,
    })),
    includeSynonyms: synonyms ?? true,
    includeDocumentation: documentation ?? false,
  })
  const keyOf = (type: number, name: string) => `${type} ${name}`
  const results = new Map(
    answer.results.map((one) => [keyOf(one.resourceType, one.resourceName), one]),
  )
  return resources.map(({ type, name }) => {
    const result = results.get(keyOf(resourceTypes[type], name))
    const what = `Configuration of ${type} ${name}`
    if (result === undefined) throw localError('BAD_MSG', `${what}: the broker left it out`)
    checkError(result.errorCode, what, result.errorMessage)
    return result.configs.map((config) => ({
      name: config.name,
      value: config.value,
      source: sourceNames[config.configSource] ?? 'UNKNOWN',
      readOnly: config.readOnly,
      sensitive: config.isSensitive,
      type: typeNames[config.configType] ?? 'UNKNOWN',
      documentation: config.documentation,
      synonyms: config.synonyms.map((synonym) => ({
        name: synonym.name,
        value: synonym.value,
        source: sourceNames[synonym.source] ?? 'UNKNOWN',
      })),
    }))
  })
}

export interface ConfigChange {
  readonly name: string
  readonly operation: 'set' | 'delete' | 'append' | 'subtract'
  readonly value: string | null
}

const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

/** Brokers older than 2.3 know only to replace the whole: then the rest is read and sent back. */
export async function alterConfigs(
  cluster: Cluster,
  resource: Resource,
  changes: readonly ConfigChange[],
  validateOnly = false,
): Promise<Outcome> {
  const { type, name } = resource
  const ofBroker = ofOneBroker(resource)
  if (ofBroker) await cluster.refresh([])
  const to = ofBroker ? Number(name) : 'controller'
  const connection = ofBroker ? await cluster.connection(Number(name)) : await cluster.any()
  if (connection.version(IncrementalAlterConfigs) === undefined)
    return replaceConfigs(cluster, to, resource, changes, validateOnly)
  const answer = await cluster.send(to, IncrementalAlterConfigs, {
    resources: [
      {
        resourceType: resourceTypes[type],
        resourceName: name,
        configs: changes.map((change) => ({
          name: change.name,
          configOperation: operations[change.operation],
          value: change.value,
        })),
      },
    ],
    validateOnly,
  })
  const { errorCode, errorMessage } = answer.responses[0]!
  return outcomeOf(name, errorCode, `Configuration of ${type} ${name}`, errorMessage)
}

async function replaceConfigs(
  cluster: Cluster,
  to: number | 'controller',
  resource: Resource,
  changes: readonly ConfigChange[],
  validateOnly: boolean,
): Promise<Outcome> {
  const own = await describeConfigs(cluster, resource, { synonyms: false })
  const values = new Map(
    own
      .filter(({ source }) => source.startsWith('DYNAMIC'))
      .map(({ name, value }) => [name, value]),
  )
  for (const { name, operation, value } of changes) {
    const list = (values.get(name) ?? '').split(',').filter((item) => item !== '')
    if (operation === 'delete') values.delete(name)
    else if (operation === 'set') values.set(name, value)
    else if (operation === 'append') values.set(name, [...list, value].join(','))
    else values.set(name, list.filter((item) => item !== value).join(','))
  }
  const configs = [...values].map(([name, value]) => ({ name, value }))
  const answer = await cluster.send(to, AlterConfigs, {
    resources: [
      { resourceType: resourceTypes[resource.type], resourceName: resource.name, configs },
    ],
    validateOnly,
  })
  const { errorCode, errorMessage } = answer.responses[0]!
  return outcomeOf(resource.name, errorCode, `Configuration of ${resource.name}`, errorMessage)
}

/** Names of resources that have configurations of their own (KIP-1142); before 4.1 brokers know client metrics only. */
export async function listConfigResources(cluster: Cluster, type: ResourceType): Promise<string[]> {
  const connection = await cluster.any()
  const version = connection.requireVersion(ListConfigResources)
  if (version === 0 && type !== 'client-metrics') return []
  const answer = await connection.send(ListConfigResources, {
    resourceTypes: [resourceTypes[type]],
  })
  checkError(answer.errorCode, 'Listing configuration resources')
  return answer.configResources.map(({ resourceName }) => resourceName)
}
