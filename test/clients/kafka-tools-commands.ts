/**
 * Command lines of Kafka's own tools, in the order in which they are run: later ones build on the
 * state that earlier ones made. `FILE:{json}` becomes a file with that content.
 */
export interface ToolCommand {
  readonly tool: string
  readonly args: readonly string[]
  readonly input?: string
  /** Why Ottla's output is another one on purpose. */
  readonly differs?: string
}

const command = (line: string, rest: Omit<ToolCommand, 'tool' | 'args'> = {}): ToolCommand => {
  const [tool = '', ...args] = line.match(/FILE:\{.*\}(?= |$)|"[^"]*"|\S+/g) ?? []
  return { tool, args: args.map((arg) => arg.replace(/^"(.*)"$/, '$1')), ...rest }
}
const c = command

const topics = [
  c('topics --list'),
  c('topics --create --topic one --partitions 3'),
  c('topics --create --topic one'),
  c('topics --create --if-not-exists --topic one'),
  c(
    'topics --create --topic two --replication-factor 1 --config retention.ms=1000 --config cleanup.policy=compact',
  ),
  c('topics --create --topic bad/name'),
  c('topics --create --topic three --config foo=1'),
  c('topics --create --topic three --config retention.ms=abc'),
  c('topics --create --topic three --replication-factor 3'),
  c('topics --create --topic three --partitions 0'),
  c('topics --create --topic three --replica-assignment 1,1'),
  c('topics --create --topic three --replica-assignment 9'),
  c('topics --create --topic a.b'),
  c('topics --create --topic a_b'),
  c('topics --list'),
  c('topics --describe'),
  c('topics --describe --topic one'),
  c('topics --describe --topic nowhere'),
  c('topics --describe --topics-with-overrides'),
  c('topics --describe --under-replicated-partitions'),
  c('topics --describe --unavailable-partitions'),
  c('topics --describe --under-min-isr-partitions'),
  c('topics --describe --at-min-isr-partitions'),
  c('topics --alter --topic one --partitions 5'),
  c('topics --alter --topic one --partitions 2'),
  c('topics --alter --topic nowhere --partitions 2'),
  c('topics --delete --topic a.b'),
  c('topics --delete --topic nowhere'),
  c('topics --list --topic t.*'),
]

const configs = [
  c('configs --describe --entity-type topics --entity-name two'),
  c('configs --describe --entity-type topics --entity-name two --all'),
  c('configs --describe --entity-type topics --entity-name nowhere'),
  c('configs --describe --entity-type topics'),
  c('configs --alter --entity-type topics --entity-name one --add-config segment.bytes=2000000'),
  c(
    'configs --alter --entity-type topics --entity-name one --add-config cleanup.policy=[compact,delete],max.message.bytes=5000',
  ),
  c('configs --describe --entity-type topics --entity-name one'),
  c('topics --describe --topic one'),
  c('configs --alter --entity-type topics --entity-name one --delete-config segment.bytes'),
  c('configs --alter --entity-type topics --entity-name one --delete-config flush.ms'),
  c('configs --alter --entity-type topics --entity-name one --add-config retention.ms=soon'),
  c('configs --alter --entity-type topics --entity-name one --add-config nothing=1'),
  c('configs --alter --entity-type topics --entity-name nowhere --add-config retention.ms=1'),
  c(
    'configs --alter --entity-type topics --entity-name one --add-config min.compaction.lag.ms=9,max.compaction.lag.ms=8',
  ),
  c('configs --describe --entity-type brokers --entity-name 1'),
  c('configs --describe --entity-type brokers --entity-name 1 --all'),
  c('configs --describe --entity-type brokers --entity-default'),
  c('configs --alter --entity-type brokers --entity-name 1 --add-config log.retention.ms=3600000'),
  c('configs --alter --entity-type brokers --entity-default --add-config log.retention.ms=7200000'),
  c('configs --describe --entity-type brokers --entity-name 1'),
  c('configs --describe --entity-type brokers --entity-default'),
  c('configs --describe --entity-type topics --entity-name one --all'),
  c('configs --alter --entity-type brokers --entity-name 1 --add-config num.partitions=2'),
  c('configs --alter --entity-type brokers --entity-name 1 --add-config log.retention.ms=soon'),
  c(
    'configs --alter --entity-type brokers --entity-default --add-config listeners=PLAINTEXT://:9092',
  ),
  c('configs --alter --entity-type brokers --entity-name 1 --delete-config log.retention.ms'),
  c('configs --alter --entity-type brokers --entity-default --delete-config log.retention.ms'),
  c('configs --describe --entity-type groups --entity-name g --all'),
  c(
    'configs --alter --entity-type groups --entity-name g --add-config consumer.session.timeout.ms=50000',
  ),
  c(
    'configs --alter --entity-type groups --entity-name g --add-config consumer.session.timeout.ms=1',
  ),
  c('configs --describe --entity-type groups --entity-name g'),
  c('configs --describe --entity-type groups'),
  c('configs --alter --entity-type client-metrics --entity-name m --add-config interval.ms=60000'),
  c('configs --alter --entity-type client-metrics --entity-name m --add-config interval.ms=1'),
  c('configs --describe --entity-type client-metrics --entity-name m'),
  c('configs --describe --entity-type client-metrics'),
]

