/**
 * The same command lines through Debian's kcat and through `ottla`, against one broker: standard
 * output, exit code, the lines of standard error, and what was written, read back. What may differ
 * stands in kcat-cases.ts and kcat-differences.ts, line by line, each with its reason.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTopics } from '../../src/client/admin/topics.ts'
import { parseEndpoints } from '../../src/client/client-options.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { type KcatCase, kcatCases } from './kcat-cases.ts'
import type { LineDifference } from './kcat-differences.ts'
import { oddCases } from './kcat-odd-cases.ts'
import { ownWayCases } from './kcat-own-way-cases.ts'
import { startTarget, type Target } from './target.ts'
import { repository } from './tools.ts'

type Tool = 'kcat' | 'ottla'
const directory = mkdtempSync(join(tmpdir(), 'kcat-compare-'))
const bundle = join(repository, 'dist/ottla.js')
/** A command line that takes longer hangs. */
const caseMs = 60_000

interface Outcome {
  readonly stdout: string
  readonly stderr: readonly string[]
  readonly exit: number | null
  /** What a reader finds in the topic afterwards. */
  readonly written?: string
}

let target: Target
beforeAll(async () => {
  // The records of the seed are of 2023: by default they would be old enough to go.
  target = await startTarget({ 'log.retention.ms': '-1' })
  writeFileSync(join(directory, 'lines.txt'), 'one\ntwo\n\nthree')
  writeFileSync(join(directory, 'one.txt'), 'a whole\nfile\n')
  writeFileSync(join(directory, 'two.txt'), 'second')
  writeFileSync(join(directory, 'empty.txt'), '')
  writeFileSync(join(directory, 'broken.conf'), 'no equals sign\n')
  writeFileSync(join(directory, 'more.conf'), 'client.id=more\n')
  const backslash = `client.id=a\\\nbootstrap.servers=${target.bootstrap}\n`
  writeFileSync(join(directory, 'backslash.conf'), backslash)
  writeFileSync(join(directory, 'elsewhere.conf'), 'bootstrap.servers=127.0.0.1:1\n')
  writeFileSync(
    join(directory, 'kcat.conf'),
    `# a comment\n bootstrap.servers=${target.bootstrap} \n`,
  )
  await writeSeed()
})
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await target?.remove()
})

async function writeSeed(): Promise<void> {
  const cluster = new Cluster(nodeEnv(), { bootstrap: parseEndpoints(target.bootstrap) })
  await createTopics(cluster, [
    { name: 'seed', partitions: 2, replicationFactor: 1 },
    { name: 'packed', partitions: 1, replicationFactor: 1 },
  ])
  const producer = new Producer(cluster)
  let timestampMs = 1_700_000_000_000
  type Bytes = Buffer | string | null
  const send = (topic: string, partition: number, key: Bytes, value: Bytes, headers = {}) => {
    const entries = Object.entries<string | null>(headers)
    return producer.send({
      ...{ topic, partition, key, value, timestampMs: timestampMs++ },
      headers: entries.map(([key, text]) => ({
        key,
        value: text === null ? null : Buffer.from(text),
      })),
    })
  }
  await send('seed', 0, 'k1', 'v1', { h1: 'a', h2: null, h3: '' })
  await send('seed', 0, null, 'no key')
  await send('seed', 0, 'tombstone', null)
  await send('seed', 0, '', '')
  await send('seed', 0, 'control', 'tab\t quote" back\\ \u0001 \u001f é 😀 /')
  await send('seed', 0, 'binary', Buffer.from([0xff, 0xfe, 0x41]))
  timestampMs = 1_700_000_000_000
  for (let i = 0; i < 5; i++) await send('seed', 1, `k${i}`, `value ${i}`)
  const [seven, minusTwo] = [Buffer.from([0, 0, 0, 7]), Buffer.from([0xff, 0xff, 0xff, 0xfe])]
  await send('packed', 0, seven, minusTwo)
  await producer.close()
  cluster.close()
}

function execute(tool: Tool, item: KcatCase, fill: (text: string) => string): Promise<Outcome> {
  const [command, first] = tool === 'kcat' ? ['kcat', []] : [process.execPath, [bundle, 'kcat']]
  const environment = Object.entries(item.environment ?? {}).map(([key, value]) => [
    key,
    fill(value),
  ])
  const child = spawn(command, [...first, ...item.args.split(' ').map(fill)], {
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
    child.on('close', (exit) => {
      const lines = Buffer.concat(stdout).toString('latin1').split('\n')
      // Partitions come in any order.
      const ordered = item.unordered ? lines.sort() : lines
      const errors = Buffer.concat(stderr).toString()
      resolve({ exit, stdout: ordered.join('\n'), stderr: normal(errors) })
    })
  })
}

