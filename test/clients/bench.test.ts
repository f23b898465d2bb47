/** `ottla bench` as a user runs it: the compiled program, brokers of its own. Nothing is timed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const program = join(import.meta.dirname, '..', '..', 'dist', 'ottla.js')
const dir = mkdtempSync(join(tmpdir(), 'ottla-bench-test-'))
afterAll(() => rmSync(dir, { recursive: true }))

function bench(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'bench', ...args], {
    ...{ cwd: dir, encoding: 'utf8', timeout: 120_000 },
  })
  return { status, stdout, stderr }
}
const figuresOf = (stdout: string) => JSON.parse(stdout).figures

test('start-up and memory start brokers of their own', () => {
  const starts = bench('start-up', '--small', '--json')
  const memory = bench('memory', '--small', '--json')
  expect([starts.status, memory.status, starts.stderr, memory.stderr]).toEqual([0, 0, '', ''])
  expect(figuresOf(starts.stdout).firstAcknowledgementMs).toBeGreaterThan(0)
  expect(figuresOf(memory.stdout).residentMb).toBeGreaterThan(0)
})

test('a profile of a broker under load is written', () => {
  const args = ['produce', 'durationMs=300', 'warmUpMs=50', '-o', dir]
  const { status, stdout } = bench('profile', ...args)
  expect([status, stdout]).toEqual([0, expect.stringContaining(`the profile is in ${dir}`)])
  expect(readdirSync(dir).filter((name) => name.endsWith('.cpuprofile'))).toHaveLength(1)
})

test('nonsense is refused in one sentence, and nothing is left running', () => {
  const refusals = [
    bench('profile', 'speed'),
    bench('produce', 'window=0'),
    bench('produce', '-b', '127.0.0.1:1'),
    bench('produce', '-b', '127.0.0.1:port'),
  ]
  expect(refusals.map(({ status, stdout, stderr }) => [status, stdout, stderr])).toEqual([
    [1, '', expect.stringMatching(/^ottla bench: No workload speed; there are produce, .+\n$/)],
    [1, '', 'ottla bench: produce: window is a whole number from 1 to 10000, not 0\n'],
    [1, '', 'ottla bench: CreateTopics to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n'],
    [1, '', 'ottla bench: "127.0.0.1:port" is no address: the port is a number from 1 to 65535\n'],
  ])
})
