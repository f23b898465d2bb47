/**
 * `npm run bench:growth`: how Ottla's cost grows with connections, partitions, groups, readers at
 * different places, and broker processes. Each line is the median of some runs on one broker.
 */
import { join } from 'node:path'
import { Command } from 'commander'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import { type Parameters, runWorkload } from '../src/cli/bench/workload.ts'
import { workloads } from '../src/cli/bench/workloads.ts'
import { ottla, recyclePages, repository } from './brokers.ts'
import { shortSpread } from './comparison.ts'
import { commitOf, machine } from './machine.ts'
import { writeSection } from './results.ts'
import { spreadOf } from './statistics.ts'

interface Axis {
  readonly name: string
  readonly workload: string
  readonly values: readonly number[]
  readonly figure: string
  /** Broker processes, where that is what grows. */
  readonly nodes?: (value: number) => number
  given(value: number): Parameters
}

const produce1 = { batchBytes: 1024, recordBytes: 100 }

export const axes: readonly Axis[] = [
  {
    ...{ name: 'connections, 1 KiB batches, one in flight each', workload: 'produce' },
    ...{ values: [1, 10, 100, 1000, 5000], figure: 'requestsPerSecond' },
    given: (connections) => ({ ...produce1, connections, window: 1 }),
  },
  {
    ...{ name: 'partitions written in turn, 1 KiB batches', workload: 'partitions' },
    ...{ values: [1, 10, 100, 1000, 10_000], figure: 'requestsPerSecond' },
    given: (partitions) => ({ ...produce1, partitions }),
  },
  {
    ...{ name: 'groups that commit offsets', workload: 'commit', figure: 'requestsPerSecond' },
    values: [1, 10, 100, 1000],
    given: (groups) => ({ groups }),
  },
  {
    ...{ name: 'readers at different places of a log of 256 MiB', workload: 'consume' },
    ...{ values: [1, 4, 16, 64], figure: 'megabytesPerSecond' },
    given: (connections) => ({ connections, window: 1, logBytes: 256 * 1024 * 1024 }),
  },
  {
    ...{ name: 'broker processes, 16 KiB batches, a partition each', workload: 'produce' },
    ...{ values: [1, 2], figure: 'megabytesPerSecond', nodes: (brokers) => brokers },
    given: (partitions) => ({ partitions, connections: 4 }),
  },
]

async function lineOf(axis: Axis, value: number, runs: number, seconds: number): Promise<string> {
  const broker = await ottla.start({ nodes: axis.nodes?.(value) ?? 1 })
  try {
    recyclePages(broker.dir)
    const of = new Map<string, (number | undefined)[]>()
    const shown = [axis.figure, 'p99Ms', 'brokerCpuShare', 'brokerResidentMb', 'othersCpuShare']
    for (let run = 0; run < runs; run += 1) {
      const given = { ...axis.given(value), durationMs: seconds * 1000, warmUpMs: 1000 }
      const { figures } = await runWorkload(workloads.get(axis.workload)!, broker, given)
      for (const name of shown) of.set(name, [...(of.get(name) ?? []), figures[name]])
    }
    const spreads = shown.map((name) => shortSpread(spreadOf(of.get(name)!)))
    return `| ${[axis.name, value.toLocaleString('en'), axis.figure, ...spreads].join(' | ')} |`
  } finally {
    await broker.stop()
  }
}

async function grow(options: {
  rows?: string
  runs: string
  seconds: string
  results?: boolean
}): Promise<void> {
  ottla.check()
  const wanted = new RegExp(options.rows ?? '', 'i')
  const lines = [
    '| what grows | to | figure | value | p99 ms | broker cores | resident MB | cores of others |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const axis of axes.filter(({ name }) => wanted.test(name)))
    for (const value of axis.values) {
      const line = await lineOf(axis, value, Number(options.runs), Number(options.seconds))
      console.log(line)
      lines.push(line)
    }
  const { rows, runs, seconds } = options
  const args = `--runs ${runs} --seconds ${seconds}${rows === undefined ? '' : ` --rows ${rows}`}`
  const origin = `${machine()}, \`npm run bench:growth -- ${args}\` at ${commitOf()}`
  if (!options.results) return
  const path = join(repository, 'bench', 'RESULTS.md')
  writeSection(path, 'growth', `${origin}\n\n${lines.join('\n')}`)
}

export const program = new Command('bench:growth')
  .description("How Ottla's cost grows")
  .option('--runs <count>', 'how often each', '3')
  .option('--seconds <count>', 'how long each is measured', '3')
  .option('--rows <pattern>', 'only what matches')
  .option('--results', 'put the table into bench/RESULTS.md')
  .action(grow)

if (process.argv[1] === import.meta.filename)
  await program.parseAsync().catch((error: unknown) => {
    if (!(error instanceof BenchError)) throw error
    console.error(`bench:growth: ${error.message}`)
    process.exitCode = 1
  })
