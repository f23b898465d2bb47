/**
 * `npm run sim`: whole clusters under faults.
 *
 *     npm run sim -- --seeds 1000 --workers 2 [--from 1]   many seeds
 *     npm run sim -- --seed 4711 [--trace]                 one, with its messages
 *     npm run sim -- --seed 4711 --shrink                  cut down to a file in test/sim/regress
 *     npm run sim -- --leases …                            the coordinator and its leases alone
 *     npm run sim -- --flips …                             with bits that flip on disks: it finds more than is mended
 *     npm run sim -- --bug NAME …                          with one of the seeded bugs
 *
 * Every fiftieth seed runs twice, and both runs must agree.
 */
import { fork } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { withBug } from './bugs.ts'
import { LeaseSimulation } from './lease-model.ts'
import { printer } from './messages.ts'
import { type Plan, planOf } from './plan.ts'
import { fileNameOf, shrink } from './shrink.ts'
import { Simulation } from './simulation.ts'

interface Result {
  readonly seed: number
  readonly events: number
  readonly acknowledged: number
  readonly elections: number
  readonly failure?: string | undefined
}

interface Options {
  readonly leases: boolean
  readonly flips: boolean
  readonly bug: string | undefined
}

const twiceEvery = 50
const regress = join(import.meta.dirname, 'regress')

async function runLeases(seed: number): Promise<Result> {
  try {
    const { events, elections } = await new LeaseSimulation(seed).run()
    return { seed, events, acknowledged: 0, elections }
  } catch (error) {
    return { seed, events: 0, acknowledged: 0, elections: 0, failure: (error as Error).message }
  }
}

async function runSeed(seed: number, { leases, flips, bug }: Options): Promise<Result> {
  if (leases) return runLeases(seed)
  return withBug(bug, async () => {
    const run = await new Simulation(planOf(seed, flips)).run()
    const { events, acknowledged, elections, digest } = run
    let { failure } = run
    if (seed % twiceEvery === 0 && failure === undefined) {
      const again = await new Simulation(planOf(seed, flips)).run()
      if (again.digest !== digest) failure = 'determinism: two runs of the seed differ'
    }
    return { seed, events, acknowledged, elections, failure }
  })
}

async function runOne(
  plan: Plan,
  trace: boolean,
  bug: string | undefined,
): Promise<string | undefined> {
  return withBug(bug, async () => {
    const simulation = new Simulation(plan)
    const { world, tap } = simulation
    if (trace) {
      tap.listeners.push(printer((line) => world.note(line)))
      world.onNote = console.log
    }
    console.log(JSON.stringify(plan.options))
    const { failure, trace: notes, ...rest } = await simulation.run()
    if (failure !== undefined && !trace) console.log(notes.slice(-100).join('\n'))
    console.log(rest)
    console.log(failure ?? 'Nothing is wrong')
    return failure
  })
}

async function shrunk(plan: Plan, failure: string, bug: string | undefined): Promise<void> {
  const step = (best: Plan) => console.error(`still fails with ${best.faults.length} faults`)
  const smaller = await withBug(bug, () => shrink(plan, failure, 150, step))
  mkdirSync(regress, { recursive: true })
  const path = join(regress, fileNameOf(failure, plan.seed))
  writeFileSync(
    path,
    `${JSON.stringify({ failure: failure.split('\n')[0], plan: smaller }, null, 2)}\n`,
  )
  await runOne(smaller, true, bug)
  console.log(`written to ${path}`)
}

async function many(from: number, count: number, workers: number, options: Options): Promise<void> {
  const bar = process.stderr.isTTY ? new SingleBar({ stream: process.stderr }) : undefined
  bar?.start(count, 0)
  const results: Result[] = []
  const startedMs = Date.now()
  await Promise.all(
    Array.from({ length: workers }, (_, offset) => {
      const range = [from + offset, from + count, workers].map(String)
      const args = ['worker', ...range, JSON.stringify(options)]
      // What an event makes is mostly gone with the next one. Who reads where an error came from runs the seed alone.
      const execArgv = [...process.execArgv, '--max-semi-space-size=16', '--stack-trace-limit=0']
      const worker = fork(fileURLToPath(import.meta.url), args, { execArgv })
      return new Promise<void>((resolve, reject) => {
        worker.on('message', (result: Result) => {
          bar?.increment()
          results.push(result)
          const { seed, failure } = result
          if (failure === undefined) return
          const more = options.leases ? ' --leases' : options.flips ? ' --flips' : ''
          console.log(
            `Seed ${seed}: ${failure.split('\n')[0]}  (npm run sim -- --seed ${seed}${more})`,
          )
        })
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      })
    }),
  )
  bar?.stop()
  const seconds = (Date.now() - startedMs) / 1000
  const failures = results.filter(({ failure }) => failure !== undefined).length
  const sum = (of: (result: Result) => number) =>
    results.reduce((total, each) => total + of(each), 0)
  // A worker that ended early has not run its seeds.
  const missing = count - results.length
  console.log(
    `${results.length} seeds, ${failures} failures, ${missing} not run; ${sum((r) => r.events)} events, ${sum((r) => r.elections)} elections, ${sum((r) => r.acknowledged)} acknowledgements in ${seconds.toFixed(0)} s`,
  )
  process.exitCode = failures === 0 && missing === 0 ? 0 : 1
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      workers: { type: 'string', default: '1' },
      seed: { type: 'string' },
      replay: { type: 'string' },
      trace: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: false },
      leases: { type: 'boolean', default: false },
      flips: { type: 'boolean', default: false },
      bug: { type: 'string' },
    },
  })
  const { leases, flips, bug } = values
  if (values.seed === undefined && values.replay === undefined) {
    await many(Number(values.from), Number(values.seeds), Number(values.workers), {
      leases,
      flips,
      bug,
    })
    return
  }
  if (leases) {
    const { failure, events } = await runLeases(Number(values.seed))
    console.log(failure ?? `Seed ${values.seed}: ${events} events, nothing wrong`)
    process.exitCode = failure === undefined ? 0 : 1
    return
  }
  const plan: Plan = values.replay
    ? JSON.parse(readFileSync(values.replay, 'utf8')).plan
    : planOf(Number(values.seed), flips)
  const failure = await runOne(plan, values.trace, bug)
  if (failure !== undefined && values.shrink) await shrunk(plan, failure, bug)
  process.exit(failure === undefined ? 0 : 1)
}

/** A child process: sends each result to the one that started it. */
async function work([first, end, step, options]: readonly string[]): Promise<void> {
  for (let seed = Number(first); seed < Number(end); seed += Number(step))
    process.send?.(await runSeed(seed, JSON.parse(options ?? '{}')))
  process.disconnect?.()
  process.exit(0)
}

await (process.argv[2] === 'worker' ? work(process.argv.slice(3)) : main())