/** Without what is another one in each run: process ids, times, ids of members, threads. */
function normal(text: string): string[] {
  const lines = text
    .replaceAll('ottla kcat', 'kcat')
    .replaceAll(/^ottla \d+\.\d+\.\d+ /gm, 'ottla VERSION ')
    .replaceAll(/-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '-UUID')
    .replaceAll(/^%(\d)\|[\d.]+\|/gm, '%$1|TIME|')
    .replaceAll(/\(after \d+ms in state/g, '(after Nms in state')
    .replaceAll(/, \d+ identical error\(s\) suppressed\)/g, ')')
    .split('\n')
    .filter((line) => line !== '')
    // How often librdkafka's log says the same depends on the moment.
    .filter((line, i, all) => !/^%\d\|/.test(line) || all.indexOf(line) === i)
  return inOrderOfPartitions(lines)
}

/** Partitions end in any order; the last of them says that it was the last. */
function inOrderOfPartitions(lines: readonly string[]): string[] {
  const ends = lines.filter((line) => line.startsWith('% Reached '))
  const exiting = ends.findIndex((line) => line.endsWith(': exiting'))
  if (exiting >= 0 && exiting < ends.length - 1) return [...lines]
  const sorted = ends.map((line) => line.replace(/: exiting$/, '')).sort()
  if (exiting >= 0) sorted.push('(exiting)')
  const first = lines.findIndex((line) => line.startsWith('% Reached '))
  const others = lines.filter((line) => !line.startsWith('% Reached '))
  return [...others.slice(0, Math.max(0, first)), ...sorted, ...others.slice(Math.max(0, first))]
}

async function outcomeOf(tool: Tool, item: KcatCase, index: number): Promise<Outcome> {
  const topic = `${tool}-${index}`
  const fill = (text: string) =>
    text
      .replaceAll('{b}', target.bootstrap)
      .replaceAll('{dir}', directory)
      .replaceAll('{new}', topic)
  const outcome = await execute(tool, item, fill)
  const alike = (text: string) => text.replaceAll(topic, '{new}')
  const same = { ...outcome, stdout: alike(outcome.stdout), stderr: outcome.stderr.map(alike) }
  if (!item.readBack) return same
  const back = { args: '-C -e -q -Z -b {b} -t {new} -f %p_%o_%K_%k_%S_%s_%h\\n' }
  const written = await execute('kcat', back, fill)
  return { ...same, written: written.stdout }
}

/** What has to be the same. */
function withoutDifferences(tool: Tool, outcome: Outcome, { differs = {} }: KcatCase) {
  const { stderr, ...rest } = outcome
  const kept = Object.entries(rest).filter(([what]) => !(what in differs))
  const same = Object.fromEntries(kept)
  if (typeof differs.stderr === 'string') return same
  return { ...same, stderr: withoutLines(tool, stderr, differs.stderr) }
}

/** What is said to differ, and does not. */
function falseDifferences(ours: Outcome, theirs: Outcome, { differs = {} }: KcatCase): string[] {
  return Object.entries(differs)
    .filter(([, reason]) => typeof reason === 'string')
    .map(([what]) => what)
    .filter((what) => isDeepStrictEqual(ours[what as keyof Outcome], theirs[what as keyof Outcome]))
}

/** An excuse is for one line, which has to be there; one for what is said `sometimes` for any number. */
function withoutLines(
  tool: Tool,
  lines: readonly string[],
  excuses: readonly LineDifference[] = [],
): string[] {
  let left = [...lines]
  for (const { sometimes, [tool]: excused = [] } of excuses)
    for (const line of excused) {
      const at = left.indexOf(line)
      if (sometimes) left = left.filter((other) => other !== line)
      else if (at < 0) return [`This excuse has no line: ${line}`, ...left]
      else left.splice(at, 1)
    }
  return left
}

const attemptsMax = 3
const titleOf = ({ args, stdin }: KcatCase) =>
  stdin === undefined ? `kcat ${args}` : `kcat ${args} of ${JSON.stringify(stdin)}`

describe.concurrent('kcat and ottla do the same', () => {
  for (const [index, item] of [...kcatCases, ...oddCases, ...ownWayCases].entries())
    test(titleOf(item), async () => {
      const own = await outcomeOf('ottla', item, index)
      const ours = withoutDifferences('ottla', own, item)
      let theirs: object
      let unfounded: string[]
      let attempt = 0
      // What kcat says may depend on the moment. What we say is one of its answers.
      do {
        const outcome = await outcomeOf('kcat', item, index + 1000 * attempt)
        theirs = withoutDifferences('kcat', outcome, item)
        unfounded = falseDifferences(own, outcome, item)
      } while (!isDeepStrictEqual(ours, theirs) && ++attempt < attemptsMax)
      expect({ ...ours, unfounded }).toEqual({ ...theirs, unfounded: [] })
    })
})
