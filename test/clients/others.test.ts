/** Clients that are asked less than those of the matrix: each makes a topic, writes, reads in a group, commits, deletes. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from './process.ts'
import { startTarget, type Target } from './target.ts'
import { otherGoClients, python } from './tools.ts'

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await target?.remove()
})

const inPython = [python, join(import.meta.dirname, 'others/clients.py')]
const inGo = [otherGoClients]

test.each([
  ['kafka-python', inPython],
  ['aiokafka', inPython],
  ['sarama', inGo],
  ['kafka-go', inGo],
])('%s', async (client, [command = '', ...args]) => {
  const all = [...args, client, target.bootstrap, `of-${client}`]
  const { stdout } = await run(command, all, { timeoutMs: 150_000 })
  expect(JSON.parse(stdout.toString())).toEqual({
    ...{ written: 300, read: 300, values: 100, committed: 300, gone: true },
  })
})
