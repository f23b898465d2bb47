/** `npm run bench:compare` as a user runs it, in its smallest size. Nothing is timed. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { javaTool } from '../../bench/java-clients.ts'
import { librdkafka } from '../../bench/librdkafka-clients.ts'
import { type Daemon, startDaemon } from '../../src/cli/bench/daemon.ts'
import { repository } from './tools.ts'

const program = join(repository, 'dist', 'ottla.js')
const dir = mkdtempSync(join(tmpdir(), 'ottla-compare-test-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** What is started lies in a directory of its own, so that what is left there is seen. */
const scratch = mkdtempSync(join(dir, 'scratch-'))
const withoutCaches = (name: string) => name.startsWith('ottla-bench-')
afterEach(() => expect(readdirSync(scratch).filter(withoutCaches)).toEqual([]))

function compare(args: readonly string[], env: Record<string, string> = {}) {
  const script = [join(repository, 'bench', 'compare.ts'), '--out', join(dir, 'out')]
  const child = spawn(process.execPath, ['--import', 'tsx', ...script, ...args], {
    ...{ cwd: repository, env: { ...process.env, TMPDIR: scratch, ...env } },
  })
  let said = ''
  const heard: (() => void)[] = []
  const hear = (chunk: Buffer) => {
    said += chunk
    for (const look of heard) look()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, said })),
  )
  const until = (words: string) =>
    new Promise<void>((resolve) => heard.push(() => said.includes(words) && resolve()))
  return { child, ended, until }
}

const small = ['--only', 'ottla', '--runs', '1', '--seconds', '0.2'] as const

test('a row is measured, and its results are written', async () => {
  const { code, said } = await compare([...small, '--rows', '^produce 16']).ended
  expect([code, said]).toEqual([0, expect.stringContaining('| produce 16 KiB batches |')])
  const { results } = JSON.parse(readFileSync(join(dir, 'out', 'compare.json'), 'utf8'))
  expect(results[0].runs.ottla[0].megabytesPerSecond).toBeGreaterThan(0)
})

test('rows for which there is no time are named, and make it fail', async () => {
  const { code, said } = await compare([...small, '--rows', '^produce 1', '--minutes', '0.01'])
    .ended
  expect([code, said]).toEqual([1, expect.stringMatching(/left out, .*: produce 16 KiB batches;/)])
})

test('nonsense is refused in one sentence before anything is measured', async () => {
  const refused = async (args: string[], env = {}) => (await compare(args, env).ended).said.trim()
  const noPython = { BENCH_PYTHON: join(dir, 'python') }
  expect(await refused(['--rows', 'no such row'])).toMatch(
    /^bench:compare: No row matches no such row; there are:\nproduce 1 KiB/,
  )
  expect(await refused([...small, '--rows', 'librdkafka'], noPython)).toBe(
    `bench:compare: ${noPython.BENCH_PYTHON} has no confluent_kafka: test/clients/install, or BENCH_PYTHON=…, or --rows without librdkafka`,
  )
  const noKafka = { REAL_KAFKA: join(dir, 'kafka') }
  expect(await refused(['--rows', '^produce'], noKafka)).toBe(
    `bench:compare: ${noKafka.REAL_KAFKA} is missing: set REAL_KAFKA`,
  )
})

test('one that is interrupted takes its broker with it', async () => {
  const { child, ended, until } = compare([...small.slice(0, 2), '--rows', '^produce 1'])
  await until('ottla    produce 1 KiB')
  child.kill('SIGTERM')
  expect((await ended).code).toBe(130)
})

test('a broker that ended meanwhile is told with its last words', async () => {
  const dying = `${process.execPath} -e 'console.log("I die"); process.exit(3)'`
  const { code, said } = await compare([
    ...small.slice(2),
    '--rows',
    '^produce 16',
    '--against',
    dying,
  ]).ended
  expect([code, said]).toEqual([
    1,
    expect.stringContaining('other: The command of --against ended'),
  ])
})

describe('tools that are real clients, on a broker of the compiled program', () => {
  let daemon: Daemon
  beforeAll(async () => {
    daemon = await startDaemon(program, join(dir))
  })
  afterAll(() => daemon?.stop())

  test.each(['produce', 'consume', 'latency'] as const)('librdkafka: %s', async (load) => {
    const figures = await librdkafka(daemon, load, 200, 100)
    expect(figures['recordsPerSecond'] ?? figures['p99Ms']).toBeGreaterThan(0)
  })

  test.each(['producer-perf', 'consumer-perf', 'e2e-latency'])('Java: %s', async (tool) => {
    const figures = await javaTool(daemon, tool, 200, 100)
    const count = figures['recordsPerSecond'] ?? figures['p99Ms']
    expect(count).toBeGreaterThanOrEqual(0)
  })

  test('a broker that was killed is told with how it ended', async () => {
    expect(daemon.fate?.()).toBeUndefined()
    process.kill(daemon.processId as number, 'SIGKILL')
    await expect(librdkafka(daemon, 'produce', 1, 100)).rejects.toThrow('CreateTopics to')
    await expect.poll(() => daemon.fate?.()).toMatch(/^the broker ended with SIGKILL/)
  })
})
