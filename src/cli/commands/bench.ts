/** `ottla bench`: loads a broker, Ottla's or any Kafka's, and tells what it did. */
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { BenchResult } from '../bench/bench-result.ts'
import { BenchError, type BenchTarget } from '../bench/bench-target.ts'
import { program, scratchDirectory, startDaemon } from '../bench/daemon.ts'
import { ownWorkloads } from '../bench/own-broker.ts'
import { parametersOf, runWorkload, type Value, type Workload } from '../bench/workload.ts'
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
  const [, host = first, port = '9092'] = /^(.+):([^:]*)$/.exec(first) ?? []
  if (!(Number(port) > 0 && Number(port) < 65_536))
    throw new BenchError(`"${first}" is no address: the port is a number from 1 to 65535`)
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

/** Runs with a bar of the time that has passed, on a terminal. */
async function shown<T>(
  one: Workload<any>,
  given: Readonly<Record<string, Value | undefined>>,
  run: () => Promise<T>,
): Promise<T> {
  const { warmUpMs = 0, durationMs = 0 } = parametersOf(one, given)
  const totalMs = Number(warmUpMs) + Number(durationMs)
  if (process.stderr.isTTY !== true || totalMs === 0) return run()
  const { SingleBar, Presets } = await import('cli-progress')
  const bar = new SingleBar(
    { format: `${one.name} {bar} {value}/{total} s`, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  )
  const startMs = performance.now()
  bar.start(Math.ceil(totalMs / 1000), 0)
  const timer = setInterval(() => bar.update(Math.floor((performance.now() - startMs) / 1000)), 250)
  try {
    return await run()
  } finally {
    clearInterval(timer)
    bar.stop()
  }
}

function workloadCommand(one: Workload<any>): Command {
  const defaults = Object.entries(one.defaults).map(([name, value]) => `  ${name}=${value}`)
  return withTarget(new Command(one.name).description(one.description))
    .option('--small', 'the size that ends within a second')
    .argument('[name=value...]', 'parameters', assignment, [])
    .addHelpText(
      'after',
      `\nParameters and their defaults:\n${defaults.join('\n')}\n\nExamples:\n  ottla bench ${one.name} --small\n  ottla bench ${one.name} ${defaults[0]?.trim() ?? ''}`,
    )
    .action((_: unknown, options: Options, command: Command) =>
      orComplain(async () => {
        const given = Object.fromEntries(command.processedArgs[0] ?? [])
        const all = { ...(options.small ? one.small : {}), ...given }
        const target = targetOf(command, options)
        const result = await shown(one, all, () => runWorkload(one, target, all))
        process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : show(result))
      }),
    )
}

/** Starts a broker of its own under Node's profiler, loads it, and stops it. */
function profileCommand(): Command {
  return new Command('profile')
    .description('write a CPU profile of a broker under a workload')
    .argument('<workload>', 'one of those of `ottla bench`')
    .argument('[name=value...]', 'parameters', assignment, [])
    .option('-o, --output <dir>', 'where the .cpuprofile goes', '.')
    .addHelpText('after', '\nExample:\n  ottla bench profile produce batchBytes=1024 --output /tmp')
    .action((name: string, _: unknown, options: { output: string }, command: Command) =>
      orComplain(async () => {
        const one = workloads.get(name)
        if (one === undefined) {
          throw new BenchError(`No workload ${name}; there are ${[...workloads.keys()].join(', ')}`)
        }
        const scratch = scratchDirectory()
        const profiler = ['--cpu-prof', `--cpu-prof-dir=${resolve(options.output)}`]
        try {
          const daemon = await startDaemon(program(), scratch.dir, {}, profiler)
          const given = Object.fromEntries(command.processedArgs[1] ?? [])
          const result = await runWorkload(one, daemon, given).finally(() => daemon.stop())
          process.stdout.write(`${show(result)}the profile is in ${resolve(options.output)}\n`)
        } finally {
          scratch.remove()
        }
      }),
    )
}

const examples = `
Each workload creates its topic, removes it in the end, and tells beside its figures what this program used of
the processor (generatorCpuShare), and, with --pid, the broker. Topics are named bench-…; topic=NAME changes that.

Examples:
  ottla bench produce -b kafka:9092 batchBytes=65536 codec=lz4     as fast as it takes them
  ottla bench latency ratePerSecond=1000 durationMs=60000          percentiles to 99.99 at a fixed rate
  ottla bench consume fetchBytes=1048576 connections=4
  ottla bench produce --small                                      whether it works at all, in a second
  ottla bench profile produce batchBytes=1024                      a CPU profile of a broker of its own
  ottla bench start-up runs=10                                     starts brokers of its own`

/** Adds `bench` with one command for each workload. */
export function registerBench(program: Command): void {
  const bench = new Command('bench')
    .description('Load a broker and measure it')
    .addHelpText('after', examples)
  for (const one of [...workloads.values(), ...ownWorkloads]) bench.addCommand(workloadCommand(one))
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
