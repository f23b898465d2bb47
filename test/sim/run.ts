/**
 * Many seeds: `npm run sim -- --seeds 1000 --workers 2`; one again, with what happened:
 * `npm run sim -- --seed 4711`. Every hundredth seed runs twice, and both runs must agree.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { LeaseSimulation } from './lease-model.ts'

interface Result {
  readonly seed: number
  readonly events: number
  readonly failure?: string
}

const twiceEvery = 100

async function runSeed(seed: number): Promise<Result> {
  try {
    const run = await new LeaseSimulation(seed).run()
    if (seed % twiceEvery === 0) {
      const again = await new LeaseSimulation(seed).run()
      if (again.digest !== run.digest)
        return { seed, events: run.events, failure: 'two runs differ' }
    }
    return { seed, events: run.events }
  } catch (error) {
    return { seed, events: 0, failure: (error as Error).message }
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      workers: { type: 'string', default: '1' },
      seed: { type: 'string' },
    },
  })
  if (values.seed !== undefined) {
    const { failure, events } = await runSeed(Number(values.seed))
    console.log(failure ?? `Seed ${values.seed}: ${events} events, nothing wrong`)
    process.exitCode = failure === undefined ? 0 : 1
    return
  }
  const from = Number(values.from)
  const count = Number(values.seeds)
  const workers = Number(values.workers)
  const bar = process.stderr.isTTY ? new SingleBar({ stream: process.stderr }) : undefined
  bar?.start(count, 0)
  const failures: Result[] = []
  let events = 0
  const startedMs = Date.now()
  await Promise.all(
    Array.from({ length: workers }, (_, offset) => {
      const range = [from + offset, from + count, workers].map(String)
      const worker = fork(fileURLToPath(import.meta.url), ['worker', ...range])
      return new Promise<void>((resolve, reject) => {
        worker.on('message', (result: Result) => {
          bar?.increment()
          events += result.events
          if (result.failure !== undefined) failures.push(result)
        })
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      })
    }),
  )
  bar?.stop()
  const seconds = (Date.now() - startedMs) / 1000
  for (const { seed, failure } of failures)
    console.log(`Seed ${seed}: ${failure?.split('\n')[0]}  (npm run sim -- --seed ${seed})`)
  console.log(
    `${count} seeds, ${failures.length} failures, ${events} events in ${seconds.toFixed(0)} s`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
}

/** A child process: sends each result to the one that started it. */
async function work(range: readonly string[]): Promise<void> {
  const [first = 0, end = 0, step = 1] = range.map(Number)
  for (let seed = first; seed < end; seed += step) process.send?.(await runSeed(seed))
}

await (process.argv[2] === 'worker' ? work(process.argv.slice(3)) : main())
