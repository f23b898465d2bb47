/** librdkafka as the load, by way of confluent-kafka: the client beneath most languages but Java. */
import { spawn, spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import { BenchError, createTopic, deleteTopic } from '../src/cli/bench/bench-target.ts'
import type { Daemon } from '../src/cli/bench/daemon.ts'
import type { Measure, Row } from './rows.ts'

const topic = 'bench-librdkafka'
const toolMsMax = 300_000
const tool = join(import.meta.dirname, 'librdkafka', 'perf.py')

/** `test/clients/install` makes it; a Python of the user's may have the package too. */
const cache = process.env['OTTLA_CLIENTS_CACHE'] ?? join(homedir(), '.cache', 'ottla-clients')
const python = process.env['BENCH_PYTHON'] ?? join(cache, 'venv', 'bin', 'python')

/** @throws BenchError when the rows below cannot be measured here */
export function requireLibrdkafka(): void {
  const { status } = spawnSync(python, ['-c', 'import confluent_kafka'], { stdio: 'ignore' })
  if (status !== 0)
    throw new BenchError(
      `${python} has no confluent_kafka: test/clients/install, or BENCH_PYTHON=…, or --rows without librdkafka`,
    )
}

export type LibrdkafkaLoad = 'produce' | 'consume' | 'latency'

export async function librdkafka(
  daemon: Daemon,
  load: LibrdkafkaLoad,
  records: number,
  recordBytes: number,
): Promise<Figures> {
  await createTopic(daemon, topic, 1, { 'retention.bytes': '-1' })
  try {
    const where = `${daemon.host}:${daemon.port}`
    return await run([tool, load, where, topic, `${records}`, `${recordBytes}`])
  } finally {
    await deleteTopic(daemon, topic)
  }
}

function run(args: string[]): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, { timeout: toolMsMax, killSignal: 'SIGKILL' })
    let said = ''
    let complained = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk
    })
    child.stderr.on('data', (chunk: Buffer) => {
      complained += chunk
    })
    child.on('error', (error) => reject(new BenchError(`${python}: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(said) as Figures)
      else
        reject(
          new BenchError(`librdkafka ended with ${code ?? signal}: ${complained.slice(-2000)}`),
        )
    })
  })
}

const measure = (load: LibrdkafkaLoad, records: number, recordBytes: number): Measure => ({
  onDaemon: (daemon) => librdkafka(daemon, load, records, recordBytes),
  check: requireLibrdkafka,
})

export const librdkafkaRows: readonly Row[] = [
  {
    ...{ name: 'librdkafka producer, 100-byte records', figure: 'recordsPerSecond' },
    ...{ measure: measure('produce', 2_000_000, 100), better: 'more' },
    beside: ['megabytesPerSecond', 'generatorCpuShare'],
  },
  {
    ...{ name: 'librdkafka producer, 1 KiB records', figure: 'megabytesPerSecond' },
    ...{ measure: measure('produce', 500_000, 1024), better: 'more' },
    beside: ['recordsPerSecond', 'generatorCpuShare'],
  },
  {
    ...{ name: 'librdkafka consumer, 100-byte records', figure: 'recordsPerSecond' },
    ...{ measure: measure('consume', 2_000_000, 100), better: 'more' },
    beside: ['megabytesPerSecond', 'generatorCpuShare'],
  },
  {
    ...{ name: 'librdkafka end to end, 100 B, p99', figure: 'p99Ms', better: 'less' },
    ...{ measure: measure('latency', 5000, 100), beside: ['meanMs', 'p50Ms', 'p99.9Ms'] },
  },
]
