/**
 * Command lines of Kafka's own tools, in the order in which they are run: later ones build on the
 * state that earlier ones made. `FILE:{json}` becomes a file with that content,
 * `CSV:a|b` one with these lines.
 */
export interface ToolCommand {
  readonly tool: string
  readonly args: readonly string[]
  readonly input?: string
  /** Why Ottla's output is another one on purpose. */
  readonly differs?: string
}

export const command = (
  line: string,
  rest: Omit<ToolCommand, 'tool' | 'args'> = {},
): ToolCommand => {
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
  c('transactions describe-producers --topic data --partition 0'),
  c('transactions list', { differs: 'transactions do not exist yet' }),
  c('get-offsets --topic data --time 1'),
  c('get-offsets --topic data --time latest-tiered'),
  c('get-offsets --topic-partitions data:0-2 --exclude-internal-topics'),
  c('log-dirs --describe --topic-list nowhere'),
  c('log-dirs --describe --broker-list 1,7'),
]

const groups = [
  c(
    'console-consumer --topic data --group one --from-beginning --max-messages 2 --timeout-ms 20000',
  ),
  c('consumer-groups --list'),
  c('consumer-groups --list --state'),
  c('consumer-groups --list --state empty'),
  c('consumer-groups --list --type classic'),
  c('consumer-groups --list --type consumer'),
  c('consumer-groups --describe --group one'),
  c('consumer-groups --describe --group one --offsets --verbose'),
  c('consumer-groups --describe --group one --members'),
  c('consumer-groups --describe --group one --members --verbose'),
  c('consumer-groups --describe --group one --state'),
  c('consumer-groups --describe --all-groups'),
  c('consumer-groups --reset-offsets --group one --topic data --to-earliest'),
  c('consumer-groups --reset-offsets --group one --topic data --to-latest --dry-run'),
  c('consumer-groups --reset-offsets --group one --topic data:0 --shift-by -1 --execute'),
  c('consumer-groups --reset-offsets --group one --topic data --to-offset 99 --execute'),
  c('consumer-groups --reset-offsets --group one --all-topics --to-current --execute'),
  c(
    'consumer-groups --reset-offsets --group one --all-topics --to-datetime 2020-01-01T00:00:00.000 --execute',
  ),
  c(
    'consumer-groups --reset-offsets --group one --all-topics --by-duration PT1H --export --dry-run',
  ),
  c('consumer-groups --reset-offsets --group one --from-file FILE:{"nonsense"} --dry-run'),
  c('consumer-groups --reset-offsets --group fresh --topic data --to-earliest --execute'),
  c('consumer-groups --reset-offsets --group fresh --topic nowhere --to-earliest --execute'),
  c('consumer-groups --describe --group fresh'),
  c('consumer-groups --delete-offsets --group fresh --topic data'),
  c('consumer-groups --delete-offsets --group fresh --topic nowhere'),
  c('consumer-groups --validate-regex a.*'),
  c('groups --list'),
  c('groups --list --group-type classic'),
  c('groups --list --consumer'),
  c('consumer-groups --delete --group one'),
  c('consumer-groups --delete --group one'),
  c('consumer-groups --delete --group fresh --group nobody'),
  c('consumer-groups --list'),
]

const users = [
  c(
    'configs --alter --entity-type users --entity-name ann --add-config SCRAM-SHA-256=[iterations=4096,password=secret]',
  ),
  c(
    'configs --alter --entity-type users --entity-name ann --add-config SCRAM-SHA-256=[iterations=1,password=secret]',
  ),
  c(
    'configs --alter --entity-type users --entity-name ann --add-config SCRAM-SHA-256=[iterations=99999,password=secret]',
  ),
  c(
    'configs --alter --entity-type users --entity-name ann --add-config SCRAM-SHA-1=[password=secret]',
  ),
  c('configs --describe --entity-type users --entity-name ann'),
  c('configs --describe --entity-type users'),
  c('configs --alter --entity-type users --entity-name ann --delete-config SCRAM-SHA-256'),
  c('configs --alter --entity-type users --entity-name bob --delete-config SCRAM-SHA-256'),
  c(
    'configs --alter --entity-type users --entity-name ann --add-config SCRAM-SHA-512=[password=secret]',
  ),
  c('configs --describe --entity-type users --entity-name ann'),
  c('configs --alter --entity-type users --entity-name ann --delete-config SCRAM-SHA-512'),
  c('configs --describe --entity-type users --entity-name ann'),
]

const brokers = [
  c(
    'configs --alter --entity-type brokers --entity-name 1 --add-config log.cleaner.threads=2,max.connections.per.ip=100',
  ),
  c('configs --describe --entity-type brokers --entity-name 1'),
  c('configs --describe --entity-type brokers'),
  c(
    'configs --alter --entity-type brokers --entity-default --add-config log.retention.bytes=1000000,message.max.bytes=2000000',
  ),
  c('configs --describe --entity-type brokers --entity-default'),
  c('configs --describe --entity-type topics --entity-name data --all'),
  c('configs --alter --entity-type brokers --entity-default --add-config log.cleaner.threads=x'),
  c('configs --alter --entity-type brokers --entity-name 9 --add-config log.cleaner.threads=2'),
  c('configs --alter --entity-type brokers --entity-name 1 --delete-config nothing'),
  c('configs --alter --entity-type brokers --entity-name 1 --add-config no.such.config=1'),
  c(
    'configs --alter --entity-type brokers --entity-name 1 --delete-config log.cleaner.threads,max.connections.per.ip',
  ),
  c(
    'configs --alter --entity-type brokers --entity-default --delete-config log.retention.bytes,message.max.bytes',
  ),
  c(
    'configs --alter --entity-type groups --entity-name g --delete-config consumer.session.timeout.ms',
  ),
  c('configs --alter --entity-type groups --entity-name g --add-config nothing=1'),
]

