/** What `ottla` does on a terminal and nowhere else: progress, colours, questions. Needs script(1), which has one. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { EmbeddedCluster } from '../cluster/embedded-cluster.ts'
import { startTarget, type Target } from './target.ts'
import { repository } from './tools.ts'

const directory = mkdtempSync(join(tmpdir(), 'ottla-terminal-'))
const lines = join(directory, 'lines')
let target: Target
beforeAll(async () => {
  target = await startTarget()
  writeFileSync(lines, Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join(''))
})
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await target?.remove()
})

interface Shown {
  readonly exit: number | null
  readonly text: string
}

/** All that the terminal shows; `answer` is typed when something is asked. */
function onTerminal(
  args: string,
  { answer = '', env = {}, bootstrap = target.bootstrap } = {},
): Promise<Shown> {
  const program = `${process.execPath} ${join(repository, 'dist/ottla.js')}`
  const command = `${program} -b ${bootstrap} ${args}`
  const { NO_COLOR: _, ...inherited } = process.env
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...inherited, TERM: 'xterm', ...env },
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
    if (/\[y\/N\] /.test(text) && answer !== '') {
      child.stdin.write(`${answer}\n`)
      answer = ''
    }
  })
  return new Promise((resolve) => child.on('close', (exit) => resolve({ exit, text })))
}

const bold = '\x1b[1m'

test('producing from a file shows how far it is, unless quiet', async () => {
  const progress = /\d+ % {2}[\d,]+ records {2}[\d,]+ records\/s/
  // Slowly: shorter work than a fifth of a second shows nothing.
  const shown = await onTerminal(`produce many ${lines} --rate 200000`)
  const redirected = await onTerminal(`produce many --rate 200000 < ${lines}`)
  const quiet = await onTerminal(`produce many ${lines} -q`)
  expect([shown.exit, redirected.exit, quiet]).toEqual([0, 0, { exit: 0, text: '' }])
  expect(shown.text).toMatch(progress)
  expect(redirected.text).toMatch(progress)
})

test('verifying a log, a benchmark and a reassignment show how far they are', async () => {
  const cluster = await EmbeddedCluster.start(2, { 'min.insync.replicas': 1 })
  onTestFinished(() => cluster.stop())
  await cluster.createTopic('moved', [[1]])
  const plan = { version: 1, partitions: [{ topic: 'moved', partition: 0, replicas: [2] }] }
  writeFileSync(join(directory, 'plan.json'), JSON.stringify(plan))
  const bootstrapOf = (line: string) => (line.startsWith('bench') ? target : cluster).bootstrap
  await onTerminal(`produce moved -q < ${lines}`, { bootstrap: cluster.bootstrap })
  const log = `${cluster.broker(1).broker!.logs.get('moved', 0)!.disk.path}/moved-0`
  const works = [
    [`log verify ${log}`, /\d+ % {2}\d+\/\d+ bytes/],
    ['bench produce warmUpMs=500 durationMs=1500', /produce \S+ \d\/2 s/],
    [`cluster reassign execute ${join(directory, 'plan.json')} --yes`, /\d+\/1/],
  ] as const
  for (const [line, progress] of works) {
    const bootstrap = bootstrapOf(line)
    const told = join(directory, 'told')
    const shown = await onTerminal(line, { bootstrap })
    const { exit, text } = await onTerminal(`${line} 2> ${told}`, { bootstrap })
    expect([line, shown.exit, exit, exit === 0 ? '' : text + readFileSync(told, 'utf8')]).toEqual([
      line,
      0,
      0,
      '',
    ])
    expect(shown.text).toMatch(progress)
    expect(readFileSync(told, 'utf8')).not.toMatch(progress)
  }
})

test('tables have colours, unless NO_COLOR, a dumb terminal or --color say no', async () => {
  const texts = await Promise.all([
    onTerminal('topics list'),
    onTerminal('topics list', { env: { NO_COLOR: '1' } }),
    onTerminal('topics list', { env: { TERM: 'dumb' } }),
    onTerminal('topics list --color never'),
    onTerminal('topics list | cat'),
    onTerminal('topics list --color always | cat'),
  ])
  const coloured = texts.map(({ text }) => text.includes(bold))
  expect(coloured).toEqual([true, false, false, false, false, true])
})

test('what destroys asks, and takes no for an answer', async () => {
  await onTerminal('topics create doomed')
  const no = await onTerminal('topics delete doomed', { answer: 'n' })
  const still = await onTerminal('topics describe doomed')
  const yes = await onTerminal('topics delete doomed', { answer: 'y' })
  const gone = await onTerminal('topics describe doomed')
  expect(no.text).toContain('Will delete topic doomed with 1 partitions')
  expect([no.exit, still.exit, yes.exit, gone.exit]).toEqual([0, 0, 0, 1])
})
