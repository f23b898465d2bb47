/** `ottla bench`: loads a broker, Ottla's or any Kafka's, and tells what it did. */
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { BenchResult } from '../bench/bench-result.ts'
import { BenchError, type BenchTarget } from '../bench/bench-target.ts'
import { scratchDirectory, startDaemon } from '../bench/daemon.ts'
import { runWorkload, type Workload } from '../bench/workload.ts'
import { workloads } from '../bench/workloads.ts'
import type { GlobalOptions } from '../tree.ts'
import { failoverCommand } from './bench-failover.ts'

interface Options {
  readonly pid?: string
  readonly json?: boolean
  readonly small?: boolean
}

function address(text: string): { host: string; port: number } {
  const [first = ''] = text.split(',')
  const [, host = first, port = '9092'] = /^(.+):(\d+)$/.exec(first) ?? []
  return { host, port: Number(port) }
}

const assignment = (text: string, all: [string, string][]): [string, string][] => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be name=value.')
  return [...all, [text.slice(0, at), text.slice(at + 1)]]
}

/** `-b` belongs to the whole program, so it may stand before or behind the workload. */
const targetOf = (command: Command, { pid }: Options): BenchTarget => ({
  ...address(command.optsWithGlobals<GlobalOptions>().bootstrapServer ?? '127.0.0.1'),
  processId: pid === undefined ? undefined : Number(pid),
})

function show({ workload, parameters, figures }: BenchResult): string {
  const set = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  const lines = Object.entries(figures).map(
    ([name, value]) =>
      `  ${name.padEnd(28)} ${value === undefined ? '-' : value.toLocaleString('en')}`,
  )
  return `${workload} ${set.join(' ')}\n${lines.join('\n')}\n`
}

/** Runs `work`; a failure that is not ours is one sentence and exit code 1. */
async function orComplain(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const known = error instanceof BenchError || (error as NodeJS.ErrnoException).code !== undefined
    if (!known) throw error
    process.stderr.write(`ottla bench: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

function withTarget(command: Command): Command {
  return command
    .option('--pid <number>', "the broker's process, to tell its CPU time and memory")
    .option('--json', 'print one JSON object')
}

function workloadCommand(one: Workload<any>): Command {
  const defaults = Object.entries(one.defaults).map(([name, value]) => `  ${name}=${value}`)
  return withTarget(new Command(one.name).description(one.description))
    .option('--small', 'the size that ends within a second')
    .argument('[name=value...]', 'parameters', assignment, [])
    .addHelpText('after', `\nParameters and their defaults:\n${defaults.join('\n')}`)
    .action((_: unknown, options: Options, command: Command) =>
      orComplain(async () => {
        const given = Object.fromEntries(command.processedArgs[0] ?? [])
        const all = { ...(options.small ? one.small : {}), ...given }
        const result = await runWorkload(one, targetOf(command, options), all)
        process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : show(result))
      }),
    )
}

/** Starts a broker of its own under Node's profiler, loads it, and stops it. */
function profileCommand(): Command {
  return new Command('profile')
    .description('write a CPU profile of a broker under a workload')
    .argument('<workload>')
    .argument('[name=value...]', 'parameters', assignment, [])
    .option('-o, --output <dir>', 'where the .cpuprofile goes', '.')
    .action((name: string, _: unknown, options: { output: string }, command: Command) =>
      orComplain(async () => {
        const one = workloads.get(name)
        if (one === undefined) {
          throw new BenchError(`No workload ${name}; there are ${[...workloads.keys()].join(', ')}`)
        }
        const scratch = scratchDirectory()
        const profiler = ['--cpu-prof', `--cpu-prof-dir=${resolve(options.output)}`]
        try {
          const daemon = await startDaemon(resolve(process.argv[1]!), scratch.dir, {}, profiler)
          const given = Object.fromEntries(command.processedArgs[1] ?? [])
          const result = await runWorkload(one, daemon, given).finally(() => daemon.stop())
          process.stdout.write(`${show(result)}the profile is in ${resolve(options.output)}\n`)
        } finally {
          scratch.remove()
        }
      }),
    )
}

/** Adds `bench` with one command for each workload. */
export function registerBench(program: Command): void {
  const bench = new Command('bench').description('Load a broker and measure it')
  for (const one of workloads.values()) bench.addCommand(workloadCommand(one))
  bench.addCommand(profileCommand())
  bench.addCommand(
    failoverCommand(orComplain, (figures, { json, kind, kills, brokers, rate, partitions }) => {
      const parameters = { kind, kills, brokers, rate, partitions }
      const result = { workload: 'failover', parameters, figures }
      process.stdout.write(json ? `${JSON.stringify(result)}\n` : show(result))
    }),
  )
  program.addCommand(bench)
}
