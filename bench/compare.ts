/**
 * `npm run bench:compare`: Ottla and another broker in turn, several times, the same load and the same
 * settings. README.md says how to read what it prints.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import type { Daemon } from '../src/cli/bench/daemon.ts'
import { runWorkload } from '../src/cli/bench/workload.ts'
import { workloads } from '../src/cli/bench/workloads.ts'
import { type Contender, kafka, other, ottla, recyclePages, repository } from './brokers.ts'
import { javaFigures, javaRows } from './java-clients.ts'
import { page } from './page.ts'
import { type Row, rows } from './rows.ts'
import { firstAcknowledgementMs, restingRow, startRow } from './start-up.ts'
import { isNoisy, type Spread, spreadOf } from './statistics.ts'

export interface RowResult {
  readonly row: Row
  /** By contender: the figures of each run. */
  readonly runs: Readonly<Record<string, readonly Figures[]>>
}

export interface Comparison {
  readonly machine: string
  readonly commit: string
  readonly command: string
  readonly takenAt: string
  readonly contenders: readonly string[]
  readonly results: readonly RowResult[]
}

interface Options {
  readonly runs: string
  readonly rows?: string
  readonly seconds?: string
  readonly only?: string
  readonly against?: string
  readonly out: string
}

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim()

function machine(): string {
  const cores = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cores.length} cores of ${cores[0]?.model.trim()}, ${memory} GiB, Node ${process.version}`
}

function chosenRows({ rows: pattern }: Options): Row[] {
  const all = [startRow, ...rows, ...javaRows, restingRow]
  if (pattern === undefined) return all
  const wanted = new RegExp(pattern, 'i')
  const found = all.filter(({ name }) => wanted.test(name))
  if (found.length > 0) return found
  throw new BenchError(
    `No row matches ${pattern}; there are:\n${all.map(({ name }) => name).join('\n')}`,
  )
}

/** One row on one running broker. */
async function measure(row: Row, daemon: Daemon, options: Options): Promise<Figures> {
  if (row === restingRow) return restingRow.measure(daemon)
  if (row.workload === 'java') return javaFigures(row, daemon)
  recyclePages(daemon.dir)
  const { seconds } = options
  const duration = seconds === undefined ? {} : { durationMs: Number(seconds) * 1000 }
  const one = workloads.get(row.workload)!
  const given = 'durationMs' in one.defaults ? { ...duration, ...row.parameters } : row.parameters
  return (await runWorkload(one, daemon, given)).figures
}

/** All rows on a fresh broker, which is stopped whatever happens. */
async function round(
  contender: Contender,
  chosen: readonly Row[],
  options: Options,
  keep: (row: Row, figures: Figures) => void,
): Promise<void> {
  const daemon = await contender.start()
  try {
    for (const row of chosen) {
      const figures =
        row === startRow
          ? { ...(await firstAcknowledgementMs(daemon)) }
          : await measure(row, daemon, options)
      keep(row, figures)
      const value = figures[row.figure]
      console.log(
        `${contender.name.padEnd(8)} ${row.name.padEnd(52)} ${row.figure} ${value ?? '-'}`,
      )
    }
  } finally {
    await daemon.stop()
  }
}

export function ratioOf(row: Row, ours: Spread, theirs: Spread): number {
  return row.better === 'more' ? ours.median / theirs.median : theirs.median / ours.median
}

function table({ results, contenders }: Comparison): string {
  const [first = '', second = ''] = contenders
  const short = (spread: Spread | undefined) =>
    spread === undefined
      ? '-'
      : `${spread.median.toPrecision(4)} (${spread.min.toPrecision(3)}–${spread.max.toPrecision(3)})`
  const lines = results.map(({ row, runs }) => {
    const ours = spreadOf((runs[first] ?? []).map((figures) => figures[row.figure]))
    const theirs = spreadOf((runs[second] ?? []).map((figures) => figures[row.figure]))
    const ratio = ours && theirs ? ratioOf(row, ours, theirs) : undefined
    const noisy = [ours, theirs].some((spread) => spread !== undefined && isNoisy(spread))
    const goal = row.goal === undefined ? '' : `${row.goal} ×`
    const verdict =
      ratio === undefined || row.goal === undefined ? '' : ratio >= row.goal ? 'reached' : 'missed'
    return [
      ...[row.name, row.figure, short(ours), short(theirs)],
      ...[ratio === undefined ? '-' : `${ratio.toFixed(2)} ×`, goal, verdict, noisy ? 'noisy' : ''],
    ]
  })
  const head = ['row', 'figure', first, second, 'ratio', 'goal', '', '']
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

async function compare(options: Options): Promise<void> {
  const chosen = chosenRows(options)
  const all = [ottla, options.against === undefined ? kafka : other(options.against)]
  const contenders = options.only ? all.filter(({ name }) => name === options.only) : all
  if (contenders.length === 0) throw new BenchError('--only is ottla or kafka')
  const runs = new Map<Row, Record<string, Figures[]>>(chosen.map((row) => [row, {}]))
  for (let run = 0; run < Number(options.runs); run += 1) {
    for (const contender of run % 2 === 0 ? contenders : [...contenders].reverse()) {
      await round(contender, chosen, options, (row, figures) => {
        const of = runs.get(row)!
        of[contender.name] = [...(of[contender.name] ?? []), figures]
      })
    }
  }
  const comparison: Comparison = {
    ...{ machine: machine(), commit: git('rev-parse', '--short', 'HEAD') },
    command: `npm run bench:compare -- ${process.argv.slice(2).join(' ')}`,
    ...{ takenAt: new Date().toISOString(), contenders: contenders.map(({ name }) => name) },
    results: chosen.map((row) => ({ row, runs: runs.get(row)! })),
  }
  mkdirSync(options.out, { recursive: true })
  writeFileSync(join(options.out, 'compare.json'), JSON.stringify(comparison, null, 1))
  writeFileSync(join(options.out, 'compare.html'), page(comparison))
  const about = `${comparison.machine}, commit ${comparison.commit}`
  console.log(`\n${about}\n\n${table(comparison)}\n\nwrote ${options.out}/compare.json and .html`)
}

const program = new Command('bench:compare')
  .description('Ottla and Apache Kafka in turn under the same load')
  .option('--runs <count>', 'how often each of them', '3')
  .option('--rows <pattern>', 'only rows whose names match')
  .option('--seconds <count>', 'how long each workload is measured')
  .option('--against <command or host:port>', 'hold Ottla against this instead of Kafka')
  .option('--only <name>', 'measure one of them alone')
  .option('--out <dir>', 'where the results go', join(repository, 'bench', 'out'))
  .action(compare)
try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(`bench:compare: ${error.message}`)
  process.exitCode = 1
}