const topicsAgain = [
  c('topics --create --topic placed --replica-assignment 1,1,1 --config min.insync.replicas=2'),
  c('topics --create --topic placed2 --replica-assignment 1:1'),
  c('topics --create --topic wrong --config min.insync.replicas=0'),
  c('topics --create --topic wrong --config cleanup.policy=shred'),
  c('topics --create --topic wrong --config compression.type=zip'),
  c('topics --create --topic wrong --config max.message.bytes=-1'),
  c(
    'topics --create --topic wrong --config min.compaction.lag.ms=9 --config max.compaction.lag.ms=8',
  ),
  c('topics --create --topic wrong --config remote.storage.enable=true'),
  c('topics --create --topic wrong --config message.timestamp.type=Never'),
  c('topics --create --topic .'),
  c('topics --create --topic __consumer_offsets'),
  c('topics --describe --topic placed'),
  c('topics --describe --at-min-isr-partitions'),
  c('topics --describe --under-min-isr-partitions'),
  c('topics --alter --topic placed --partitions 4 --replica-assignment 1,1,1,1'),
  c('topics --alter --topic placed --partitions 6 --replica-assignment 1,1,1,1,9,1'),
  c('topics --list --exclude-internal'),
  c('topics --delete --topic placed'),
  c('topics --delete --if-exists --topic placed'),
  c('topics --describe --topic placed'),
  c('topics --delete --topic __consumer_offsets.*'),
]

const cluster = [
  c('features describe', {
    differs: 'share and streams groups do not exist yet: their features are not offered',
  }),
  c('features upgrade --feature group.version=9'),
  c('features upgrade --feature nothing=1'),
  c('cluster cluster-id'),
  c('cluster list-endpoints'),
  c('acls --list'),
  c('acls --add --allow-principal User:ann --operation Read --topic one'),
  c('acls --remove --allow-principal User:ann --operation Read --topic one --force'),
  c('delegation-tokens --describe'),
  c('groups --list'),
  c('leader-election --election-type preferred --topic one --partition 0'),
  c('leader-election --election-type preferred --topic nowhere --partition 0'),
  c('leader-election --election-type preferred --all-topic-partitions'),
  c('reassign-partitions --list'),
  c(
    'reassign-partitions --execute --reassignment-json-file FILE:{"version":1,"partitions":[{"topic":"data","partition":0,"replicas":[1]}]}',
  ),
  c(
    'reassign-partitions --verify --reassignment-json-file FILE:{"version":1,"partitions":[{"topic":"data","partition":0,"replicas":[1]}]}',
  ),
  c(
    'reassign-partitions --execute --reassignment-json-file FILE:{"version":1,"partitions":[{"topic":"data","partition":0,"replicas":[7]}]}',
  ),
  c(
    'reassign-partitions --generate --broker-list 1 --topics-to-move-json-file FILE:{"topics":[{"topic":"data"}],"version":1}',
  ),
  c(
    'reassign-partitions --cancel --reassignment-json-file FILE:{"version":1,"partitions":[{"topic":"data","partition":0,"replicas":[1]}]}',
  ),
  c('api-versions', { differs: 'it lists what each has' }),
  c('cluster unregister --id 9'),
  c('features version-mapping'),
  c('features upgrade --release-version 4.0'),
  c('features downgrade --feature group.version=0'),
  c('features disable --feature group.version'),
  c('consumer-groups --list'),
  c('consumer-groups --describe --group nobody'),
  c('client-metrics --list'),
  c('metadata-quorum describe --status', {
    differs: 'the coordinator is told as the one voter, without the directory of a metadata log',
  }),
]

export const toolCommands: readonly ToolCommand[] = [
  ...topics,
  ...configs,
  ...quotas,
  ...data,
  ...groups,
  ...users,
  ...brokers,
  ...topicsAgain,
  ...cluster,
]

/** A command line of a Kafka tool, and the one of ours that prints the same with `--format kafka`. */
export const sameText: readonly (readonly [tool: ToolCommand, ottla: string])[] = [
  [c('topics --list'), 'topics list'],
  [c('topics --describe'), 'topics describe'],
  [c('topics --describe --topic one'), 'topics describe one'],
  [c('topics --describe --topics-with-overrides'), 'topics describe --topics-with-overrides'],
  [c('configs --describe --entity-type topics --entity-name two'), 'configs describe two'],
  [
    c('configs --describe --entity-type topics --entity-name two --all'),
    'configs describe two --all',
  ],
  [
    c('configs --describe --entity-type brokers --entity-name 1 --all'),
    'configs describe 1 --type broker --all',
  ],
  [c('configs --describe --entity-type topics'), 'configs describe'],
  [c('configs --describe --entity-type brokers'), 'configs describe --type broker'],
  [c('configs --describe --entity-type groups'), 'configs describe --type group'],
  [c('configs --describe --entity-type client-metrics'), 'configs describe --type client-metrics'],
  [c('get-offsets --topic data'), 'offsets data'],
  [c('consumer-groups --list'), 'groups list'],
  [c('consumer-groups --describe --group shown'), 'groups describe shown'],
  [c('features describe'), 'cluster features'],
  [c('api-versions'), 'cluster api-versions'],
]
