import { expect, test } from 'vitest'
import { planOf } from './plan.ts'
import { Simulation } from './simulation.ts'

test('brokers, a coordinator and clients run on virtual time, and all that was sent is there once', async () => {
  const outcomes = []
  for (let seed = 1; seed <= 6; seed++) outcomes.push(await new Simulation(planOf(seed)).run())
  expect(outcomes.map(({ failure }) => failure)).toEqual(outcomes.map(() => undefined))
  expect(Math.min(...outcomes.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(10)
}, 120_000)

test('one seed gives one run of a whole cluster', async () => {
  const [first, second] = [
    await new Simulation(planOf(3)).run(),
    await new Simulation(planOf(3)).run(),
  ]
  expect(first).toEqual(second)
}, 120_000)
