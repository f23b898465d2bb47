/** Work in the background: how much of the time it takes, and when. */
import { expect, test } from 'vitest'
import type { Env } from '../../src/env/env.ts'
import { defaultCleanerOptions } from '../../src/log/cleaner.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { Pace } from '../../src/log/pace.ts'
import { append } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { settled, simulatedEnv } from './simulated-env.ts'

const sliceMs = 2
const limits = {
  ...defaultCleanerOptions,
  sliceMs,
  bytesPerSecondMax: 1_000_000,
  bytesPerSecondBesideOthersMax: 100_000,
}

/** Works slice after slice, 400 bytes in each, and returns how long it paused in all. */
async function work(slices: number, askEveryMs: number): Promise<number> {
  const env = simulatedEnv(new LossyDisk())
  let asked = 0
  const pace = new Pace(env, limits, () => asked)
  let pausedMs = 0
  let askedMs = 0
  const ask = () => {
    if (env.clock.monotonicMs() - askedMs < askEveryMs) return
    askedMs = env.clock.monotonicMs()
    asked++
  }
  for (let i = 0; i < slices; i++) {
    await env.pass(sliceMs)
    pace.spent(400)
    expect(pace.isDue).toBe(true)
    ask()
    let isOver = false
    const resting = pace.rest().then(() => {
      isOver = true
    })
    await settled()
    while (!isOver) {
      await env.pass(1)
      pausedMs++
      ask()
    }
    await resting
  }
  return pausedMs
}

test('beside others it goes at the lower rate', async () => {
  const perSliceMs = 400 / 100 - sliceMs
  const pausedMs = await work(100, 1)
  expect(pausedMs).toBeGreaterThan(95 * perSliceMs)
  expect(pausedMs).toBeLessThanOrEqual(100 * perSliceMs)
})

test('alone it goes as fast as it may, and for one who asks seldom it gives way for a moment', async () => {
  expect(await work(100, Infinity)).toBe(0)
  const seldom = await work(100, 100)
  expect(seldom).toBeGreaterThan(0)
  expect(seldom).toBeLessThan(100)
})

test('who was held up does not catch up in a burst', async () => {
  const env = simulatedEnv(new LossyDisk())
  const pace = new Pace(env, limits)
  await env.pass(1000)
  const resting = pace.rest()
  await settled()
  await resting
  // Ten milliseconds of a thousand bytes each, and not a thousand.
  pace.spent(11_000)
  expect(pace.isDue).toBe(true)
})

/** How long the cleaner paused in all, where every look at the clock takes a fifth of a millisecond. */
async function compactBeside(use: (log: Log) => void): Promise<number> {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  let nowMs = 0
  let pausedMs = 0
  let isCompacting = false
  const passing: Env = {
    ...env,
    clock: { ...env.clock, monotonicMs: () => (nowMs += 0.2) },
    timers: {
      soon: (run) =>
        env.timers.soon(() => {
          if (isCompacting) use(manager.get('t', 0)!)
          run()
        }),
      after(delayMs, run) {
        // Old segments go later than any pause.
        if (!isCompacting || delayMs > 1000) return env.timers.after(delayMs, run)
        pausedMs += delayMs
        nowMs += delayMs
        env.timers.soon(run)
        return { cancel() {} }
      },
    },
  }
  const manager = await LogManager.open(passing, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    // The log is small.
    cleaner: { ...defaultCleanerOptions, bytesPerSecondBesideOthersMax: 10_000 },
    configOf: (topic) => ({
      ...defaultLogConfig,
      messageTimestampAfterMaxMs: Infinity,
      cleanupPolicy: { delete: false, compact: topic === 'dirty' },
    }),
  })
  const dirty = manager.create('dirty', 0, 'A'.repeat(22))
  append(manager.create('t', 0, 'B'.repeat(22)), 'first')
  // New logs are synced, with pauses in between.
  await settled()
  await env.pass(50)
  for (let i = 0; i < 200; i++) append(dirty, `a=${i}`)
  dirty.roll()
  dirty.highWatermark = dirty.logEndOffset
  isCompacting = true
  await manager.cleaner.runOnce()
  isCompacting = false
  expect(manager.cleaner.totals.compactions).toBe(1)
  await manager.close()
  return pausedMs
}

test('the cleaner gives way to who reads or writes any log of the broker', async () => {
  expect(await compactBeside(() => {})).toBe(0)
  expect(await compactBeside((log) => append(log, 'x'))).toBeGreaterThan(20)
  expect(await compactBeside((log) => log.read(0, 100))).toBeGreaterThan(20)
})
