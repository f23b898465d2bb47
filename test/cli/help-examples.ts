/**
 * Lines of `--help` that are not run as they stand (help-examples.test.ts), and why; parents stand for
 * all below them.
 */
export const notRun: Readonly<Record<string, string>> = {
  'cluster health --watch': 'goes on for ever: test/cluster/commands.test.ts',
  'cluster timeline --follow': 'goes on for ever: test/cluster/commands.test.ts',
  'cluster drain': 'wants several brokers: test/cluster/commands.test.ts',
  'cluster start': 'runs on: test/clients/bench-compare.test.ts',
  'cluster rebuild': 'reads directories of several brokers: test/cluster/rebuild.test.ts',
  'topics create orders --partitions 6 --replication-factor 3': 'wants several brokers',
  'cluster reassign generate orders --brokers 1,2,4': 'wants several brokers',
  'cluster reassign generate orders --replication-factor 3': 'wants several brokers',
  broker: 'runs on: test/cli/broker.test.ts',
  coordinator: 'runs on: test/cluster/wrong-data.test.ts',
  'log verify /var/lib/kafka/data/orders-0': "somebody's own data",
  'connect-check -b kafka.example.com:9093': 'nobody answers there: test/cli/connect-check.test.ts',
  'completion zsh': 'is for zsh',
  'man |': 'wants a reader of manuals',
  'man > /usr': 'writes where others look',
  bench: 'takes its time: test/bench, test/clients/bench.test.ts',
}
