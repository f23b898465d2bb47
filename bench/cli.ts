/**
 * The command line beside kcat and Java's console tools, against one broker of ours:
 *
 *     npm run build && npx tsx bench/cli.ts [--records 1000000] [--runs 5] [--broker HOST:PORT] [--results]
 *
 * From the start of the process to its first byte of output, and records a second from a file into
 * a topic and from a topic to /dev/null, with the start of the process. The tools take turns.
 * `--results` puts the table into RESULTS.md.
 */
import { spawn } from 'node:child_process'
import { closeSync, createWriteStream, openSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { scratchDirectory } from '../src/cli/bench/daemon.ts'
import { ottla, realKafka, repository } from './brokers.ts'
import { commitOf, machine } from './machine.ts'
import { writeSection } from './results.ts'
import { isNoisy, type Spread, spreadOf } from './statistics.ts'

const { values: flags } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '5' },
    broker: { type: 'string' },
    results: { type: 'boolean', default: false },
  },
})
const records = Number(flags.records)
const runs = Number(flags.runs)
const valueBytes = 100
const program = join(repository, 'dist', 'ottla.js')

interface Tool {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

interface Row {
  readonly title: string
  readonly unit: 'ms' | 'records/s'
  readonly tools: readonly Tool[]
  readonly input?: string
}

const ours = (...args: string[]): Tool => ({
  ...{ name: `ottla ${args[0]}`, command: process.execPath, args: [program, ...args] },
})
const kcat = (...args: string[]): Tool => ({ name: `kcat ${args[0]}`, command: 'kcat', args })
const node: Tool = {
  ...{
    name: 'node -e, one line',
    command: process.execPath,
    args: ['-e', "console.log('a line')"],
  },
}
const java = (...args: string[]): Tool => ({ name: `${args[0]}`, command: realKafka, args })

function rowsFor(bootstrap: string, file: string): Row[] {
  const at = ['-b', bootstrap]
  const toJava = ['--bootstrap-server', bootstrap]
  const ten = ['-C', '-e', '-q', '-t', 'ten', ...at]
  const all = ['-C', '-e', '-q', '-t', 'many', ...at]
  const count = ['--max-messages', `${records}`, '--timeout-ms', '60000']
  return [
    {
      ...{ title: 'start to first byte of -C -e, ten records', unit: 'ms' },
      // kcat writes to a pipe when it ends, to a terminal, or with -u, at once. Node alone is what no program of it undercuts.
      tools: [ours(...ten), kcat(...ten), { ...kcat(...ten, '-u'), name: 'kcat -C -u' }, node],
    },
    {
      ...{
        title: `produce ${records} lines of ${valueBytes} bytes`,
        unit: 'records/s',
        input: file,
      },
      tools: [
        ours('produce', 'sent-by-produce', '-q', ...at),
        ours('-P', '-t', 'sent-by-p', ...at),
        kcat('-P', '-t', 'sent-by-kcat', ...at),
        java('console-producer', '--topic', 'sent-by-java', ...toJava),
      ],
    },
    {
      ...{ title: `consume ${records} of them to /dev/null`, unit: 'records/s' },
      tools: [
        ours('consume', 'many', '--from-beginning', '--exit', '-q', ...at),
        ours(...all),
        kcat(...all),
        java('console-consumer', '--topic', 'many', '--from-beginning', ...count, ...toJava),
      ],
    },
  ]
}

/** Milliseconds to the first byte and to the end. */
function time({ command, args, name }: Tool, input?: string, watch = false) {
  return new Promise<{ firstMs: number; endMs: number }>((resolve, reject) => {
    const stdin = openSync(input ?? '/dev/null', 'r')
    const start = performance.now()
    const child = spawn(command, args, { stdio: [stdin, watch ? 'pipe' : 'ignore', 'pipe'] })
    let firstMs = Number.NaN
    let said = ''
    child.stdout?.on('data', () => {
      if (Number.isNaN(firstMs)) firstMs = performance.now() - start
    })
    child.stderr?.on('data', (text) => {
      said += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      closeSync(stdin)
      if (code !== 0) reject(new Error(`${name} ended with ${code}: ${said.slice(-2000)}`))
      else resolve({ firstMs, endMs: performance.now() - start })
    })
  })
}

const rounded = (value: number) => Math.round(value).toLocaleString('en')
const shown = ({ median, min, max }: Spread) =>
  `${rounded(median)} (${rounded(min)}–${rounded(max)})`

/** Lines of the table. */
async function measure({ title, unit, tools, input }: Row): Promise<string[]> {
  const figures = tools.map(() => [] as number[])
  for (let run = 0; run < runs; run++)
    for (const [i, tool] of tools.entries()) {
      const { firstMs, endMs } = await time(tool, input, unit === 'ms')
      figures[i]!.push(unit === 'ms' ? firstMs : (records / endMs) * 1000)
    }
  const spreads = figures.map((values) => spreadOf(values)!)
  const kcats = spreads[tools.findIndex(({ command }) => command === 'kcat')]!
  return tools.map(({ name }, i) => {
    const spread = spreads[i]!
    const times = `${(spread.median / kcats.median).toFixed(2)} ×`
    const noise = isNoisy(spread) ? 'too noisy' : ''
    return `| ${[title, name, `${shown(spread)} ${unit}`, times, noise].join(' | ')} |`
  })
}

async function writeLines(path: string, count: number): Promise<void> {
  const stream = createWriteStream(path)
  for (let i = 0; i < count; i++)
    if (!stream.write(`${String(i).padStart(valueBytes, '.')}\n`))
      await new Promise<void>((resolve) => stream.once('drain', () => resolve()))
  await new Promise<void>((resolve) => stream.end(() => resolve()))
}

const scratch = scratchDirectory()
const own = flags.broker === undefined ? await ottla.start() : undefined
const bootstrap = flags.broker ?? `${own!.host}:${own!.port}`
try {
  const [many, ten] = [join(scratch.dir, 'many'), join(scratch.dir, 'ten')]
  await writeLines(many, records)
  await writeLines(ten, 10)
  await time(ours('produce', 'many', '-b', bootstrap), many)
  await time(ours('produce', 'ten', '-b', bootstrap), ten)
  const lines = [
    '| what | tool | median (min–max) | times kcat | noise |',
    '| --- | --- | --- | --- | --- |',
  ]
  for (const row of rowsFor(bootstrap, many)) lines.push(...(await measure(row)))
  console.log(lines.join('\n'))
  if (flags.results) {
    const how = `\`npx tsx bench/cli.ts ${process.argv.slice(2).join(' ')}\` at ${commitOf()}`
    const text = `Machine: ${machine()}; ${how}\n\n${lines.join('\n')}`
    writeSection(join(import.meta.dirname, 'RESULTS.md'), 'command line', text)
  }
} finally {
  await own?.stop()
  scratch.remove()
}
