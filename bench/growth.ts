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
import { sectionOf, writeSection } from './results.ts'
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

/** What a line is about; the rest of it are figures. */
const keyOf = (axis: Axis, value: number) => `| ${axis.name} | ${value.toLocaleString('en')} |`

const head = [
  '| what grows | to | figure | value | p99 ms | broker cores | resident MB | cores of others | how |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
]

/** `newer` lines over those of a table, in the order of the axes; lines of other axes go. */
export function mergedTable(older: string, newer: readonly string[]): string {
  const all = [...older.split('\n'), ...newer]
  const lines = axes.flatMap((axis) =>
    axis.values.flatMap(
      (value) => all.findLast((line) => line.startsWith(keyOf(axis, value))) ?? [],
    ),
  )
  return [...head, ...lines].join('\n')
}

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
    return `${keyOf(axis, value)} ${[axis.figure, ...spreads].join(' | ')} |`
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
  const chosen = axes.filter(({ name }) => new RegExp(options.rows ?? '', 'i').test(name))
  if (chosen.length === 0) {
    const names = axes.map(({ name }) => name).join('\n')
    throw new BenchError(`No row matches ${options.rows}; there are:\n${names}`)
  }
  const { rows, runs, seconds } = options
  const args = `--runs ${runs} --seconds ${seconds}${rows === undefined ? '' : ` --rows '${rows}'`}`
  const how = `\`npm run bench:growth -- ${args.replaceAll('|', '\\|')}\` at ${commitOf()} |`
  const path = join(repository, 'bench', 'RESULTS.md')
  console.log(`${machine()}\n${head.join('\n')}`)
  for (const axis of chosen)
    for (const value of axis.values) {
      const line = `${await lineOf(axis, value, Number(runs), Number(seconds))} ${how}`
      console.log(line)
      if (!options.results) continue
      const table = mergedTable(sectionOf(path, 'growth'), [line])
      writeSection(path, 'growth', `Machine: ${machine()}\n\n${table}`)
    }
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
