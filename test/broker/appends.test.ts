import { expect, test } from 'vitest'
import { Appends } from '../../src/broker/appends.ts'
import { nodeEnv } from '../../src/env/node.ts'

test('what is stored by one write has one time, and what comes behind it has its own', () => {
  let nowMs = 1000
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs }
  const appends = new Appends({ ...nodeEnv(), clock })
  expect(appends.wallMs()).toBe(1000)
  nowMs = 2000
  expect(appends.wallMs()).toBe(1000)
  appends.write()
  expect(appends.wallMs()).toBe(2000)
})
