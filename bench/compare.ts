/**
 * `npm run bench:compare`: Ottla and another broker in turn, several times, the same load and the same
 * settings. README.md says how to read what it prints.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import { runWorkload } from '../src/cli/bench/workload.ts'
import { workloads } from '../src/cli/bench/workloads.ts'
import {
  type Contender,
  kafka,
  other,
  ottla,
  type Running,
  recyclePages,
  repository,
  requireSpace,
} from './brokers.ts'
import { type Comparison, merged, type RowResult, tableOf } from './comparison.ts'
import { commitOf, machine } from './machine.ts'
import { page } from './page.ts'
import { writeSection } from './results.ts'
import { type Measure, type Row, rows } from './rows.ts'
import { warmUp } from './warm-up.ts'

/** One measurement of one contender, with starts and stops: more than this and something hangs. */
const measureMsMax = 600_000

interface Options {
  readonly runs: number
  readonly rows?: string
  readonly seconds?: number
  readonly minutes?: number
  readonly only?: string
  readonly against?: string
  readonly out: string
  readonly results?: boolean
}

function chosenRows(pattern: string | undefined): readonly Row[] {
  if (pattern === undefined) return rows
  const wanted = new RegExp(pattern, 'i')
  const found = rows.filter(({ name }) => wanted.test(name))
  if (found.length > 0) return found
  throw new BenchError(
    `No row matches ${pattern}; there are:\n${rows.map(({ name }) => name).join('\n')}`,
  )
}

/** The brokers that run throughout: both at once, the one that is not measured is idle. */
class Stage {
  readonly #running = new Map<Contender, Running>()

  async of(contender: Contender): Promise<Running> {
    const there = this.#running.get(contender)
    if (there !== undefined) return there
    const running = await contender.start()
    this.#running.set(contender, running)
    await warmUp(running)
    return running
  }

  /** How its broker ended, if it has. */
  fateOf(contender: Contender): string | undefined {
    return this.#running.get(contender)?.fate?.()
  }

  async clear(): Promise<void> {
    const all = [...this.#running.values()]
    this.#running.clear()
    await Promise.allSettled(all.map((running) => running.stop()))
  }
}

async function take(
  measure: Measure,
  contender: Contender,
  stage: Stage,
  seconds: number | undefined,
): Promise<Figures> {
  if ('alone' in measure) return measure.alone(contender, seconds)
  const daemon = await stage.of(contender)
  if ('onDaemon' in measure) return measure.onDaemon(daemon)
  recyclePages(daemon.dir)
  const workload = workloads.get(measure.workload)!
  const duration =
    seconds !== undefined && 'durationMs' in workload.defaults ? { durationMs: seconds * 1000 } : {}
  return (await runWorkload(workload, daemon, { ...duration, ...measure.parameters })).figures
}

function withinLimit<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new BenchError(`${what} was not done after ${measureMsMax / 1000} s`)
    timer = setTimeout(() => reject(error), measureMsMax)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

class Comparing {
  readonly #options: Options
  readonly #contenders: readonly Contender[]
  readonly #chosen: readonly Row[]
  readonly #figures = new Map<Measure, Record<string, Figures[]>>()
  readonly #failures = new Map<Measure, string[]>()
  readonly stage = new Stage()
  /** When no further row is begun; what is left out is told. */
  readonly #untilMs: number
  readonly leftOut: string[] = []

  constructor(options: Options, contenders: readonly Contender[], chosen: readonly Row[]) {
    this.#options = options
    this.#contenders = contenders
    this.#chosen = chosen
    this.#untilMs = performance.now() + (options.minutes ?? Infinity) * 60_000
  }

