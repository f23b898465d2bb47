import { expect, test } from 'vitest'
import { RateWindow } from '../../../src/core/replication/rate-window.ts'

test('a rate is over the window, and what is older does not count', () => {
  const window = new RateWindow(11, 1)
  const rates = [window.bytesPerSecond(0)]
  window.record(5000, 0)
  window.record(5000, 1500)
  rates.push(window.bytesPerSecond(1500), window.bytesPerSecond(10_500))
  rates.push(window.bytesPerSecond(12_000), window.bytesPerSecond(20_000))
  expect(rates).toEqual([0, 1000, 10_000 / 10.5, 5000 / 10.5, 0])
  expect([window.exceeds(0, 20_000), new RateWindow(11, 1).exceeds(0, 0)]).toEqual([false, false])
})
