import { expect, test } from 'vitest'
import { measure, steps } from '../../bench/micro/codecs.ts'

test('the codec benchmark runs', () => {
  const results = measure(2, 1)
  expect(results.map(({ name }) => name)).toEqual(steps.map(({ name }) => name))
})
