/**
 * Where the clients' programs lie. `test/clients/install` puts them there; nothing here installs.
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Output, type RunOptions, run } from './process.ts'

export const repository = resolve(import.meta.dirname, '../..')

/** A real Apache Kafka from its jars, with its command-line tools. */
export const realKafka =
  process.env['REAL_KAFKA'] ?? resolve(repository, '../shared/real-kafka/kafka')

/** What `test/clients/install` makes: the Python environment, the Go program, the Java class. */
export const cache =
  process.env['OTTLA_CLIENTS_CACHE'] ?? join(homedir(), '.cache', 'ottla-clients')

export const python = join(cache, 'venv', 'bin', 'python')
export const franzGo = join(cache, 'franz-go')
export const otherGoClients = join(cache, 'others')
export const javaClasses = join(cache, 'java')
/** The jars of an older Kafka, as REAL_KAFKA_HOME. */
export const olderKafka = join(cache, 'kafka-older')

/** One of Kafka's own tools: `kafkaTool(['topics', '--list', …])`. */
export function kafkaTool(args: string[], options: RunOptions = {}): Promise<Output> {
  const env = { REAL_KAFKA_CP: javaClasses, KAFKA_TOOL_HEAP: '256m', ...options.env }
  return run(realKafka, args, { ...options, env })
}