const quotas = [
  c('configs --alter --entity-type users --entity-name ann --add-config producer_byte_rate=1024'),
  c(
    'configs --alter --entity-type clients --entity-default --add-config consumer_byte_rate=2048,request_percentage=50',
  ),
  c(
    'configs --alter --entity-type users --entity-name ann --entity-type clients --entity-name app --add-config producer_byte_rate=10',
  ),
  c(
    'configs --alter --entity-type ips --entity-name 127.0.0.1 --add-config connection_creation_rate=100',
  ),
  c('configs --alter --entity-type users --entity-name ann --add-config nothing=1'),
  c('configs --describe --entity-type users --entity-name ann'),
  c('configs --describe --entity-type users'),
  c('configs --describe --entity-type clients --entity-default'),
  c('configs --describe --entity-type users --entity-type clients'),
  c('configs --describe --entity-type ips'),
  c('configs --alter --entity-type users --entity-name ann --delete-config producer_byte_rate'),
  c('configs --describe --entity-type users --entity-name ann'),
]

const data = [
  c('topics --create --topic data --partitions 1'),
  c('console-producer --topic data', { input: 'a\nb\nc\nd\n' }),
  c(
    'console-consumer --topic data --partition 0 --offset earliest --max-messages 4 --timeout-ms 20000',
  ),
  c('get-offsets --topic data'),
  c('get-offsets --topic data --time earliest'),
  c('get-offsets --topic nowhere'),
  c('get-offsets --topic-partitions data:0,one:1'),
  c(
    'delete-records --offset-json-file FILE:{"partitions":[{"topic":"data","partition":0,"offset":2}],"version":1}',
  ),
  c(
    'delete-records --offset-json-file FILE:{"partitions":[{"topic":"data","partition":0,"offset":99}],"version":1}',
  ),
  c('get-offsets --topic data --time earliest'),
  c('log-dirs --describe --topic-list data,one'),
  c('transactions list', { differs: 'transactions do not exist yet' }),
]

const cluster = [
  c('features describe', {
    differs: 'share and streams groups do not exist yet: their features are not offered',
  }),
  c('features upgrade --feature group.version=9'),
  c('features upgrade --feature nothing=1'),
  c('cluster cluster-id'),
  c('cluster list-endpoints'),
  c('acls --list', { differs: 'ACLs do not exist yet' }),
  c('groups --list'),
  c('leader-election --election-type preferred --topic one --partition 0'),
  c('leader-election --election-type preferred --topic nowhere --partition 0'),
  c('leader-election --election-type preferred --all-topic-partitions'),
  c('reassign-partitions --list'),
  c('consumer-groups --list'),
  c('consumer-groups --describe --group nobody'),
  c('class org.apache.kafka.tools.ClientMetricsCommand --list'),
  c('class org.apache.kafka.tools.MetadataQuorumCommand describe --status', {
    differs: 'the coordinator is told as the one voter, without the directory of a metadata log',
  }),
]

export const toolCommands: readonly ToolCommand[] = [
  ...topics,
  ...configs,
  ...quotas,
  ...data,
  ...cluster,
]
