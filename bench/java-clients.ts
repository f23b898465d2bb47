/** Kafka's own performance tools as the load: a real client, which is often the limit itself. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import { BenchError, createTopic, deleteTopic } from '../src/cli/bench/bench-target.ts'
import type { Daemon } from '../src/cli/bench/daemon.ts'
import { realKafka } from './brokers.ts'
import type { Measure, Row } from './rows.ts'

const topic = 'bench-java'
const toolMsMax = 300_000

function tool(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, KAFKA_TOOL_HEAP: '512m' }
    const child = spawn(realKafka, args, { env, timeout: toolMsMax, killSignal: 'SIGKILL' })
    let said = ''
    const hear = (chunk: Buffer) => {
      said += chunk
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('error', (error) => reject(new BenchError(error.message)))
    child.on('close', (code) => {
      if (code === 0) resolve(said)
      else reject(new BenchError(`${args[0]} ended with ${code}: ${said.slice(-2000)}`))
    })
  })
}

const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))

/** Of `records`, the first `warmUp` are in no figure of the last line. */
function producer(
  bootstrap: string,
  records: number,
  recordBytes: number,
  warmUp = 0,
): Promise<string> {
  const properties = [`bootstrap.servers=${bootstrap}`, 'acks=1', 'batch.size=65536', 'linger.ms=5']
  return tool([
    ...['producer-perf', '--topic', topic, '--num-records', `${records}`, '--throughput', '-1'],
    ...(warmUp > 0 ? ['--warmup-records', `${warmUp}`] : []),
    ...['--record-size', `${recordBytes}`, '--command-property', ...properties],
  ])
}

const tools: Record<
  string,
  (bootstrap: string, records: number, bytes: number) => Promise<Figures>
> = {
  async 'producer-perf'(bootstrap, records, recordBytes) {
    // As many before: the compiler of a cold client takes as much of the cores as its records do.
    const said = await producer(bootstrap, 2 * records, recordBytes, records)
    const last = said.trim().split('\n').at(-1) ?? ''
    if (!last.includes('steady state'))
      throw new BenchError(`producer-perf told no steady state, but: ${last}`)
    const [, perSecond, megabytes] = /([\d.]+) records\/sec \(([\d.]+) MB\/sec\)/.exec(last) ?? []
    const [, p99] = /([\d.]+) ms 99th/.exec(last) ?? []
    const mib = number(megabytes)
    return {
      recordsPerSecond: number(perSecond),
      megabytesPerSecond: mib === undefined ? undefined : mib * 1.048576,
      p99Ms: number(p99),
    }
  },
  async 'consumer-perf'(bootstrap, records, recordBytes) {
    await producer(bootstrap, records, recordBytes)
    const said = await tool([
      ...['consumer-perf', '--bootstrap-server', bootstrap, '--topic', topic],
      ...['--num-records', `${records}`, '--timeout', '60000'],
    ])
    const fields = (said.trim().split('\n').at(-1) ?? '').split(',').map((field) => field.trim())
    // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
    const mib = number(fields[8])
    return {
      recordsPerSecond: number(fields[9]),
      megabytesPerSecond: mib === undefined ? undefined : mib * 1.048576,
    }
  },
  async 'e2e-latency'(bootstrap, records, recordBytes) {
    const said = await tool([
      ...['e2e-latency', '--bootstrap-server', bootstrap, '--topic', topic, '--num-records'],
      ...[`${records}`, '--producer-acks', '1', '--record-size', `${recordBytes}`],
    ])
    const [, mean] = /Avg latency: ([\d.]+) ms/.exec(said) ?? []
    const [, p50, p99, p999] =
      /50th = ([\d.]+), 99th = ([\d.]+), 99.9th = ([\d.]+)/.exec(said) ?? []
    return {
      ...{ meanMs: number(mean), p50Ms: number(p50), p99Ms: number(p99) },
      'p99.9Ms': number(p999),
    }
  },
}

function requireTools(): void {
  if (!existsSync(realKafka))
    throw new BenchError(
      `${realKafka} is missing: set REAL_KAFKA, or leave Java's rows out by --rows`,
    )
}

/** One of the tools on a topic of its own. */
export async function javaTool(
  daemon: Daemon,
  name: string,
  records: number,
  bytes: number,
): Promise<Figures> {
  // What is only written is kept as short as all loads are; what is read must be there.
  await createTopic(daemon, topic, 1, name === 'producer-perf' ? {} : { 'retention.bytes': '-1' })
  try {
    return await tools[name]!(`${daemon.host}:${daemon.port}`, records, bytes)
  } finally {
    await deleteTopic(daemon, topic)
  }
}

const measure = (name: string, records: number, bytes: number): Measure => ({
  onDaemon: (daemon) => javaTool(daemon, name, records, bytes),
  check: requireTools,
})

export const javaRows: readonly Row[] = [
  {
    ...{ name: 'Java producer-perf, 100-byte records', figure: 'recordsPerSecond' },
    ...{ measure: measure('producer-perf', 3_000_000, 100), better: 'more', goal: 1.3 },
    beside: ['megabytesPerSecond', 'p99Ms'],
  },
  {
    ...{ name: 'Java producer-perf, 1 KiB records', figure: 'megabytesPerSecond' },
    ...{ measure: measure('producer-perf', 1_500_000, 1024), better: 'more', goal: 1.3 },
    beside: ['recordsPerSecond', 'p99Ms'],
  },
  {
    ...{ name: 'Java consumer-perf, 100-byte records', figure: 'recordsPerSecond' },
    ...{ measure: measure('consumer-perf', 3_000_000, 100), better: 'more' },
    beside: ['megabytesPerSecond'],
  },
  {
    ...{ name: 'Java e2e-latency 100 B, p99', figure: 'p99Ms', better: 'less', goal: 2 },
    // The client is cold for some thousand records: of fewer, the slowest hundredth would be its compiler's.
    ...{ measure: measure('e2e-latency', 60_000, 100), beside: ['meanMs', 'p50Ms', 'p99.9Ms'] },
  },
]
