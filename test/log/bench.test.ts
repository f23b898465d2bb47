import { expect, test } from 'vitest'
import { rows } from '../../bench/log/run.ts'
import { smallSizes } from '../../bench/log/sizes.ts'

test('the benchmarks of the log run', async () => {
  const values = new Map<string, number>()
  for await (const { name, value } of rows(smallSizes)) values.set(name, value)
  expect(values.size).toBeGreaterThan(14)
  for (const value of values.values()) expect(Number.isFinite(value)).toBe(true)
})
