/**
 * The same command lines of Kafka's own tools against Ottla and against a real Kafka: what they
 * print and how they exit, with ids, times, addresses and the order of lines aside. The lines build
 * on each other (kafka-tools-commands.ts), so all of them run, in their order.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sameText, type ToolCommand, toolCommands } from './kafka-tools-commands.ts'
import { cornerCommands } from './kafka-tools-corners.ts'
import { run } from './process.ts'
import { startTargetOf, type Target } from './target.ts'
import { startToolRunner, type ToolRunner } from './tool-runner.ts'
import { repository } from './tools.ts'

/** What both are started with, so that they have the same to show. */
const settings = { 'broker.rack': 'here', 'log.retention.hours': '100' }
const ones = {
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
}

interface Side {
  readonly target: Target
  readonly runner: ToolRunner
}

interface Result {
  readonly exit: number
  readonly lines: readonly string[]
}

const scratch = mkdtempSync(join(tmpdir(), 'kafka-tools-'))
let files = 0
let kafka: Side
let ottla: Side

beforeAll(async () => {
  const kafkaTarget = startTargetOf('kafka', { ...ones, ...settings })
  const own = { 'default.replication.factor': '1', ...settings }
  const ottlaTarget = startTargetOf('ottla', own)
  kafka = { target: await kafkaTarget, runner: startToolRunner() }
  ottla = { target: await ottlaTarget, runner: startToolRunner() }
})
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true })
  for (const side of [kafka, ottla]) {
    await side?.runner.close()
    await side?.target.remove()
  }
})

async function runTool(command: ToolCommand, { target, runner }: Side): Promise<Result> {
  const { tool, input } = command
  const given = command.args.map((arg) => {
    if (arg.startsWith('FILE:')) return fileOf(arg.slice(5))
    return arg.startsWith('CSV:') ? fileOf(`${arg.slice(4).replaceAll('|', '\n')}\n`) : arg
  })
  const bootstrap = ['--bootstrap-server', target.bootstrap]
  // Tools with subcommands want the address behind them.
  const args = tool === 'cluster' ? [...given, ...bootstrap] : [...bootstrap, ...given]
  const { exit, out, err } = await runner.run(tool, args, input)
  const lines = `${out}\n${err}`.split('\n').flatMap((line) => plain(line, target))
  return { exit, lines: lines.sort() }
}

function fileOf(content: string): string {
  files += 1
  const path = join(scratch, `${files}.json`)
  writeFileSync(path, content)
  return path
}

/** A line without what differs from run to run; none for stack traces and the client's log. */
function plain(line: string, target: Target): string[] {
  if (/^\s+(at |\.\.\. \d+ more)|^\s*$|^\[[\d\-: ,]+\] [A-Z]+ /.test(line)) return []
  // Some tools catch the error by which the runner notes that they wanted to exit, and show it.
  if (/^(ToolRunner\$Exited: )?exit$/.test(line)) return []
  const text = line
    .replaceAll(target.bootstrap, 'ADDRESS')
    .replace(/127\.0\.0\.1(\s+)\d{4,5}\b/g, '127.0.0.1$1PORT')
    .replaceAll(`127.0.0.1:${target.port + 1}`, 'CONTROLLER')
    .replace(/TopicId: \S{22}/g, 'TopicId: ID')
    .replace(/(Cluster ID: |ClusterId:\s+)\S+/g, '$1ID')
    .replace(/Epoch: \d+/g, 'Epoch: N')
    .replace(/\b1\d{12}\b/g, 'TIME')
    // Records of one batch have deltas of time, which are longer on a slow machine.
    .replace(/"size":[1-9]\d*/g, '"size":SOME')
    .replace(/\/tmp\/\S*?(data1?)\b/g, 'DIR')
    .replace(/\s+/g, ' ')
    .trim()
  if (text.startsWith('{')) {
    const parts = text.split(/(?=\{)/).map((part) => part.replace(/[,\]}]+$/, ''))
    return [parts.sort().join('')]
  }
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

/**
 * What Kafka prints. Its brokers may answer from metadata that lag behind a change that they have confirmed (ours
 * never do), so where it only shows something and differs, it is asked again for a while.
 */
async function settled(command: ToolCommand, ours: Result): Promise<Result> {
  const onlyShows = command.args.includes('--describe') || command.args.includes('--list')
  const patientUntil = Date.now() + 10_000
  for (;;) {
    const theirs = await runTool(command, kafka)
    const isFinal = !onlyShows || command.differs !== undefined || isDeepStrictEqual(ours, theirs)
    if (isFinal || Date.now() > patientUntil) return theirs
  }
}

for (const command of [...toolCommands, ...cornerCommands]) {
  const line = [command.tool, ...command.args].join(' ')
  const title = command.differs === undefined ? line : `${line} differs: ${command.differs}`
  test(title, async () => {
    const ours = await runTool(command, ottla)
    const theirs = await settled(command, ours)
    if (command.differs === undefined) expect(ours).toEqual(theirs)
    else expect(ours).not.toEqual(theirs)
  })
}

test('ottla prints the text of Kafka tools with --format kafka', async () => {
  const group = ['--topic', 'data', '--group', 'shown', '--from-beginning', '--max-messages', '1']
  await runTool({ tool: 'console-consumer', args: [...group, '--timeout-ms', '20000'] }, ottla)
  for (const [tool, line] of sameText) {
    const theirs = await runTool(tool, ottla)
    const args = [join(repository, 'dist/ottla.js'), ...line.split(' '), '--format', 'kafka']
    const ours = await run(process.execPath, [...args, '-b', ottla.target.bootstrap])
    const lines = `${ours.stdout}\n${ours.stderr}`
      .split('\n')
      .flatMap((text) => plain(text, ottla.target))
    expect([line, lines.sort()]).toEqual([line, theirs.lines])
  }
})
