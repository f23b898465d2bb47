/** What `--help` shows works: each example is run by a shell, on a broker that has what they speak of. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { helpAfter, walk } from '../../src/cli/command-tree.ts'
import { wholeProgram } from '../../src/cli/tree.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Bundled, bundleCli } from './bundled.ts'
import { notRun } from './help-examples.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

const directory = mkdtempSync(join(tmpdir(), 'ottla-examples-'))
const home = join(directory, 'home')
let cli: Bundled
let broker: TestNode

const examples = [...walk(await wholeProgram())].flatMap(({ command }) =>
  [...helpAfter(command).matchAll(/^ {2}(.*\bottla [^#\n]*)/gm)].map(
    ([, line = '']) => line.split(/ {2,}/)[0]!.trim(), // Behind two blanks stands what it does.
  ),
)
const isNotRun = (line: string) =>
  Object.keys(notRun).some((start) => `${line} `.includes(`ottla ${start}`))
const tried = [...new Set(examples)].filter((line) => !isNotRun(line))
/** Until they are stopped. */
const endless = (line: string) => /ottla consume/.test(line) && !/--exit|--until/.test(line)
const asks = (line: string) => /seek|delete /.test(line) && !/--yes|--dry-run/.test(line)

function file(name: string, text: string, mode = 0o600): void {
  writeFileSync(join(directory, name), text)
  chmodSync(join(directory, name), mode)
}

beforeAll(async () => {
  ;[cli, broker] = await Promise.all([
    bundleCli(),
    startTestNode({
      'log.dirs': join(directory, 'ottla-data'),
      'group.initial.rebalance.delay.ms': 0,
    }),
  ])
  for (const path of ['bin', 'home/.config/ottla', 'home/.config/fish/completions'])
    mkdirSync(join(directory, path), { recursive: true })
  file('bin/ottla', `#!/bin/sh\nexec '${process.execPath}' '${cli.program}' "$@"\n`, 0o700)
  file('bin/pass', '#!/bin/sh\necho secret\n', 0o700)
  file('bin/jq', '#!/bin/sh\nexec cat\n', 0o700)
  const plan = { version: 1, partitions: [{ topic: 'orders', partition: 0, replicas: [1] }] }
  file('plan.json', JSON.stringify(plan))
  for (const [name, text] of [
    ['secret.txt', 'secret\n'],
    ['users.txt', 'ann:1\nbob:2\n'],
    ['a.pdf', 'a file'],
    ['client.properties', 'bootstrap.servers=localhost:9092\n'],
  ] as const)
    file(name, text)
  symlinkSync('ottla-data', join(directory, 'data'))
})
afterAll(async () => {
  cli?.remove()
  await broker?.stop()
  rmSync(directory, { recursive: true, force: true })
})

let isGone = true
/** What the examples speak of is there, whatever the one before did; what this one makes is not. */
async function prepare(line: string): Promise<void> {
  const at = `bootstrap.servers=127.0.0.1:${broker.port}\n`
  const profiles = ['local', 'production'].filter((name) => !line.includes(`create ${name}`))
  file('home/.config/ottla/ottla.conf', profiles.map((name) => `[${name}]\n${at}`).join('\n'))
  if (isGone) {
    await shell('ottla topics create orders --partitions 6 --if-not-exists')
    await shell('ottla topics create a invoices --if-not-exists')
    await shell('seq 1000 | ottla produce orders -q --partition 0; seq 3 | ottla produce a -q')
    await shell('ottla consume orders --from-beginning --group billing --exit')
  }
  isGone = /delete|trim|unset/.test(line)
  if (line.includes('users delete'))
    await shell('ottla users set-scram alice --mechanism SCRAM-SHA-256 --password x --yes')
  const [, made] = /topics create (\S+)/.exec(line) ?? []
  if (made !== undefined) await shell(`ottla topics delete ${made} --yes`)
}

interface Outcome {
  readonly exit: number | null
  readonly err: string
}

function shell(line: string, onOutput?: (child: ChildProcess) => void): Promise<Outcome> {
  const child = spawn('bash', ['-c', line], {
    cwd: directory,
    env: {
      ...process.env,
      HOME: home,
      PATH: `${join(directory, 'bin')}:${process.env['PATH']}`,
      OTTLA_BOOTSTRAP_SERVERS: `127.0.0.1:${broker.port}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stdout.on('data', () => onOutput?.(child))
  child.stderr.on('data', (text) => {
    err += text
  })
  return new Promise((resolve) => child.on('close', (exit) => resolve({ exit, err })))
}

/** Ctrl-C as soon as it prints something; records come meanwhile. */
async function stopped(line: string): Promise<Outcome> {
  let seen = false
  const reader = shell(`exec ${line}`, (child) => {
    if (!seen) child.kill('SIGINT')
    seen = true
  })
  while (!seen) await shell('echo more | ottla produce orders -q')
  return reader
}

test('what is not run is said with a reason, and there', () => {
  const unknown = Object.keys(notRun).filter(
    (start) => !examples.some((line) => line.includes(`ottla ${start}`)),
  )
  expect(unknown).toEqual([])
})

test('every other example works as it stands', async () => {
  const outcomes: unknown[] = []
  for (const line of tried) {
    await prepare(line)
    const { exit, err } = await (endless(line) ? stopped(line) : shell(line))
    outcomes.push([line, exit, exit === 0 ? '' : err])
  }
  const asked = expect.stringContaining('add --yes')
  expect(outcomes).toEqual(tried.map((line) => [line, ...(asks(line) ? [2, asked] : [0, ''])]))
})
