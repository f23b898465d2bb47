/**
 * What a broker checks of a change of configurations before the coordinator decides it: whatever
 * concerns brokers, because a broker knows its own start (Kafka's ConfigAdminManager).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { resourceTypes } from '../core/cluster/image.ts'
import { topicNameFault } from '../core/cluster/topic-name.ts'
import { repeated } from '../core/repeated.ts'
import { alterLoggers } from './broker-loggers.ts'
import { brokerDefinition } from './config/broker-configs.ts'
import { brokerReadOnlyFault, configRules } from './config/config-rules.ts'
import { listenersFault } from './config/dynamic-listeners.ts'
import { dynamicFault } from './config/dynamic-rules.ts'
import { EffectiveConfig } from './config/effective-config.ts'
import { brokerIdFault, brokerLoggers, type ConfigHolder } from './described-resource.ts'

export interface ConfigFault {
  readonly errorCode: number
  readonly errorMessage: string
}

export interface ConfigChange {
  readonly resourceType: number
  readonly resourceName: string
  /** AlterConfigs only sets: it has no operation. */
  readonly configs: readonly {
    readonly name: string
    readonly value: string | null
    readonly configOperation?: number
  }[]
}

const operations = ['set', 'delete', 'append', 'subtract']

const invalid = (errorMessage: string): ConfigFault => ({
  errorCode: ErrorCode.INVALID_REQUEST,
  errorMessage,
})

/** Why the coordinator need not be asked, or undefined. */
export function configFault(holder: ConfigHolder, change: ConfigChange): ConfigFault | undefined {
  const { resourceType, resourceName, configs } = change
  const names = configs.map(({ name }) => name)
  if (new Set(names).size < names.length) return invalid('Error due to duplicate config keys')
  const nulls = configs.filter(
    ({ value, configOperation }) => value === null && configOperation !== 1,
  )
  if (nulls.length > 0)
    return invalid(`Null value not supported for : ${nulls.map(({ name }) => name).join(',')}`)
  switch (resourceType) {
    case resourceTypes.topic: {
      if (resourceName === '') return invalid('Default topic resources are not allowed.')
      const errorMessage = topicNameFault(resourceName)
      return errorMessage
        ? { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage }
        : undefined
    }
    case resourceTypes.broker:
      return brokerFault(holder, change)
    case resourceTypes.group:
      return resourceName === '' ? invalid('Default group resources are not allowed.') : undefined
    case resourceTypes.clientMetrics:
      return clientMetricsFault(holder, change)
    case brokerLoggers:
      return loggerIdFault(holder, resourceName)
    default:
      return invalid(`Unknown resource type ${resourceType}`)
  }
}

function loggerIdFault({ config }: ConfigHolder, name: string): ConfigFault | undefined {
  const fault = brokerIdFault(name, config.nodeId)
  return fault ? invalid(fault) : undefined
}

/** Key and trust stores belong to listeners: a change must say to which. */
const perListener = /^ssl\.(keystore|key|truststore)\./

function brokerFault(holder: ConfigHolder, change: ConfigChange): ConfigFault | undefined {
  const { resourceName, configs } = change
  if (resourceName !== '') {
    const fault = brokerIdFault(resourceName, holder.config.nodeId)
    if (fault) return invalid(fault.replace('Broker id', 'Node id'))
  }
  for (const { name, configOperation = 0 } of configs)
    if (configOperation >= 2 && brokerDefinition(name)?.type !== 'LIST')
      return {
        errorCode: ErrorCode.INVALID_CONFIG,
        errorMessage: `Config value ${operations[configOperation]} is not allowed for config key: ${name}`,
      }
  const names = configs.map(({ name }) => name)
  const fixed = names.filter((name) => brokerReadOnlyFault(String(holder.config.nodeId), name))
  if (fixed.length > 0)
    return invalid(`Cannot update these configs dynamically: [${fixed.join(', ')}]`)
  const bare = names.filter((name) => perListener.test(name))
  if (bare.length > 0)
    return invalid(
      `These security configs can be dynamically updated only per-listener using the listener prefix: [${bare.join(', ')}]`,
    )
  const sets = configs.filter(({ configOperation = 0 }) => configOperation !== 1)
  const values = new Map(sets.map(({ name, value }) => [name, value ?? '']))
  // A node's own min.insync.replicas is the coordinator's to refuse, with its own code.
  if (resourceName !== '') values.delete('min.insync.replicas')
  const rules = configRules(holder.config, holder.image)
  const wrongType = rules.fault(resourceTypes.broker, resourceName, values)
  if (wrongType) return invalid(wrongType)
  const ofOne = names.filter((name) => brokerReadOnlyFault(resourceName, name))
  if (ofOne.length > 0)
    return invalid(
      `Cannot update these configs at default cluster level, broker id must be specified: [${ofOne.join(', ')}]`,
    )
  const effective = new EffectiveConfig(holder.config, holder.image)
  const fault = dynamicFault(effective, values) ?? listenersFault(effective, configs)
  return fault ? invalid(fault) : undefined
}

function clientMetricsFault(holder: ConfigHolder, change: ConfigChange): ConfigFault | undefined {
  if (change.resourceName === '') return invalid("Subscription name can't be empty")
  const sets = change.configs.filter(({ configOperation = 0 }) => configOperation === 0)
  const values = new Map(sets.map(({ name, value }) => [name, value ?? '']))
  // Kafka has this one code 40, and the others 42.
  values.delete('match')
  const rules = configRules(holder.config, holder.image)
  const fault = rules.fault(resourceTypes.clientMetrics, change.resourceName, values)
  return fault ? invalid(fault) : undefined
}

export interface ConfigAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resourceType: number
  readonly resourceName: string
}

/** Each change is refused here, or decided by `decide`; the answers stand in the order of the changes. */
export async function alterEach<Change extends ConfigChange>(
  holder: ConfigHolder,
  changes: readonly Change[],
  validateOnly: boolean,
  decide: (left: Change[]) => Promise<readonly ConfigAnswer[]>,
): Promise<ConfigAnswer[]> {
  const keyOf = ({ resourceType, resourceName }: ConfigChange) => `${resourceType} ${resourceName}`
  const twice = repeated(changes.map(keyOf))
  const faults = changes.map((change) =>
    twice.has(keyOf(change))
      ? invalid('Each resource must appear at most once.')
      : configFault(holder, change),
  )
  const left = changes.filter(
    ({ resourceType }, i) => faults[i] === undefined && resourceType !== brokerLoggers,
  )
  const decided = (left.length > 0 ? await decide(left) : []).values()
  return changes.map(({ resourceType, resourceName, configs }, i) => {
    const isLogger = resourceType === brokerLoggers
    const fault =
      faults[i] ?? (isLogger ? alterLoggers(holder.env.log, configs, validateOnly) : undefined)
    if (isLogger && !fault) return { errorCode: 0, errorMessage: null, resourceType, resourceName }
    if (fault) return { ...fault, resourceType, resourceName }
    return decided.next().value as ConfigAnswer
  })
}

export function failed(
  changes: readonly ConfigChange[],
  errorCode: number,
  errorMessage: string,
): ConfigAnswer[] {
  return changes.map(({ resourceType, resourceName }) => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
  }))
}
