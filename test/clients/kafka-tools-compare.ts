/**
 * Runs the same command lines of Kafka's own tools against Ottla and against a real Kafka and compares
 * what they print and how they exit: ids, times, addresses and the order of lines aside.
 *
 *   npm run build && npx tsx test/clients/kafka-tools-compare.ts [--only TEXT] [--show] [--self]
 *
 * About 8 minutes on two cores, because each line starts a Java machine twice. Exits with 1 when a line
 * differs that is not marked to differ, or is marked and does not. `--self` compares Kafka with Kafka: what
 * differs then is not comparable.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ToolCommand, toolCommands } from './kafka-tools-commands.ts'
import { start } from './process.ts'
import { startTargetOf, type Target } from './target.ts'
import { realKafka } from './tools.ts'

const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, show: { type: 'boolean' }, self: { type: 'boolean' } },
})

/** What both are started with, so that they have the same to show. */
const settings = { 'broker.rack': 'here', 'log.retention.hours': '100' }
const scratch = mkdtempSync(join(tmpdir(), 'kafka-tools-'))
let files = 0

interface Result {
  readonly exitCode: number | string
  readonly lines: readonly string[]
}

async function runTool({ tool, args, input }: ToolCommand, target: Target): Promise<Result> {
  const given = args.map((arg) => (arg.startsWith('FILE:') ? fileOf(arg.slice(5)) : arg))
  const [first = '', ...rest] = given
  // Tools with subcommands want the address behind them, `class` behind the class.
  const bootstrap = ['--bootstrap-server', target.bootstrap]
  const isClass = tool === 'class'
  const all = [
    ...(isClass ? [first, ...bootstrap, ...rest] : []),
    ...(!isClass && tool === 'cluster' ? [...given, ...bootstrap] : []),
    ...(!isClass && tool !== 'cluster' ? [...bootstrap, ...given] : []),
  ]
  const running = start(realKafka, [tool, ...all], { KAFKA_TOOL_HEAP: '128m' })
  running.child.stdin?.write(input ?? '')
  const exitCode = await running.finish(90_000)
  const lines = [...running.lines, ...running.stderr().split('\n')]
  return { exitCode, lines: lines.flatMap((line) => plain(line, target)).sort() }
}

function fileOf(content: string): string {
  files += 1
  const path = join(scratch, `${files}.json`)
  writeFileSync(path, content)
  return path
}

/** A line without what differs from run to run; none for stack traces and times. */
function plain(line: string, target: Target): string[] {
  if (/^\s+(at |\.\.\. \d+ more)|^\s*$/.test(line)) return []
  const text = line
    .replace(/^\[[\d\-: ,]+\]\s*/, '')
    .replaceAll(target.bootstrap, 'ADDRESS')
    .replace(/127\.0\.0\.1(\s+)\d{4,5}\b/g, '127.0.0.1$1PORT')
    .replaceAll(`127.0.0.1:${target.port + 1}`, 'CONTROLLER')
    .replace(/TopicId: \S{22}/g, 'TopicId: ID')
    .replace(/(Cluster ID: |ClusterId:\s+)\S+/g, '$1ID')
    .replace(/Epoch: \d+/g, 'Epoch: N')
    .replace(/\/tmp\/\S*?(data1?)\b/g, 'DIR')
    .replace(/\s+/g, ' ')
    .trim()
  if (text.startsWith('{'))
    return [
      text
        .split(/(?=\{)/)
        .map((part) => part.replace(/[,\]}]+$/, ''))
        .sort()
        .join(''),
    ]
  if (text.startsWith('Configs for') || !/ synonyms=\{/.test(text)) return [text]
  return notComparable.some((name) => text.startsWith(`${name}=`)) ? [] : [text]
}

/** What cannot be the same: where each listens and keeps its data, and how Kafka finds its quorum. */
const notComparable = [
  'advertised.listeners',
  'controller.quorum.voters',
  'inter.broker.listener.name',
  'listener.security.protocol.map',
  'listeners',
  'log.dirs',
]

function difference(kafka: Result, ottla: Result): string[] {
  const only = (these: readonly string[], those: readonly string[]) => {
    const left = [...those]
    return these.filter((line) => {
      const at = left.indexOf(line)
      if (at >= 0) left.splice(at, 1)
      return at < 0
    })
  }
  return [
    ...(kafka.exitCode === ottla.exitCode
      ? []
      : [`  - exit code ${kafka.exitCode}`, `  + exit code ${ottla.exitCode}`]),
    ...only(kafka.lines, ottla.lines).map((line) => `  - ${line}`),
    ...only(ottla.lines, kafka.lines).map((line) => `  + ${line}`),
  ]
}

async function main(): Promise<number> {
  const ones = {
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
  }
  const kafka = await startTargetOf('kafka', { ...ones, ...settings })
  const ottla = flags.self
    ? await startTargetOf('kafka', { ...ones, ...settings })
    : await startTargetOf('ottla', { 'default.replication.factor': '1', ...settings })
  let wrong = 0
  let same = 0
  try {
    for (const command of toolCommands) {
      const title = [command.tool, ...command.args].join(' ')
      if (flags.only && !title.includes(flags.only)) continue
      const [theirs, ours] = await Promise.all([runTool(command, kafka), runTool(command, ottla)])
      const lines = difference(theirs, ours)
      const fine =
        lines.length === 0 ? command.differs === undefined : command.differs !== undefined
      if (fine) same += 1
      else wrong += 1
      const verdict = lines.length === 0 ? 'same' : fine ? `differs: ${command.differs}` : 'DIFFERS'
      console.log(`${verdict.padEnd(8)} ${title}`)
      if (!fine || flags.show) console.log(lines.join('\n'))
    }
  } finally {
    await Promise.all([kafka.remove(), ottla.remove()])
    rmSync(scratch, { recursive: true, force: true })
  }
  console.log(`${same} as expected, ${wrong} not`)
  return wrong === 0 ? 0 : 1
}

process.exitCode = await main()
