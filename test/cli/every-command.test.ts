/** What holds for every command of the tree: exit codes, and the keys of its JSON (every-command.ts). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { walk } from '../../src/cli/command-tree.ts'
import { wholeProgram } from '../../src/cli/tree.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Bundled, bundleCli } from './bundled.ts'
import { commandCases, elsewhere } from './every-command.ts'

// Each starts a process for each command, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 300_000 })

let cli: Bundled
let broker: TestNode
const directory = mkdtempSync(join(tmpdir(), 'ottla-commands-'))
beforeAll(async () => {
  ;[cli, broker] = await Promise.all([
    bundleCli(),
    startTestNode({ 'group.initial.rebalance.delay.ms': 0 }),
  ])
  const plan = { version: 1, partitions: [{ topic: 'data', partition: 0, replicas: [1] }] }
  writeFileSync(join(directory, 'plan.json'), JSON.stringify(plan))
  writeFileSync(join(directory, 'password'), 'secret')
})
afterAll(async () => {
  cli?.remove()
  rmSync(directory, { recursive: true })
  await broker?.stop()
})

const paths = [...walk(await wholeProgram())]
  .filter(({ path, command }) => path !== '' && command.commands.length === 0)
  .map(({ path }) => path)
const argumentsOf = (line: string) => line.replaceAll('{dir}', directory).split(' ')

/** The types in the place of the values; of arrays those of the first. */
function shapeOf(value: unknown): unknown {
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object') return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
}

/** A few at a time. */
async function all<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let i = 0; i < items.length; i += 4)
    results.push(...(await Promise.all(items.slice(i, i + 4).map(run))))
  return results
}

test('every command is tried here, or said to be tried elsewhere', () => {
  const left = paths.filter(
    (path) =>
      !commandCases.some(({ line }) => `${line} `.startsWith(`${path} `)) &&
      !Object.keys(elsewhere).some((parent) => `${path} `.startsWith(`${parent} `)),
  )
  expect(left).toEqual([])
})

test('what works ends with 0, and its JSON is one document (or one a line) with these keys', async () => {
  const found: unknown[] = []
  for (const { line, input = '' } of commandCases) {
    const args = [...argumentsOf(line), '-b', `127.0.0.1:${broker.port}`, '--format', 'json']
    const { exit, stdout, stderr } = await cli.run(args, { input })
    const [first, ...others] = stdout.trimEnd().split('\n')
    const documents = line.startsWith('consume') ? [] : others
    found.push({
      line,
      ...(exit !== 0 && { exit, stderr }),
      ...(first && { json: shapeOf(JSON.parse(first)) }),
      ...(documents.length > 0 && { documents }),
    })
  }
  expect(found).toEqual(commandCases.map(({ line, json }) => ({ line, ...(json ? { json } : {}) })))
})

test('what fails ends with 1, in one line', async () => {
  const asks = commandCases.filter(({ line }) => line !== 'connect-check')
  const outcomes = await all(asks, async ({ line, input = '' }) => {
    const { exit, stdout, stderr } = await cli.run(
      [...argumentsOf(line), '-b', '127.0.0.1:1', '--timeout', '1'],
      { input },
    )
    return [line, exit, stdout, stderr]
  })
  const said = 'ottla: Nothing listens at 127.0.0.1:1 (ECONNREFUSED)\n'
  expect(outcomes).toEqual(asks.map(({ line }) => [line, 1, '', said]))
})

test('a wrong command line ends with 2, for every command', async () => {
  const outcomes = await all(paths, async (path) => {
    const { exit, stdout, stderr } = await cli.run([...path.split(' '), '--no-such-option'])
    return [path, exit, stdout, /^error: (unknown|required) option/.test(stderr)]
  })
  expect(outcomes).toEqual(paths.map((path) => [path, 2, '', true]))
})
