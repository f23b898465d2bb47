/** `ottla log dump` and `ottla log verify`: look into the files of a log, Ottla's or Kafka's. */
import cliProgress from 'cli-progress'
import { Command } from 'commander'
import { nodeFiles } from '../../env/node-files.ts'
import { type DumpEntry, dumpFile, isDumpable } from '../../log/dump.ts'
import { dumpLine } from '../../log/dump-text.ts'
import { bytesToVerify, type Finding, logsIn, type Verified, verify } from '../../log/verify.ts'
import { Failure } from '../failure.ts'
import { Output } from '../output.ts'

/** What one batch may unpack to: far more than a broker takes. */
const unpackedBytesMax = 1024 * 1024 * 1024

interface DumpFlags {
  readonly records?: boolean
  readonly json?: boolean
}

export function logCommand(output = new Output()): Command {
  const log = new Command('log')
    .description('Look into the files of a log, without a broker')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla log dump data/orders-0/00000000000000000000.log --records\n  ottla log verify data',
    )
  log
    .command('dump')
    .description('Print what is in segments, indexes, snapshots and checkpoints')
    .argument('<file...>', 'files of a log, or directories of partitions')
    .option('--records', 'every record, not only the batches')
    .option('--json', 'one JSON object a line')
    .action((paths: string[], flags: DumpFlags) => dump(paths, flags, output))
    .addHelpText(
      'after',
      `
The lines are those of Kafka's kafka-dump-log. It exits with 1 when something is damaged.

Examples:
  ottla log dump ottla-data/orders-0/00000000000000000000.log --records
  ottla log dump ottla-data/orders-0 --json
  ottla log dump ottla-data/recovery-point-offset-checkpoint`,
    )
  log
    .command('verify')
    .description('Check every batch and index of a partition, or of a data directory')
    .argument('<directory...>', 'data directories (log.dirs) or directories of partitions')
    .option('--json', 'one JSON object for each finding, and one for the sum')
    .action((paths: string[], flags: DumpFlags) => verifyAll(paths, flags, output))
    .addHelpText(
      'after',
      `
Nothing is changed. It exits with 1 when something is wrong, and tells file and position. While
a broker writes to the directory, the end of its logs may look torn.

Examples:
  ottla log verify ottla-data
  ottla log verify /var/lib/kafka/data/orders-0`,
    )
  return log
}

export function registerLog(program: Command): void {
  program.addCommand(logCommand())
}

function dump(paths: readonly string[], { records = false, json }: DumpFlags, output: Output) {
  let damaged = 0
  for (const path of paths.flatMap(filesAt)) {
    if (!json) output.text(`Dumping ${path}\n`)
    for (const entry of dumpFile(nodeFiles, path, { records, unpackedBytesMax })) {
      if (entry.kind === 'damage' || (entry.kind === 'batch' && !entry.batch.isValid)) damaged++
      output.text(`${json ? JSON.stringify({ file: path, ...jsonOf(entry) }) : dumpLine(entry)}\n`)
    }
  }
  output.flush()
  if (damaged > 0) throw new Failure(`${damaged} places are damaged`)
}

function filesAt(path: string): string[] {
  const trimmed = path.replace(/(?<=.)\/+$/, '')
  if (!nodeFiles.stat(trimmed)?.isDirectory) {
    if (!isDumpable(trimmed.slice(trimmed.lastIndexOf('/') + 1)))
      throw new Failure(`${path} is no file of a log`)
    return [trimmed]
  }
  const names = nodeFiles.list(trimmed).filter((it) => !it.isDirectory && isDumpable(it.name))
  if (names.length === 0) throw new Failure(`There are no files of a log in ${path}`)
  return names.map(({ name }) => `${trimmed}/${name}`)
}

/** Keys and values as text where they are text, else in base64. */
function jsonOf(entry: DumpEntry): object {
  switch (entry.kind) {
    case 'batch':
      return { kind: entry.kind, ...entry.batch }
    case 'producer':
      return { kind: entry.kind, ...entry.producer }
    case 'abortedTransaction':
      return { kind: entry.kind, ...entry.transaction }
    case 'record': {
      const { key, value, headers, ...rest } = entry.record
      return {
        kind: entry.kind,
        ...rest,
        ...textOf('key', key),
        ...textOf('value', value),
        headers: headers.map((header) => ({ key: header.key, ...textOf('value', header.value) })),
      }
    }
    default:
      return entry
  }
}

function textOf(name: string, bytes: Buffer | null): object {
  if (bytes === null) return { [name]: null }
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes)
    ? { [name]: text }
    : { [`${name}Base64`]: bytes.toString('base64') }
}

function verifyAll(paths: readonly string[], { json }: DumpFlags, output: Output): void {
  const sum: Verified = { logs: 0, segments: 0, batches: 0, bytes: 0 }
  const directories = paths.map((path) => path.replace(/(?<=.)\/+$/, ''))
  const progress = bar(directories)
  let wrong = 0
  for (const path of directories) {
    if (!nodeFiles.stat(path)) throw new Failure(`There is no directory ${path}`)
    if (logsIn(nodeFiles, path).length === 0) throw new Failure(`There are no logs in ${path}`)
    for (const found of verify(nodeFiles, path, sum, (bytes) => progress?.increment(bytes))) {
      if (!found.isRemark) wrong++
      output.text(`${json ? JSON.stringify(found) : findingLine(found)}\n`)
    }
  }
  progress?.stop()
  output.text(json ? `${JSON.stringify({ ...sum, wrong })}\n` : `${summary(sum)}\n`)
  output.flush()
  if (wrong > 0) throw new Failure(`${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`)
}

/** On a terminal only. */
function bar(directories: readonly string[]): cliProgress.SingleBar | undefined {
  if (process.stderr.isTTY !== true) return undefined
  const total = directories.reduce((sum, path) => sum + bytesToVerify(nodeFiles, path), 0)
  const made = new cliProgress.SingleBar({
    format: '{bar} {percentage} %  {value}/{total} bytes  {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
    noTTYOutput: false,
  })
  made.start(total, 0)
  return made
}

function findingLine({ path, position, problem, isRemark }: Finding): string {
  const place = position === undefined ? path : `${path}:${position}`
  return `${place}: ${isRemark ? `note: ${problem}` : problem}`
}

function summary({ logs, segments, batches, bytes }: Verified): string {
  const all = { logs, segments, batches, bytes }
  return Object.entries(all)
    .map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
    .join(', ')
}
