/** The tree of commands: global options, help, and how errors end. */
import { Command, CommanderError, Option } from 'commander'
import { seconds } from './arguments.ts'
import { commands } from './commands.ts'
import { commandName } from './dispatch.ts'
import { ClosedPipe, explain, Failure } from './failure.ts'
import { nearest } from './nearest.ts'
import { Output, wantsColor } from './output.ts'
import { version } from './version.ts'

/** Options that every command takes, before or behind its name. */
export interface GlobalOptions {
  readonly bootstrapServer?: string
  readonly property?: readonly string[]
  readonly configFile?: readonly string[]
  readonly commandConfig?: string
  readonly profile?: string
  readonly format?: 'table' | 'json' | 'kafka'
  readonly headers?: boolean
  readonly color?: 'auto' | 'always' | 'never'
  readonly timeout?: number
  readonly quiet?: boolean
  readonly debug?: boolean
}

const collect = (value: string, before: readonly string[] = []) => [...before, value]

export function createProgram(): Command {
  const program = new Command('ottla')
    .description('A Kafka-compatible message broker, and the command line for any Kafka')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({ writeOut: printNow })
  program
    .option('-b, --bootstrap-server <host:port,…>', 'brokers to start from (default port 9092)')
    .option('-X, --property <name=value>', 'a property, by librdkafka or Java name', collect)
    .option('-F, --config-file <path>', 'a file of properties', collect)
    .option('--command-config <path>', "the same, by the name Kafka's tools have for it")
    .option('--profile <name>', 'a profile of ottla.conf')
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'kafka']))
    .option('--no-headers', 'tables without their first line')
    .addOption(new Option('--color <when>', 'use colours').choices(['auto', 'always', 'never']))
    .option('--timeout <seconds>', 'give up after this time', seconds)
    .option('-q, --quiet', 'no messages, only data and errors')
    .option('--debug', 'show where an error comes from')
  return program
}

/** Through Output, which knows closed pipes and full disks. */
function printNow(text: string): void {
  const out = new Output()
  out.text(text)
  out.flush()
}

/** Commands that were made apart print and fail as those made by the program do. */
function inheritOutput(command: Command, program: Command): void {
  command.configureOutput(program.configureOutput()).exitOverride().showSuggestionAfterError()
  for (const child of command.commands) inheritOutput(child, program)
}

const kcatNote = `
kcat's options work as in kcat: ottla -C -b HOST -t TOPIC, see ottla kcat -h.
A link to this program with the name kcat takes kcat's options alone.

Examples:
  ottla broker                              run a one-node cluster on 127.0.0.1:9092
  ottla topics create orders --partitions 3
  echo hello | ottla produce orders
  ottla consume orders --from-beginning
`

/** With every command loaded: for completion and the manual. */
export async function wholeProgram(): Promise<Command> {
  const program = createProgram()
  for (const entry of commands) (await entry.load())(program, wholeProgram)
  return program
}

export async function runTree(args: readonly string[]): Promise<void> {
  const program = createProgram()
  const debug = args.includes('--debug')
  try {
    const name = commandName(args)
    const asked = name === 'help' ? args[args.indexOf('help') + 1] : name
    const entry = commands.find(
      (item) => item.name === asked || item.aliases?.includes(asked ?? ''),
    )
    if (entry) {
      ;(await entry.load())(program, wholeProgram)
      for (const command of program.commands) inheritOutput(command, program)
    } else if (asked !== undefined) throw unknownCommand(asked)
    else addOverview(program)
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = exitCodeOf(error, debug)
  }
}

function unknownCommand(name: string): Failure {
  const names = commands.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])])
  const near = nearest(name, names)
  return new Failure(
    `There is no command "${name}"${near ? `, did you mean "${near}"?` : ': see ottla --help'}`,
    2,
  )
}

/** For the help alone: names and summaries, no module is loaded. */
function addOverview(program: Command): void {
  for (const { name, summary, section } of commands)
    program.addCommand(new Command(name).description(summary).helpGroup(`${section}:`))
  program.addHelpText('after', kcatNote)
  program.action(() => program.outputHelp())
}

function exitCodeOf(error: unknown, debug: boolean): number {
  if (error instanceof ClosedPipe) return 0
  // commander has said it already: 0 after help and version, else the command line is wrong.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const text = explain(error, debug)
  const red = wantsColor(process.stderr, undefined) ? ['\x1b[31m', '\x1b[39m'] : ['', '']
  process.stderr.write(`${red[0]}ottla: ${text}${red[1]}\n`)
  return error instanceof Failure ? error.exitCode : 1
}
