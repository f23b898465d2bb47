/**
 * kcat mode: `ottla -C …`, or a link to this program named kcat. The same options, texts and exit
 * codes, so that scripts written for kcat run unchanged; exit codes are 0 and 1 only.
 */

import { Cluster } from '../../client/cluster.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { nodeEnv } from '../../env/node.ts'
import {
  clientOptionsOf,
  consumerOptionsOf,
  Properties,
  producerOptionsOf,
} from '../client-config.ts'
import { ClosedPipe, explain, Failure } from '../failure.ts'
import { librdkafkaDefaults } from '../librdkafka-properties.ts'
import { Output } from '../output.ts'
import { gatherSettings } from '../settings.ts'
import { errorText } from './error-texts.ts'
import { type KcatOptions, parseKcatOptions, UsageError } from './options.ts'
import { type KcatRun, Quit } from './run.ts'
import { usageText, versionText } from './usage.ts'

/** librdkafka's default, which is not Java's: a swapped binary must place keys as before. */
const defaultClientId = 'rdkafka'

export async function kcat(args: readonly string[], name: string): Promise<void> {
  const words = args[0] === 'kcat' || args[0] === 'kafkacat' ? args.slice(1) : args
  try {
    const options = parseKcatOptions(words)
    await run(options, name)
  } catch (error) {
    process.exitCode = exitCodeOf(error, name, words.includes('--debug'))
  }
  // Nothing that is still open (a pending connection, a terminal) keeps the process alive.
  process.exit()
}

function exitCodeOf(error: unknown, name: string, debug: boolean): number {
  if (error instanceof Quit) return error.exitCode
  if (error instanceof ClosedPipe) return 0
  if (error instanceof UsageError)
    process.stderr.write(`Error: ${error.message}\n\n${usageText(name)}`)
  else if (error instanceof Failure && error.message.startsWith('Expected -X '))
    process.stderr.write(`% ${error.message}\n`)
  else process.stderr.write(`% ERROR: ${sentence(error, debug)}\n`)
  return 1
}

function sentence(error: unknown, debug: boolean): string {
  if (error instanceof KafkaError && !debug) return `${errorText(error.code)}: ${error.message}`
  return explain(error, debug)
}

async function run(options: KcatOptions, name: string): Promise<void> {
  const out = new Output()
  if (options.help || options.version) {
    out.text(options.help ? usageText(name) : versionText())
    out.flush()
    return
  }
  if (options.list) return listProperties(out)
  const info = (level: number, text: string) => {
    if (options.verbosity >= level) process.stderr.write(`% ${text}\n`)
  }
  if (options.files.length === 0 && !process.env['KCAT_CONFIG'] && process.env['KAFKACAT_CONFIG']) {
    // The words are kcat's.
    info(1, 'KAFKA_CONFIG is deprecated!')
    info(1, 'Rename KAFKA_CONFIG to KCAT_CONFIG')
  }
  const settings = gatherSettings({
    bootstrap: options.brokers,
    properties: options.properties,
    files: options.files,
    onFile: (path) => info(1, `Reading configuration from file ${path}`),
  })
  const values = new Map([...settings].map(([key, { value }]) => [key, value]))
  if (options.dump) return dumpProperties(out, values)
  if (options.mode === 'M') {
    const { mockCluster } = await import('./mock-cluster.ts')
    return mockCluster(options.mockBrokers, out, info)
  }
  if (!values.get('bootstrap.servers')) throw new UsageError('-b <broker,..> missing')
  chooseMode(options, info)
  if (options.group !== undefined) values.set('group.id', options.group)
  const properties = new Properties(values)
  // A wrong value is refused in every mode, as librdkafka does.
  producerOptionsOf(properties)
  consumerOptionsOf(properties)
  const cluster = new Cluster(nodeEnv({ level: options.debug ? 'debug' : 'silent' }), {
    operationTimeoutMs: options.metadataTimeoutMs,
    ...clientOptionsOf(properties),
    clientId: properties.get('client.id') ?? defaultClientId,
  })
  const limit = options.timeoutMs
  const timer = limit && setTimeout(() => expire(out, limit), limit)
  try {
    await runMode({ options, properties, cluster, out, info, error: errorOf(options), onSignal })
    out.flush()
  } finally {
    if (timer) clearTimeout(timer)
    cluster.close()
  }
}

function expire(out: Output, limitMs: number): void {
  out.flush()
  process.stderr.write(`% ERROR: Timed out after ${limitMs / 1000} s\n`)
  process.exit(1)
}

function chooseMode(options: KcatOptions, info: (level: number, text: string) => void): void {
  if (options.mode === undefined) {
    options.mode = process.stdin.isTTY ? 'C' : 'P'
    const mode = options.mode === 'C' ? 'Consumer' : 'Producer'
    info(1, `Auto-selecting ${mode} mode (use -P or -C to override)`)
  }
  const { mode } = options
  if ('PC'.includes(mode) && options.topic === undefined) throw new UsageError('-t <topic> missing')
  if (mode === 'Q' && options.queries.length === 0)
    throw new UsageError('-t <topic>:<partition>:<offset_or_timestamp> missing')
  if (!'CG'.includes(mode) && (options.packKey !== undefined || options.packValue !== undefined))
    throw new Failure('-s serdes only available in the consumer')
  if (options.words.length > 0 && !'PG'.includes(mode))
    throw new UsageError('file/topic list only allowed in producer(-P)/kafkaconsumer(-G) mode')
}

async function runMode(kcatRun: KcatRun): Promise<void> {
  const { mode } = kcatRun.options
  if (mode === 'C' || mode === 'G') {
    const { consume } = await import('./consume.ts')
    await consume(kcatRun)
  } else if (mode === 'P') {
    const { produce } = await import('./produce.ts')
    await produce(kcatRun)
  } else {
    const { listMetadata, queryOffsets } = await import('./metadata.ts')
    await (mode === 'L' ? listMetadata(kcatRun) : queryOffsets(kcatRun))
  }
}

function errorOf(options: KcatOptions): (text: string) => void {
  return (text) => {
    process.stderr.write(`% ERROR: ${text}${options.exitOnError ? ': terminating' : ''}\n`)
    if (options.exitOnError) throw new Quit(1)
  }
}

function onSignal(stop: () => void): () => NodeJS.Signals | undefined {
  let came: NodeJS.Signals | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // A second one does not wait for anything.
      if (came !== undefined) process.exit(130)
      came = signal
      stop()
    })
  return () => came
}

function listProperties(out: Output): void {
  out.line('Property                                 |       Default')
  out.line('-----------------------------------------|-------------:')
  for (const [name, value] of Object.entries(librdkafkaDefaults))
    out.line(`${name.padEnd(41)}| ${value.padStart(13)}`)
  out.flush()
}

function dumpProperties(out: Output, values: ReadonlyMap<string, string>): void {
  const all = new Map([...Object.entries(librdkafkaDefaults), ...values])
  out.line('# Global config')
  for (const [name, value] of all) if (value !== '') out.line(`${name} = ${value}`)
  out.line()
  out.flush()
}
