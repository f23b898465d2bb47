/**
 * Runs the same command lines through Debian's kcat and through `ottla` against one broker, and
 * compares standard output, exit code and the lines of standard error.
 *
 *     npm run build && npx tsx test/clients/kcat-compare.ts HOST:PORT [words in the case]
 *
 * Exit code 1 when something differs that is not listed with a reason in kcat-cases.ts.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTopics } from '../../src/client/admin/topics.ts'
import { parseEndpoints } from '../../src/client/client-options.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { type KcatCase, kcatCases } from './kcat-cases.ts'

const [bootstrap = '127.0.0.1:9092', ...filter] = process.argv.slice(2)
const run = Date.now().toString(36)
const seed = `seed-${run}`
const packed = `packed-${run}`
const directory = mkdtempSync(join(tmpdir(), 'kcat-compare-'))
const bundle = join(import.meta.dirname, '../../dist/ottla.js')
/** A case that takes longer hangs. */
const caseMs = 20_000

interface Result {
  readonly stdout: Buffer
  readonly stderr: string[]
  readonly exit: number | null
}

async function prepare(): Promise<void> {
  writeFileSync(join(directory, 'lines.txt'), 'one\ntwo\n\nthree')
  writeFileSync(join(directory, 'one.txt'), 'a whole\nfile\n')
  writeFileSync(join(directory, 'two.txt'), 'second')
  writeFileSync(join(directory, 'kcat.conf'), `# a comment\n bootstrap.servers=${bootstrap} \n`)
  const cluster = new Cluster(nodeEnv(), { bootstrap: parseEndpoints(bootstrap) })
  await createTopics(cluster, [
    { name: seed, partitions: 2, replicationFactor: 1 },
    { name: packed, partitions: 1, replicationFactor: 1 },
  ])
  const producer = new Producer(cluster)
  const send = (
    topic: string,
    partition: number,
    key: Buffer | string | null,
    value: Buffer | string | null,
    timestampMs: number,
    headers = false,
  ) =>
    producer.send({
      topic,
      partition,
      key,
      value,
      timestampMs,
      headers: headers
        ? [
            { key: 'h1', value: Buffer.from('a') },
            { key: 'h2', value: null },
            { key: 'h3', value: Buffer.alloc(0) },
          ]
        : [],
    })
  await send(seed, 0, 'k1', 'v1', 1_700_000_000_000, true)
  await send(seed, 0, null, 'no key', 1_700_000_000_001)
  await send(seed, 0, 'tombstone', null, 1_700_000_000_002)
  await send(seed, 0, '', '', 1_700_000_000_003)
  await send(seed, 0, 'control', 'tab\t quote" back\\ \u0001 \u001f é 😀 /', 1_700_000_000_004)
  await send(seed, 0, 'binary', Buffer.from([0xff, 0xfe, 0x41]), 1_700_000_000_005)
  for (let i = 0; i < 5; i++) await send(seed, 1, `k${i}`, `value ${i}`, 1_700_000_000_000 + i)
  await send(
    packed,
    0,
    Buffer.from([0, 0, 0, 7]),
    Buffer.from([0xff, 0xff, 0xff, 0xfe]),
    1_700_000_000_000,
  )
  await producer.close()
  cluster.close()
}

function substitute(text: string, tool: string, index: number): string {
  return text
    .replaceAll('{b}', bootstrap)
    .replaceAll('{seed}', seed)
    .replaceAll('{packed}', packed)
    .replaceAll('{run}', run)
    .replaceAll('{dir}', directory)
    .replaceAll('{new}', `cmp-${tool}-${run}-${index}`)
    .replaceAll('{group}', `group-${tool}-${run}-${index}`)
}

