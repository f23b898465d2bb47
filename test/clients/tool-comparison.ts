/** Running a Kafka tool against one side of a comparison, and what of its output has to be the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { ToolCommand } from './kafka-tools-commands.ts'
import type { ToolRunner } from './tool-runner.ts'

export interface Side {
  /** Of the first broker. */
  readonly bootstrap: string
  /** Addresses, and what is shown in their place. */
  readonly addresses: ReadonlyMap<string, string>
  readonly runner: ToolRunner
}

export interface Result {
  readonly exit: number
  readonly lines: readonly string[]
}

const scratch = mkdtempSync(join(tmpdir(), 'kafka-tools-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
let files = 0

export async function runTool(command: ToolCommand, side: Side): Promise<Result> {
  const { bootstrap, runner } = side
  const { tool, input } = command
  const given = command.args.map((arg) => {
    if (arg.startsWith('FILE:')) return fileOf(arg.slice(5))
    return arg.startsWith('CSV:') ? fileOf(`${arg.slice(4).replaceAll('|', '\n')}\n`) : arg
  })
  const at = ['--bootstrap-server', bootstrap]
  // Tools with subcommands want the address behind them.
  const args = tool === 'cluster' ? [...given, ...at] : [...at, ...given]
  const { exit, out, err } = await runner.run(tool, args, input)
  const lines = `${out}\n${err}`.split('\n').flatMap((line) => plain(line, side))
  return { exit, lines: lines.sort() }
}

function fileOf(content: string): string {
  files += 1
  const path = join(scratch, `${files}.json`)
  writeFileSync(path, content)
  return path
}

/** A line without what differs from run to run; none for stack traces and the client's log. */
export function plain(line: string, { addresses }: Pick<Side, 'addresses'>): string[] {
  if (/^\s+(at |\.\.\. \d+ more)|^\s*$|^\[[\d\-: ,]+\] [A-Z]+ /.test(line)) return []
  // Some tools catch the error by which the runner notes that they wanted to exit, and show it.
  if (/^(ToolRunner\$Exited: )?exit$/.test(line)) return []
  let text = line
  for (const [address, shown] of addresses) text = text.replaceAll(address, shown)
  text = text
    .replace(/127\.0\.0\.1(\s+)\d{4,5}\b/g, '127.0.0.1$1PORT')
    .replace(/TopicId: \S{22}/g, 'TopicId: ID')
    .replace(/(Cluster ID: |ClusterId:\s+)\S+/g, '$1ID')
    .replace(/Epoch: \d+/g, 'Epoch: N')
    .replace(/\b1\d{12}\b/g, 'TIME')
    // Records of one batch have deltas of time, which are longer on a slow machine.
    .replace(/"size":[1-9]\d*/g, '"size":SOME')
    .replace(/\/tmp\/[^\s"]*?(data\d?|broker-\d)\b/g, 'DIR')
    // Kafka's is a set, in an order that says nothing.
    .replace(/(?<=\bIsr: )[\d,]+/, (ids) => ids.split(',').sort().join(','))
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
export async function settled(command: ToolCommand, ours: Result, kafka: Side): Promise<Result> {
  const onlyShows = command.args.includes('--describe') || command.args.includes('--list')
  const patientUntil = Date.now() + 40_000
  for (;;) {
    const theirs = await runTool(command, kafka)
    const isFinal = !onlyShows || command.differs !== undefined || isDeepStrictEqual(ours, theirs)
    if (isFinal || Date.now() > patientUntil) return theirs
  }
}
