/** `ottla broker`: runs a node from a properties file, the environment, flags, or nothing. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Command, CommanderError } from 'commander'
import { BrokerConfig } from '../../broker/config/broker-config.ts'
import { ConfigError } from '../../broker/config/value.ts'
import type { Env, LogLevel } from '../../env/env.ts'
import { nodeEnv } from '../../env/node.ts'
import { type BrokerFlags, brokerInputs } from '../broker-inputs.ts'
import { explain } from '../failure.ts'
import { boundHeap } from '../heap.ts'
import { banner, calledAs, type RunningNode, startedLine, untilStopped } from '../running-broker.ts'
import { version } from '../version.ts'

export type StartNode = (env: Env, config: BrokerConfig) => Promise<RunningNode>

interface Options extends BrokerFlags {
  readonly config: readonly string[]
  readonly printConfig?: boolean
  readonly checkConfig?: boolean
}

const help = `
What a broker shall be is said, from the weakest to the strongest, by
  1. Kafka's defaults, except that Ottla listens on 127.0.0.1:9092 alone and keeps its data
     in ./ottla-data
  2. properties files as Kafka reads them: server.properties, then each --config FILE
  3. the environment as the apache/kafka image reads it: KAFKA_LOG_RETENTION_MS is
     log.retention.ms, __ stands for _, ___ for -; CLUSTER_ID is the cluster's id
  4. --override name=value, --data-dir, --port, --coordinator

Examples:
  ottla broker                                     one node, for trying out
  ottla broker --port 0 --data-dir /tmp/ottla      at any free port
  ottla broker server.properties --override num.partitions=3
  ottla broker server.properties --print-config    each value, and who gave it
  ottla broker --override listeners=PLAINTEXT://0.0.0.0:9092 \\
    --override advertised.listeners=PLAINTEXT://kafka.example.com:9092
                                                   for others on the network, unprotected

Signals: SIGTERM and Ctrl-C stop it cleanly (exit code 0), a second one at once (143, 130);
before it has started SIGTERM ends it with 0, Ctrl-C with 130;
SIGUSR2 prints what is going on. It exits with 1 when it cannot start, 2 for a wrong command line.`

export function brokerCommand(start: StartNode, world: NodeJS.Process = process): Command {
  const collect = (value: string, all: string[]) => [...all, value]
  return new Command('broker')
    .exitOverride()
    .description('Run a broker')
    .argument('[server.properties]', "a file in the form of Kafka's server.properties")
    .option('--config <file>', 'another properties file, read after the first', collect, [])
    .option(
      '--override <name=value>',
      'one configuration, stronger than files and environment',
      collect,
      [],
    )
    .option('--data-dir <dir>', 'where the data lies (log.dirs)')
    .option('--port <number>', 'port of the first listener; 0 takes any free one')
    .option('--coordinator <host:port>', 'join the coordinator there (coordinator.servers)')
    .option('--print-config', 'print each value with who gave it, and exit')
    .option('--check-config', 'tell whether the configuration can be used, and exit')
    .version(version, '--version')
    .addHelpText('after', help)
    .action(async (file: string | undefined, options: Options) => {
      world.exitCode = await run(start, world, file, options)
      if (!options.printConfig && !options.checkConfig) world.exit()
    })
}

async function run(
  start: StartNode,
  world: NodeJS.Process,
  file: string | undefined,
  options: Options,
): Promise<number> {
  const complain = (line: string) => void world.stderr.write(`ottla broker: ${line}\n`)
  try {
    const config = configOf(world, file, options)
    if (options.printConfig) {
      print(world, config.print())
      return 0
    }
    for (const warning of config.warnings) complain(warning)
    if (options.checkConfig) {
      print(world, 'The configuration can be used.\n')
      return 0
    }
    return await serve(start, world, config, complain)
  } catch (error) {
    complain(sentence(error))
    return 1
  }
}

/** Output that cannot be written is told in a sentence; a reader that went away (`| head`) is no fault. */
function print(world: NodeJS.Process, text: string): void {
  world.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    world.stderr.write(`ottla: ${explain(error, false)}\n`)
    world.exit(1)
  })
  world.stdout.write(text)
}

function configOf(world: NodeJS.Process, file: string | undefined, options: Options): BrokerConfig {
  const paths = [...(file === undefined ? [] : [file]), ...options.config]
  const files = paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }))
  const { given, alone } = brokerInputs(files, world.env, options)
  return new BrokerConfig(given, { hostName: hostname(), alone })
}

async function serve(
  start: StartNode,
  world: NodeJS.Process,
  config: BrokerConfig,
  complain: (line: string) => void,
): Promise<number> {
  // A reader that went away (`| head`) does not end a broker.
  for (const stream of [world.stdout, world.stderr]) stream.on('error', () => {})
  // It serves nobody yet, and may wait for its coordinator for ever: there is nothing to hand over.
  const interrupted = () => world.exit(130)
  const terminated = () => world.exit(0)
  world.once('SIGINT', interrupted)
  world.once('SIGTERM', terminated)
  const env = nodeEnv({ level: logLevel(world.env) })
  const node = await start(env, config)
  world.off('SIGINT', interrupted)
  world.off('SIGTERM', terminated)
  // Not before: what a start makes would be collected over and over.
  const bound = boundHeap(env)
  try {
    const stopped = untilStopped(node, world, complain)
    world.stdout.write(`${startedLine(config.nodeId)}\n`)
    // Who types `npm start` wants to be told, through npm's pipe too.
    if (world.stdout.isTTY || world.env['npm_lifecycle_event'] === 'start')
      world.stdout.write(`${banner(config, node, calledAs(world.argv[1] ?? '', world.cwd()))}\n`)
    return await stopped
  } finally {
    bound.cancel()
  }
}

/** As the apache/kafka image takes it. */
function logLevel({ KAFKA_LOG4J_ROOT_LOGLEVEL: level = '' }: NodeJS.ProcessEnv): LogLevel {
  const levels: Readonly<Record<string, LogLevel>> = {
    TRACE: 'debug',
    DEBUG: 'debug',
    WARN: 'warn',
    ERROR: 'error',
    FATAL: 'error',
    OFF: 'silent',
  }
  return levels[level.toUpperCase()] ?? 'info'
}

/** One sentence for people about what kept a broker from starting. */
export function sentence(error: unknown): string {
  if (error instanceof ConfigError || error instanceof CommanderError) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, path, address, port } = error as NodeJS.ErrnoException & {
    address?: string
    port?: number
  }
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is taken by another process; --port takes another one`
  if (code === 'EADDRNOTAVAIL') return `${address} is no address of this machine`
  if (code === 'EACCES' && port !== undefined)
    return `Port ${port} of ${address} may not be used: low ports are for privileged users`
  if (code === 'ENOENT') return `There is no file ${path}`
  if (code === 'EACCES' || code === 'EPERM') return `${path} may not be read or written`
  if (code === 'EISDIR') return `${path} is a directory, not a properties file`
  if (code === 'ENOSPC') return `The disk is full${path ? `: ${path}` : ''}`
  return error.message
}