  async run(): Promise<void> {
    const measures = [...new Set(this.#chosen.map(({ measure }) => measure))]
    // Those that start brokers of their own come last, when no other broker runs.
    const [alone, shared] = [true, false].map((is) => measures.filter((m) => 'alone' in m === is))
    for (const measure of shared!) await this.#inTurn(measure)
    await this.stage.clear()
    for (const measure of alone!) await this.#inTurn(measure)
  }

  async #inTurn(measure: Measure): Promise<void> {
    if (this.#isLate) {
      for (const row of this.#chosen) if (row.measure === measure) this.leftOut.push(row.name)
      return
    }
    // One run of a row that was begun is taken all the same.
    for (let run = 0; run < this.#options.runs && !(run > 0 && this.#isLate); run += 1) {
      const order = run % 2 === 0 ? this.#contenders : [...this.#contenders].reverse()
      for (const contender of order) await this.#once(measure, contender)
    }
    this.write()
  }

  get #isLate(): boolean {
    return performance.now() > this.#untilMs
  }

  /** A failure is kept and told; the other rows go on. */
  async #once(measure: Measure, contender: Contender): Promise<void> {
    const { name } = contender
    const of = this.#figures.get(measure) ?? {}
    this.#figures.set(measure, of)
    requireSpace()
    try {
      const taking = take(measure, contender, this.stage, this.#options.seconds)
      const figures = await withinLimit(name, taking)
      of[name] = [...(of[name] ?? []), figures]
      for (const { name: row, figure } of this.#chosen.filter((row) => row.measure === measure))
        console.log(`${name.padEnd(8)} ${row.padEnd(52)} ${figure} ${figures[figure] ?? '-'}`)
    } catch (error) {
      const fate = this.stage.fateOf(contender)
      const why = `${name}: ${(error as Error).message}${fate === undefined ? '' : ` (${fate})`}`
      console.error(why)
      this.#failures.set(measure, [...(this.#failures.get(measure) ?? []), why])
      of[name] = [...(of[name] ?? []), {}]
      await this.stage.clear()
    }
  }

  comparison(): Comparison {
    const commit = commitOf()
    const args = process.argv.slice(2).filter((arg) => arg !== '--results')
    const command = ['npm run bench:compare --', ...args].join(' ')
    const takenAt = new Date().toISOString()
    const results = this.#chosen.flatMap(({ measure, ...row }): RowResult[] => {
      const runs = this.#figures.get(measure)
      const failures = this.#failures.get(measure) ?? []
      return runs === undefined ? [] : [{ row, runs, failures, command, commit, takenAt }]
    })
    const contenders = this.#contenders.map(({ name }) => name)
    return { machine: machine(), contenders, results }
  }

  /** After each measurement, so that an end in between loses nothing. */
  write(): void {
    const { out, results } = this.#options
    const comparison = this.comparison()
    mkdirSync(out, { recursive: true })
    writeFileSync(join(out, 'compare.json'), JSON.stringify(comparison, null, 1))
    writeFileSync(join(out, 'compare.html'), page(comparison))
    if (results) keepResults(comparison)
  }
}

/** Into the repository: rows measured now replace those of before. */
function keepResults(comparison: Comparison): void {
  const file = join(repository, 'bench', 'results.json')
  const order = rows.map(({ name }) => name)
  const all = existsSync(file)
    ? merged(JSON.parse(readFileSync(file, 'utf8')) as Comparison, comparison, order)
    : comparison
  writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`)
  const text = `Machine: ${all.machine}\n\n${tableOf(all, true)}`
  writeSection(join(repository, 'bench', 'RESULTS.md'), 'comparison', text)
}

async function compare(options: Options): Promise<void> {
  const chosen = chosenRows(options.rows)
  const all = [ottla, options.against === undefined ? kafka : other(options.against)]
  const contenders = options.only ? all.filter(({ name }) => name === options.only) : all
  if (contenders.length === 0) throw new BenchError('--only is ottla or kafka')
  if (options.results && contenders.length < 2)
    throw new BenchError('--results needs both, without --only')
  for (const contender of contenders) contender.check()
  for (const { measure } of chosen) if ('check' in measure) measure.check()
  const comparing = new Comparing(options, contenders, chosen)
  try {
    await comparing.run()
  } finally {
    await comparing.stage.clear()
  }
  const comparison = comparing.comparison()
  console.log(`\n${comparison.machine}\n\n${tableOf(comparison)}`)
  console.log(`\nwrote ${options.out}/compare.json and .html`)
  const failed = comparison.results.filter(({ failures }) => failures.length > 0)
  if (comparing.leftOut.length > 0)
    console.log(`left out, ${options.minutes} minutes were over: ${comparing.leftOut.join('; ')}`)
  if (failed.length > 0 || comparing.leftOut.length > 0) process.exitCode = 1
}

const atLeast = (min: number) => (text: string) => {
  const value = Number(text)
  if (!(value >= min)) throw new InvalidArgumentError(`It must be a number from ${min} on.`)
  return value
}

const program = new Command('bench:compare')
  .description('Ottla and Apache Kafka in turn under the same load')
  .option('--runs <count>', 'how often each of them', atLeast(1), 3)
  .option('--rows <pattern>', 'only rows whose names match')
  .option('--seconds <count>', 'how long each workload is measured', atLeast(0.1))
  .option('--minutes <count>', 'begin no further row after this time', atLeast(0.01))
  .option('--against <command or host:port>', 'hold Ottla against this instead of Kafka')
  .option('--only <name>', 'measure one of them alone')
  .option('--out <dir>', 'where the results go', join(repository, 'bench', 'out'))
  .option('--results', 'put what was measured into bench/results.json and bench/RESULTS.md')
  .action(compare)
try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(`bench:compare: ${error.message}`)
  process.exitCode = 1
}