function execute(
  tool: 'kcat' | 'ottla',
  args: string[],
  item: KcatCase,
  index: number,
): Promise<Result> {
  const [command, first] = tool === 'kcat' ? ['kcat', []] : [process.execPath, [bundle, 'kcat']]
  const environment = Object.entries(item.environment ?? {}).map(([key, value]) => [
    key,
    substitute(value, tool, index),
  ])
  const child = spawn(command, [...first, ...args], {
    env: { ...process.env, HOME: directory, ...Object.fromEntries(environment) },
    timeout: caseMs,
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk) => stdout.push(chunk))
  child.stderr.on('data', (chunk) => stderr.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(item.stdin ?? '')
  return new Promise((resolve) => {
    child.on('close', (exit) =>
      resolve({
        exit,
        stdout: Buffer.concat(stdout),
        stderr: normal(Buffer.concat(stderr).toString(), tool),
      }),
    )
  })
}

/** Without librdkafka's own log lines, names alike, and in any order: partitions end as they like. */
function normal(text: string, tool: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^%\d\|/.test(line))
    .map((line) =>
      line
        .replaceAll(`cmp-${tool}-`, 'cmp-')
        .replaceAll(`group-${tool}-`, 'group-')
        .replace(/: exiting$/, ''),
    )
    .sort()
}

async function compare(item: KcatCase, index: number): Promise<string[]> {
  const results = await Promise.all(
    (['kcat', 'ottla'] as const).map(async (tool) => {
      const args = item.args.split(' ').map((arg) => substitute(arg, tool, index))
      const result = await execute(tool, args, item, index)
      if (!item.readBack) return { result, back: '' }
      const topic = substitute('{new}', tool, index)
      const back = await execute(
        'kcat',
        ['-C', '-e', '-q', '-Z', '-b', bootstrap, '-t', topic, '-f', '%p %o %K %k %S %s %h\\n'],
        { args: '' },
        index,
      )
      return { result, back: back.stdout.toString('latin1') }
    }),
  )
  const [theirs, ours] = results as [(typeof results)[0], (typeof results)[0]]
  const problems: string[] = []
  const check = (what: 'stdout' | 'stderr' | 'exit', a: string, b: string) => {
    if (a === b) return
    const reason = item.differs?.[what]
    problems.push(
      reason === undefined
        ? `${what} differs\n      kcat:  ${JSON.stringify(a.slice(0, 600))}\n      ottla: ${JSON.stringify(b.slice(0, 600))}`
        : `(${what} is meant to differ: ${reason})`,
    )
  }
  check('exit', String(theirs.result.exit), String(ours.result.exit))
  const text = (bytes: Buffer, tool: string) => {
    const alike = bytes.toString('latin1').replaceAll(`cmp-${tool}-`, 'cmp-')
    return item.unordered ? alike.split('\n').sort().join('\n') : alike
  }
  check('stdout', text(theirs.result.stdout, 'kcat'), text(ours.result.stdout, 'ottla'))
  check('stderr', theirs.result.stderr.join('\n'), ours.result.stderr.join('\n'))
  if (theirs.back !== ours.back)
    problems.push(
      `read back differs\n      kcat:  ${JSON.stringify(theirs.back)}\n      ottla: ${JSON.stringify(ours.back)}`,
    )
  return problems
}

await prepare()
let same = 0
let meant = 0
let wrong = 0
for (const [index, item] of kcatCases.entries()) {
  if (filter.length > 0 && !filter.every((word) => item.args.includes(word))) continue
  const problems = await compare(item, index)
  const real = problems.filter((problem) => !problem.startsWith('('))
  if (real.length > 0) wrong++
  else if (problems.length > 0) meant++
  else same++
  if (problems.length > 0)
    console.log(
      `${real.length > 0 ? 'DIFFERS' : 'as meant'}  kcat ${item.args}${problems.map((problem) => `\n    ${problem}`).join('')}`,
    )
}
rmSync(directory, { recursive: true })
console.log(`${same} the same, ${meant} differ as meant, ${wrong} differ`)
process.exitCode = wrong > 0 ? 1 : 0
