import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from './process.ts'
import { stage } from './stage.ts'
import { startTarget, type Target } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await target?.remove()
})

test('what the broker advertises is what the tests of this folder take for done', async () => {
  const { stderr } = await run('kcat', ['-L', '-b', target.bootstrap, '-d', 'feature'])
  const advertised = [...stderr.matchAll(/ApiKey (\w+) \((\d+)\)/g)].map(([, , key]) => Number(key))
  expect(advertised).toContain(3)
  const has = (key: number) => advertised.includes(key)
  expect({ groups: has(11), consumerGroups: has(68) }).toEqual(stage)
})
