/** What destroys does nothing unasked, nothing with --dry-run, and all with --yes; a terminal's answer: test/clients/terminal.test.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { walk } from '../../src/cli/command-tree.ts'
import { wholeProgram } from '../../src/cli/tree.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Bundled, bundleCli } from './bundled.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let cli: Bundled
let broker: TestNode
const home = mkdtempSync(join(tmpdir(), 'ottla-destructive-'))
const ottla = (line: string, input = '') =>
  cli.run([...line.split(' '), '-b', `127.0.0.1:${broker.port}`], { input, env: { HOME: home } })

beforeAll(async () => {
  ;[cli, broker] = await Promise.all([
    bundleCli(),
    startTestNode({ 'group.initial.rebalance.delay.ms': 0 }),
  ])
  writeFileSync(join(home, 'password'), 'secret')
  mkdirSync(join(home, '.config/ottla'), { recursive: true })
  writeFileSync(join(home, '.config/ottla/ottla.conf'), '[local]\nacks=1\n')
  for (const line of [
    'topics create data --config retention.ms=5000000 --config flush.messages=9',
    'quotas set --user somebody producer_byte_rate=1000',
    'produce data -q',
    'consume data --from-beginning --group readers --exit',
    `users set-scram somebody --password-file ${join(home, 'password')}`,
  ])
    expect([line, (await ottla(line, 'a\nb\nc\n')).exit]).toEqual([line, 0])
})
afterAll(async () => {
  cli?.remove()
  rmSync(home, { recursive: true })
  await broker?.stop()
})

/** In this order: what it is, what it says that it would do, and the command that shows what there is. */
const destructive: readonly (readonly [line: string, said: string, look: string])[] = [
  [
    'groups seek readers --to start',
    'set 1 offsets of group readers',
    'groups describe readers --format json',
  ],
  [
    'groups delete-offsets readers data',
    'delete the offset of data-0 in group readers',
    'groups describe readers --format json',
  ],
  ['groups delete readers', 'delete group readers and its offsets', 'groups list'],
  [
    'configs unset data retention.ms',
    'set retention.ms of topic data back to its default',
    'configs describe data',
  ],
  [
    'topics alter data --delete flush.messages',
    'set flush.messages of topic data back to its default',
    'configs describe data',
  ],
  ['topics trim data --offset 2', 'delete 2 records before offset 2 of data-0', 'offsets data'],
  ['topics delete data', 'delete topic data with 1 partitions', 'topics list'],
  [
    'quotas set --user somebody --delete producer_byte_rate',
    'remove producer_byte_rate of user somebody',
    'quotas describe',
  ],
  [
    `users set-scram somebody --iterations 5000 --password-file ${join(home, 'password')}`,
    'replace the SCRAM-SHA-512 password of user somebody',
    'users list',
  ],
  [
    'users delete-scram somebody',
    'delete the SCRAM-SHA-512 password of user somebody',
    'users list',
  ],
  [
    'profile create local acks=all',
    `replace profile local in ${join(home, '.config/ottla/ottla.conf')}`,
    'profile show local',
  ],
  [
    'profile delete local',
    `delete profile local from ${join(home, '.config/ottla/ottla.conf')}`,
    'profile list',
  ],
]
/** They want several brokers, or directories: test/cluster/commands.test.ts, rebuild.test.ts. */
const elsewhere = [
  'cluster elect-leaders',
  'cluster reassign execute',
  'cluster reassign cancel',
  'cluster drain',
  'cluster rebuild',
]

test('every command that asks is tried here, or in test/cluster', async () => {
  const asks = [...walk(await wholeProgram())]
    .filter(({ command }) => command.options.some(({ long }) => long === '--yes'))
    .map(({ path }) => path)
  const here = destructive.map(([line]) => line.split(' ').slice(0, 2).join(' '))
  expect(asks.sort()).toEqual([...here, ...elsewhere].sort())
})

for (const [line, said, look] of destructive)
  test(`${line} does nothing unasked, nothing in a dry run, and all with --yes`, async () => {
    const shown = async () => (await ottla(look)).stdout
    const before = await shown()
    const unasked = await ottla(line)
    const afterUnasked = await shown()
    const dry = await ottla(`${line} --dry-run`)
    const both = await ottla(`${line} --dry-run --yes`)
    const afterDry = await shown()
    const done = await ottla(`${line} --yes`)
    expect([unasked.exit, dry.exit, both.exit, done.exit]).toEqual([2, 0, 0, 0])
    const firstLine = (text: string) => text.split('\n')[0]
    expect([unasked.stderr, firstLine(dry.stderr), firstLine(both.stderr)]).toEqual([
      `Will ${said}\nottla: Nothing was done: add --yes to do it without a question\n`,
      `Would ${said}`,
      `Would ${said}`,
    ])
    expect([afterUnasked, afterDry]).toEqual([before, before])
    expect(await shown()).not.toBe(before)
  })

test('what was not there is written without a question', async () => {
  const lines = [
    `users set-scram nobody --password-file ${join(home, 'password')}`,
    'quotas set --user nobody producer_byte_rate=1',
    'profile create another acks=all',
  ]
  for (const line of lines) expect([line, (await ottla(line)).exit]).toEqual([line, 0])
})
