/**
 * Configuration from environment variables, as the apache/kafka container image reads it:
 * `KAFKA_LOG_RETENTION_MS` is `log.retention.ms`; two underscores stand for `_`, three for `-`.
 * `KAFKA_CFG_…` is read likewise, because Bitnami's image taught people to write that.
 */

/** What the start scripts of Kafka use for themselves. */
const excluded = new Set([
  'KAFKA_VERSION',
  'KAFKA_HEAP_OPTS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_OPTS',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_PORT',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
  'KAFKA_HOME',
  'KAFKA_DEBUG',
  'KAFKA_MODE',
  // Names that clients and command lines use, not brokers.
  'KAFKA_BOOTSTRAP_SERVERS',
  'KAFKA_BROKERS',
])

export interface EnvironmentValue {
  readonly name: string
  readonly value: string
  readonly variable: string
}

/** The configurations in the environment; `CLUSTER_ID` is `cluster.id`. */
export function environmentConfigs(
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentValue[] {
  const found = Object.entries(environment).flatMap(([variable, value]) => {
    if (value === undefined || excluded.has(variable)) return []
    if (variable === 'CLUSTER_ID') return [{ name: 'cluster.id', value, variable }]
    const rest = /^KAFKA_(?:CFG_)?(.+)$/.exec(variable)?.[1]
    return rest === undefined ? [] : [{ name: configName(rest), value, variable }]
  })
  const listeners = listenersFromAdvertised(found)
  return listeners ? [...found, listeners] : found
}

function configName(rest: string): string {
  return rest
    .toLowerCase()
    .replace(/___/g, '-')
    .replace(/__/g, '\0')
    .replace(/_/g, '.')
    .replace(/\0/g, '_')
}

/** Only told what to advertise: listen on every interface at the same ports. */
function listenersFromAdvertised(found: EnvironmentValue[]): EnvironmentValue | undefined {
  const advertised = found.find(({ name }) => name === 'advertised.listeners')
  if (!advertised || found.some(({ name }) => name === 'listeners')) return undefined
  const value = advertised.value.replace(/:\/\/(\[[^\]]*\]|[^:,]*):/g, '://0.0.0.0:')
  return { name: 'listeners', value, variable: advertised.variable }
}
